/**
 * Smallest cut of a network between a source and a sink (Dinic 1970): vertices are numbered from
 * 0, edges have a capacity, `free` ones none.
 */
export class MinCut {
  readonly #head: Int32Array;
  readonly #next: number[] = [];
  readonly #to: number[] = [];
  readonly #capacity: number[] = [];
  readonly #level: Int32Array;
  readonly #at: Int32Array;

  constructor(vertices: number) {
    this.#head = new Int32Array(vertices).fill(-1);
    this.#level = new Int32Array(vertices);
    this.#at = new Int32Array(vertices);
  }

  edge(from: number, to: number, capacity: number): void {
    for (const [a, b, room] of [
      [from, to, capacity],
      [to, from, 0],
    ]) {
      this.#next.push(this.#head[a]);
      this.#head[a] = this.#to.length;
      this.#to.push(b);
      this.#capacity.push(room);
    }
  }

  /** The capacity of the smallest cut, and which vertices are on the source's side of it. */
  cut(source: number, sink: number): { readonly capacity: number; readonly isSource: Uint8Array } {
    let capacity = 0;
    while (this.#layer(source, sink)) {
      this.#at.set(this.#head);
      for (let flow = this.#push(source, sink); flow > 0; flow = this.#push(source, sink))
        capacity += flow;
    }
    return { capacity, isSource: Uint8Array.from(this.#level, (level) => (level >= 0 ? 1 : 0)) };
  }

  /** Distances from the source along edges with room; true where the sink is within reach. */
  #layer(source: number, sink: number): boolean {
    this.#level.fill(-1);
    this.#level[source] = 0;
    const queue = [source];
    for (const from of queue)
      for (let edge = this.#head[from]; edge !== -1; edge = this.#next[edge])
        if (this.#capacity[edge] > 0 && this.#level[this.#to[edge]] < 0) {
          this.#level[this.#to[edge]] = this.#level[from] + 1;
          queue.push(this.#to[edge]);
        }
    return this.#level[sink] >= 0;
  }

  /** Sends flow along one shortest path; 0 where there is none left. */
  #push(source: number, sink: number): number {
    const path: number[] = [];
    let from = source;
    while (from !== sink) {
      const edge = this.#at[from];
      if (edge === -1) {
        // a dead end: back up, and never come here again
        if (path.length === 0) return 0;
        const back = path.pop() as number;
        from = this.#to[back ^ 1];
        this.#at[from] = this.#next[this.#at[from]];
      } else if (
        this.#capacity[edge] > 0 &&
        this.#level[this.#to[edge]] === this.#level[from] + 1
      ) {
        path.push(edge);
        from = this.#to[edge];
      } else this.#at[from] = this.#next[edge];
    }
    const flow = path.reduce((least, edge) => Math.min(least, this.#capacity[edge]), Infinity);
    for (const edge of path) {
      this.#capacity[edge] -= flow;
      this.#capacity[edge ^ 1] += flow;
    }
    return flow;
  }
}
