import type { FixedFormat } from "../format.ts";

/**
 * One number of an inference, not computed yet: sum of coefs[i] · atom[i] + offset, where atoms are
 * lanes of vectors that exist (inputs and results of nodes) by number, ascending. Sums and constant
 * factors only change this form; a node is written where something else needs the number.
 * Mutable: a lane that has been written as a node refers to its result from then on.
 */
export interface Lane {
  atoms: readonly number[];
  coefs: readonly number[];
  offset: number;
  /** Atom that holds this very number, where one exists. */
  made: number | null;
  /** Layer it belongs to. */
  layer: string;
}

/** A tensor of the graph that depends on the inputs; the batch axis, where it has one, counts 1. */
export interface LaneValue {
  readonly kind: "lanes";
  readonly shape: readonly number[];
  /** Which axis is the batch; -1 for none. */
  readonly batch: number;
  /** Row-major. */
  readonly lanes: readonly Lane[];
}

/** A tensor that never changes. */
export interface ConstantValue {
  readonly kind: "constant";
  readonly shape: readonly number[];
  readonly data: Float64Array;
  /** Formats of the elements where the file prescribes them. */
  readonly formats: readonly FixedFormat[] | null;
  /** Name of the initializer it came from. */
  readonly name: string;
}

export type Value = LaneValue | ConstantValue;

/** A lane that is one atom. */
export const atomLane = (atom: number, layer: string): Lane => ({
  atoms: [atom],
  coefs: [1],
  offset: 0,
  made: atom,
  layer,
});

/** A lane that never changes. */
export const constantLane = (offset: number, layer = "constant"): Lane => ({
  atoms: [],
  coefs: [],
  offset,
  made: null,
  layer,
});

/** factor · lane + offset. */
export function scaleLane(lane: Lane, factor: number, offset = 0): Lane {
  if (factor === 1 && offset === 0) return lane;
  if (factor === 0) return constantLane(offset, lane.layer);
  return {
    atoms: lane.atoms,
    coefs: factor === 1 ? lane.coefs : lane.coefs.map((c) => c * factor),
    offset: lane.offset * factor + offset,
    made: null,
    layer: lane.layer,
  };
}

/** factorA · a + factorB · b. */
export function addLanes(a: Lane, factorA: number, b: Lane, factorB: number): Lane {
  const atoms: number[] = [];
  const coefs: number[] = [];
  for (let i = 0, j = 0; i < a.atoms.length || j < b.atoms.length; ) {
    const p = a.atoms[i] ?? Number.POSITIVE_INFINITY;
    const q = b.atoms[j] ?? Number.POSITIVE_INFINITY;
    const c = (p <= q ? factorA * a.coefs[i] : 0) + (q <= p ? factorB * b.coefs[j] : 0);
    if (p <= q) i++;
    if (q <= p) j++;
    if (c === 0) continue;
    atoms.push(Math.min(p, q));
    coefs.push(c);
  }
  const layer = a.atoms.length >= b.atoms.length ? a.layer : b.layer;
  return { atoms, coefs, offset: factorA * a.offset + factorB * b.offset, made: null, layer };
}

export const isConstantLane = (lane: Lane): boolean => lane.atoms.length === 0;

/** True where the lane is an atom as it stands. */
export const isAtom = ({ atoms, coefs, offset }: Lane): boolean =>
  atoms.length === 1 && coefs[0] === 1 && offset === 0;

/** In the place of an atom: how many inferences run together, which no logic can know. */
const batchAtom = -1;

/** The batch size, as `Shape` gives it. Only shapes may be computed from it. */
export const batchSizeLane = (layer: string): Lane => ({
  ...atomLane(batchAtom, layer),
  made: null,
});

/** True for a list of sizes with the batch size among them. */
export const holdsBatchSize = (value: Value): boolean =>
  value.kind === "lanes" && value.lanes.some((lane) => lane.atoms[0] === batchAtom);

/** The elements of any tensor as lanes. */
export function lanesOf(value: Value): readonly Lane[] {
  return value.kind === "lanes" ? value.lanes : Array.from(value.data, (v) => constantLane(v));
}

/** A tensor of lanes, or a constant where no lane depends on the inputs and there is no batch. */
export function laneValue(shape: readonly number[], batch: number, lanes: readonly Lane[]): Value {
  if (batch >= 0 || !lanes.every(isConstantLane)) return { kind: "lanes", shape, batch, lanes };
  return constantValue(
    shape,
    Float64Array.from(lanes, (lane) => lane.offset),
  );
}

export const constantValue = (
  shape: readonly number[],
  data: Float64Array,
  name = "",
  formats: readonly FixedFormat[] | null = null,
): ConstantValue => ({ kind: "constant", shape, data, name, formats });

export const batchOf = (value: Value): number => (value.kind === "lanes" ? value.batch : -1);

/** Elements of a tensor in a new order and shape; -1 takes `fill`. */
export function take(
  value: Value,
  shape: readonly number[],
  batch: number,
  index: ArrayLike<number>,
  fill = 0,
): Value {
  const list = Array.from(index);
  if (value.kind === "lanes") {
    const empty = constantLane(fill);
    const lanes = list.map((i) => (i < 0 ? empty : value.lanes[i]));
    return laneValue(shape, batch, lanes);
  }
  const { data, formats, name } = value;
  const kept = formats && list.every((i) => i >= 0) ? list.map((i) => formats[i]) : null;
  return constantValue(
    shape,
    Float64Array.from(list, (i) => (i < 0 ? fill : data[i])),
    name,
    kept,
  );
}

/** Row-major steps of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

/** Calls back with every index of a shape, row-major; the index array is reused. */
export function forEachIndex(
  shape: readonly number[],
  visit: (index: readonly number[]) => void,
): void {
  const index = shape.map(() => 0);
  if (shape.includes(0)) return;
  for (;;) {
    visit(index);
    let axis = shape.length - 1;
    while (axis >= 0 && ++index[axis] === shape[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

/** For every element of `to`, the element of `from` that broadcasting puts there. */
export function broadcastIndex(from: readonly number[], to: readonly number[]): Int32Array {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  const result: number[] = [];
  forEachIndex(to, (index) => {
    let at = 0;
    for (let i = 0; i < from.length; i++) if (from[i] !== 1) at += strides[i] * index[i + lead];
    result.push(at);
  });
  return Int32Array.from(result);
}
