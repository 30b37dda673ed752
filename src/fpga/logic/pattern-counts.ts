/**
 * How often each two-term pattern occurs: an open-addressed table from (first term, second term,
 * shift of the second against the first, same or opposite sign) to an index with a count.
 */
export class PatternCounts {
  size = 0;
  first = new Int32Array(1024);
  second = new Int32Array(1024);
  /** 2 · (shift + 32) + (1 where the signs differ) */
  relation = new Int32Array(1024);
  count = new Int32Array(1024);
  #slots = new Int32Array(4096).fill(-1);

  /** The index of a pattern, made with count 0 where it is new. */
  indexOf(first: number, second: number, relation: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(first, second, relation) & mask;
    for (;;) {
      const index = this.#slots[slot];
      if (index === -1) break;
      if (
        this.first[index] === first &&
        this.second[index] === second &&
        this.relation[index] === relation
      )
        return index;
      slot = (slot + 1) & mask;
    }
    const index = this.size++;
    this.#slots[slot] = index;
    if (index === this.first.length) this.#grow();
    this.first[index] = first;
    this.second[index] = second;
    this.relation[index] = relation;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return index;
  }

  #grow(): void {
    const longer = (old: Int32Array) => {
      const array = new Int32Array(old.length * 2);
      array.set(old);
      return array;
    };
    this.first = longer(this.first);
    this.second = longer(this.second);
    this.relation = longer(this.relation);
    this.count = longer(this.count);
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 4).fill(-1);
    const mask = this.#slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = hash(this.first[index], this.second[index], this.relation[index]) & mask;
      while (this.#slots[slot] !== -1) slot = (slot + 1) & mask;
      this.#slots[slot] = index;
    }
  }
}

function hash(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
