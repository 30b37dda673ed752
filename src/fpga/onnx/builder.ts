import type { FixedFormat } from "../format.ts";
import type { FloatActivation, FloatReduce } from "../network.ts";
import { type DraftNode, free, type Prescribed } from "./draft.ts";
import {
  combine,
  foldColumns,
  isLargerMerged,
  isZero,
  oneOrAll,
  reduceConstants,
  same,
} from "./forms.ts";
import { activation as scalarActivation, modulo as scalarModulo } from "./functions.ts";
import { addLanes, atomLane, constantLane, isAtom, isConstantLane, type Lane } from "./lanes.ts";
import { uniqueNames } from "./names.ts";

type Unnamed<T> = T extends unknown ? Omit<T, "output"> : never;

/**
 * Collects the nodes of a network. Lanes go in, lanes come out; sums stay forms (see Lane) until a
 * function, a product or an output needs their numbers.
 */
export class NetworkBuilder {
  readonly nodes: DraftNode[] = [];
  private readonly vectors = new Map<string, { readonly first: number; readonly width: number }>();
  private readonly home: string[] = []; // vector of each atom
  private readonly picks = new Map<string, string>();
  private readonly name = uniqueNames();

  /** A new vector of lanes under a name no other has. */
  vector(base: string, width: number): { name: string; lanes: Lane[] } {
    const name = this.name(base);
    const first = this.home.length;
    this.vectors.set(name, { first, width });
    for (let i = 0; i < width; i++) this.home.push(name);
    return { name, lanes: Array.from({ length: width }, (_, i) => atomLane(first + i, base)) };
  }

  /** Lanes of a vector. */
  readonly widthOf = (vector: string): number => this.vectors.get(vector)!.width;

  /** Writes a node and gives its lanes. */
  private write(node: Unnamed<DraftNode>, width: number, base = node.layer): Lane[] {
    const { name, lanes } = this.vector(base, width);
    this.nodes.push({ ...node, output: name } as DraftNode);
    return lanes.map((lane) => ({ ...lane, layer: node.layer }));
  }

  private laneIn(atom: number): number {
    return atom - this.vectors.get(this.home[atom])!.first;
  }

  /** Atoms of lanes, in order; forms become nodes. */
  private atomsOf(lanes: readonly Lane[]): number[] {
    this.make(lanes);
    return lanes.map((lane) => lane.made!);
  }

  /** The vector with just these lanes in this order. */
  vectorOf(lanes: readonly Lane[]): string {
    return this.gathered(this.atomsOf(lanes), lanes[0]?.layer ?? "empty");
  }

  private gathered(atoms: readonly number[], layer: string): string {
    const vector = this.home[atoms[0]];
    const { first, width } = this.vectors.get(vector)!;
    if (width === atoms.length && atoms.every((a, i) => a === first + i)) return vector;
    const key = atoms.join();
    const known = this.picks.get(key);
    if (known) return known;
    const inputs = [...new Set(atoms.map((a) => this.home[a]))];
    const lanes = atoms.map((a) => [inputs.indexOf(this.home[a]), this.laneIn(a)] as const);
    const node = { op: "pick" as const, inputs, lanes, layer };
    const [{ made }] = this.write(node, atoms.length, `${layer}_in`);
    const name = this.home[made!];
    this.picks.set(key, name);
    return name;
  }

  /**
   * A vector that holds these atoms, and where: the vector they come from where they are all of it
   * in any order, so that functions of single numbers need no reordering.
   */
  private native(atoms: readonly number[], layer: string): { vector: string; places: number[] } {
    const vector = this.home[atoms[0]];
    const { first, width } = this.vectors.get(vector)!;
    const isWhole =
      width === atoms.length &&
      new Set(atoms).size === width &&
      atoms.every((a) => this.home[a] === vector);
    if (isWhole) return { vector, places: atoms.map((a) => a - first) };
    return { vector: this.gathered(atoms, layer), places: atoms.map((_, i) => i) };
  }

  /** Writes nodes for lanes that are only forms. */
  private make(lanes: readonly Lane[]): void {
    for (const lane of lanes) if (isAtom(lane)) lane.made = lane.atoms[0];
    const waiting = [...new Set(lanes.filter((lane) => lane.made === null))];
    const constants = waiting.filter(isConstantLane);
    if (constants.length > 0) {
      const values = Float64Array.from(constants, (lane) => lane.offset);
      this.settle(
        constants,
        this.write({ op: "constant", values, layer: constants[0].layer }, values.length),
      );
    }
    const single = waiting.filter((lane) => lane.atoms.length === 1);
    const isOneEach = new Set(single.map((lane) => lane.atoms[0])).size === single.length;
    if (single.length > 0 && isOneEach) this.makeDiagonal(single);
    const sums = waiting.filter((lane) => lane.atoms.length > (isOneEach ? 1 : 0));
    if (sums.length > 0) this.makeSums(sums);
  }

  /** Lanes become the results; where that saves terms also for later sums. */
  private settle(lanes: readonly Lane[], results: readonly Lane[]): void {
    lanes.forEach((lane, i) => {
      lane.made = results[i].made;
      if (lane.atoms.length < 2) return;
      lane.atoms = results[i].atoms;
      lane.coefs = results[i].coefs;
      lane.offset = 0;
    });
  }

  private makeDiagonal(lanes: readonly Lane[]): void {
    const [{ layer }] = lanes;
    const { vector: input, places } = this.native(
      lanes.map((lane) => lane.atoms[0]),
      layer,
    );
    const scale = new Float64Array(lanes.length);
    const offset = new Float64Array(lanes.length);
    lanes.forEach((lane, i) => {
      scale[places[i]] = lane.coefs[0];
      offset[places[i]] = lane.offset;
    });
    const results = this.write(
      { op: "diagonal", input, scale, offset, offsetFormats: null, layer },
      lanes.length,
    );
    this.settle(
      lanes,
      places.map((place) => results[place]),
    );
  }

  /** x + offset with prescribed formats of the offsets. */
  shift(
    lanes: readonly Lane[],
    offsets: ArrayLike<number>,
    formats: readonly FixedFormat[],
    layer: string,
  ): Lane[] {
    const { vector: input, places } = this.native(this.atomsOf(lanes), layer);
    const offset = new Float64Array(lanes.length);
    const placed = formats.slice();
    places.forEach((place, i) => {
      offset[place] = offsets[i];
      placed[place] = formats[i];
    });
    const scale = new Float64Array(lanes.length).fill(1);
    const offsetFormats = oneOrAll(placed);
    const results = this.write(
      { op: "diagonal", input, scale, offset, offsetFormats, layer },
      lanes.length,
    );
    return places.map((place) => results[place]);
  }

  /** Writes sums of several atoms as nodes, for lanes that are used more than once. */
  settleSums(lanes: readonly Lane[]): void {
    const sums = lanes.filter((lane) => lane.atoms.length > 1);
    if (sums.length > 0) this.make(sums);
  }

  private makeSums(lanes: readonly Lane[]): void {
    const [model] = lanes;
    const isPair = (lane: Lane) =>
      lane.atoms.length === 2 && lane.offset === 0 && lane.coefs.some((c) => c === 1);
    const alike = lanes.every(
      (lane) => lane.offset === model.offset && same(lane.coefs, model.coefs),
    );
    if (alike && isPair(model) && model.coefs.every((c) => Math.abs(c) === 1)) {
      const isSum = model.coefs[0] === model.coefs[1];
      const [plus, other] = model.coefs[0] === 1 ? [0, 1] : [1, 0];
      const side = (i: number) =>
        this.gathered(
          lanes.map((lane) => lane.atoms[i]),
          model.layer,
        );
      const node = {
        op: isSum ? ("add" as const) : ("sub" as const),
        a: side(plus),
        b: side(other),
        layer: model.layer,
      };
      this.settle(lanes, this.write(node, lanes.length));
      return;
    }
    if (alike && lanes.length > 1) {
      const grid = lanes.map((lane) => lane.atoms);
      const weights = Float64Array.from(model.coefs);
      const bias = Float64Array.of(model.offset);
      this.settle(lanes, this.gatherAffine(grid, weights, bias, model.layer, free));
      return;
    }
    const atoms = [...new Set(lanes.flatMap((lane) => lane.atoms))].sort((a, b) => a - b);
    const column = new Map(atoms.map((a, i) => [a, i]));
    const weights = new Float64Array(lanes.length * atoms.length);
    lanes.forEach((lane, row) => {
      lane.atoms.forEach((a, i) => {
        weights[row * atoms.length + column.get(a)!] = lane.coefs[i];
      });
    });
    const bias = Float64Array.from(lanes, (lane) => lane.offset);
    this.settle(lanes, this.gatherAffine([atoms], weights, bias, model.layer, free));
  }

  /**
   * One product with the same weights at each position.
   * @param grid - atoms [positions, columns], -1 for zero.
   * @returns lanes, position by position.
   */
  private gatherAffine(
    grid: readonly (readonly number[])[],
    weights: Float64Array,
    bias: Float64Array,
    layer: string,
    { weightFormats, biasFormats }: Prescribed,
  ): Lane[] {
    const used = [...new Set(grid.flat().filter((a) => a >= 0))].sort((a, b) => a - b);
    const isOne = used.every((a) => this.home[a] === this.home[used[0]]);
    const input = isOne ? this.home[used[0]] : this.gathered(used, layer);
    const place = new Map(used.map((a, i) => [a, isOne ? this.laneIn(a) : i]));
    const columns = grid[0].length;
    const gather = Int32Array.from(grid.flat(), (a) => (a < 0 ? -1 : place.get(a)!));
    const isAll =
      grid.length === 1 &&
      columns === this.vectors.get(input)!.width &&
      gather.every((lane, i) => lane === i);
    const rows = bias.length;
    return this.write(
      {
        op: "affine",
        input,
        rows,
        columns,
        weights,
        bias,
        gather: isAll ? null : gather,
        weightFormats,
        biasFormats,
        layer,
      },
      grid.length * rows,
    );
  }

  /**
   * weights · x + bias at each position.
   * @param grid - lanes [positions, columns].
   * @param weights - [rows, columns]
   * @returns lanes [positions, rows].
   */
  linear(
    grid: readonly (readonly Lane[])[],
    weights: Float64Array,
    bias: Float64Array,
    layer: string,
    prescribed: Prescribed = free,
  ): Lane[][] {
    const rows = bias.length;
    const isFree = !prescribed.weightFormats && !prescribed.biasFormats;
    if (isFree && grid.length === 1) return [this.linearForms(grid[0], weights, bias, layer)];
    if (grid.flat().every(isConstantLane))
      return grid.map((lanes) => this.linearForms(lanes, weights, bias, layer));
    const folded = isFree ? foldColumns(grid, weights, bias) : null;
    if (!folded) this.make(grid.flat().filter((lane) => !isZero(lane)));
    const atoms = grid.map((lanes) =>
      lanes.map((lane) => (isZero(lane) ? -1 : folded ? lane.atoms[0] : lane.made!)),
    );
    const results = this.gatherAffine(
      atoms,
      folded?.weights ?? weights,
      folded?.bias ?? bias,
      layer,
      prescribed,
    );
    return grid.map((_, p) => results.slice(p * rows, (p + 1) * rows));
  }

  private linearForms(
    lanes: readonly Lane[],
    weights: Float64Array,
    bias: Float64Array,
    layer: string,
  ): Lane[] {
    const sums = lanes.filter((lane) => lane.atoms.length > 1);
    if (sums.length > 0 && isLargerMerged(lanes, weights, bias.length)) this.make(sums);
    return combine(lanes, weights, bias, layer);
  }

  /** A function of each lane. */
  activation(
    lanes: readonly Lane[],
    kind: FloatActivation["kind"],
    layer: string,
    alpha = 0,
    beta = 0,
  ): Lane[] {
    const scalar = scalarActivation({ kind, alpha, beta });
    return this.mapLanes(lanes, scalar, (input, width) =>
      this.write({ op: "activation", input, kind, alpha, beta, layer }, width),
    );
  }

  /** x mod period of each lane. */
  modulo(lanes: readonly Lane[], period: number, layer: string): Lane[] {
    return this.mapLanes(
      lanes,
      (x) => scalarModulo(x, period),
      (input, width) => this.write({ op: "modulo", input, period, layer }, width),
    );
  }

  /** Casts lanes to formats, one for each. */
  quantize(lanes: readonly Lane[], formats: readonly FixedFormat[], layer: string): Lane[] {
    const { vector: input, places } = this.native(this.atomsOf(lanes), layer);
    const placed = new Array<FixedFormat>(formats.length);
    formats.forEach((format, i) => {
      placed[places[i]] = format;
    });
    const results = this.write(
      { op: "quantize", input, formats: oneOrAll(placed), layer },
      lanes.length,
    );
    return places.map((place) => results[place]);
  }

  private mapLanes(
    lanes: readonly Lane[],
    scalar: (x: number) => number,
    write: (input: string, width: number) => Lane[],
  ): Lane[] {
    const varying = [...new Set(lanes.filter((lane) => !isConstantLane(lane)))];
    const results = new Map<Lane, Lane>();
    if (varying.length > 0) {
      const atoms = this.atomsOf(varying);
      const distinct = [...new Set(atoms)];
      const { vector, places } = this.native(distinct, varying[0].layer);
      const written = write(vector, distinct.length);
      varying.forEach((lane, i) => {
        results.set(lane, written[places[distinct.indexOf(atoms[i])]]);
      });
    }
    return lanes.map((lane) => results.get(lane) ?? constantLane(scalar(lane.offset), lane.layer));
  }

  /** a · b or max(a, b), lane by lane. Constant factors stay outside of products. */
  binary(
    op: "multiply" | "maximum",
    a: readonly Lane[],
    b: readonly Lane[],
    layer: string,
  ): Lane[] {
    const factor = (lane: Lane) =>
      op === "multiply" && lane.atoms.length === 1 && lane.offset === 0 ? lane.coefs[0] : 1;
    this.make([...a, ...b].filter((lane) => factor(lane) === 1));
    const atom = (lane: Lane) => (factor(lane) === 1 ? lane.made! : lane.atoms[0]);
    const p = a.map(atom);
    const q = b.map(atom);
    const one = (atoms: number[]) => (new Set(atoms).size === 1 ? [atoms[0]] : atoms);
    const left = p.length > 1 && one(q).length > 1 ? one(p) : p;
    const right = q.length > 1 && left.length > 1 ? one(q) : q;
    const places = { p: this.native(left, layer), q: this.native(right, layer) };
    const isAligned = left.length === right.length && same(places.p.places, places.q.places);
    const node = {
      op,
      a: isAligned ? places.p.vector : this.gathered(left, layer),
      b: isAligned ? places.q.vector : this.gathered(right, layer),
      layer,
    };
    const written = this.write(node, a.length);
    return a.map((lane, i) => {
      const result = written[isAligned ? places.p.places[i] : i];
      const scale = factor(lane) * factor(b[i]);
      return scale === 1 ? result : addLanes(result, scale, constantLane(0), 0);
    });
  }

  /** softmax (as many lanes), max or argmax (one lane) of all lanes. */
  reduce(lanes: readonly Lane[], op: FloatReduce["op"], layer: string): Lane[] {
    if (lanes.every(isConstantLane)) return reduceConstants(lanes, op, layer);
    const input = this.vectorOf(lanes);
    return this.write({ op, input, layer }, op === "softmax" ? lanes.length : 1);
  }
}
