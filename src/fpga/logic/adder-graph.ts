import { ConfigError } from "../../base/errors.ts";
import { bitsOf, type Interval, scaled } from "./intervals.ts";
import { PatternCounts } from "./pattern-counts.ts";
import { signedDigits } from "./signed-digits.ts";

/** (a << shiftA) + (b << shiftB), or minus; a and b are terms: first the inputs, then the adders. */
export interface Adder extends Interval {
  readonly a: number;
  readonly b: number;
  readonly shiftA: number;
  readonly shiftB: number;
  readonly isDifference: boolean;
}

/** sign · (term << shift) */
export interface Addend {
  readonly term: number;
  readonly shift: number;
  readonly sign: 1 | -1;
}

export interface AdderGraph {
  readonly adders: readonly Adder[];
  /** What is left to be summed, per row. */
  readonly rows: readonly (readonly Addend[])[];
  /** Adders in a row from the inputs to each term. */
  readonly depths: readonly number[];
}

export interface AdderGraphOptions {
  /** Finds common subexpressions; without it each row is its signed digits. Default true. */
  readonly share?: boolean;
  /**
   * Adders a row may be deeper than a balanced tree of its digits. Sharing more makes deeper
   * logic. Default 1.
   */
  readonly extraDepth?: number;
}

/**
 * Constant matrix-vector product y = W x as adders that rows share: canonical signed digits, then
 * greedily the two-term pattern a ± (b << s) that saves most bits, each time replaced by a new
 * term everywhere it occurs (two-term common subexpressions, Hosangadi et al. 2005, as in da4ml,
 * arXiv:2507.04535). A row takes a replacement only while a tree of its terms stays within the
 * depth: sum of 2^depth(term) <= 2^limit (Kraft).
 * @param weights - integers [rows, columns], |w| < 2^30.
 * @param inputs - what each column can hold.
 */
export function adderGraph(
  weights: Int32Array,
  rows: number,
  inputs: readonly Interval[],
  { share = true, extraDepth = 1 }: AdderGraphOptions = {},
): AdderGraph {
  const state = digitsOf(weights, rows, inputs, extraDepth);
  if (share) shareTerms(state);
  return {
    adders: state.adders,
    rows: state.rows.map(addendsOf),
    depths: state.depths,
  };
}

/** Digits of one row: term -> bit masks of the shifts with +1 and with -1. */
interface Row {
  readonly plus: Map<number, number>;
  readonly minus: Map<number, number>;
  /** Sum of 2^depth over the digits, and the most it may be. */
  kraft: number;
  limit: number;
}

interface State {
  readonly inputs: readonly Interval[];
  readonly rows: Row[];
  readonly adders: Adder[];
  readonly depths: number[];
  /** Per term the coefficients of the inputs, for exact intervals. */
  readonly forms: Float64Array[];
  readonly ranges: Interval[];
}

function digitsOf(
  weights: Int32Array,
  rows: number,
  inputs: readonly Interval[],
  extraDepth: number,
): State {
  const columns = inputs.length;
  const all: Row[] = [];
  for (let r = 0; r < rows; r++) {
    const row: Row = { plus: new Map(), minus: new Map(), kraft: 0, limit: 0 };
    for (let c = 0; c < columns; c++) {
      const weight = weights[r * columns + c];
      if (Math.abs(weight) >= 2 ** 30)
        throw new ConfigError(
          `adder graph: weight ${weight} at [${r}, ${c}] has more than 30 bits; use fewer bits`,
        );
      for (const { shift, sign } of signedDigits(weight)) {
        flip(row, c, shift, sign);
        row.kraft++;
      }
    }
    row.limit = 2 ** (Math.ceil(Math.log2(Math.max(1, row.kraft))) + extraDepth);
    all.push(row);
  }
  const forms = inputs.map((_, c) => {
    const form = new Float64Array(columns);
    form[c] = 1;
    return form;
  });
  return {
    inputs,
    rows: all,
    adders: [],
    depths: inputs.map(() => 0),
    forms,
    ranges: [...inputs],
  };
}

/** Sets or clears one digit. */
function flip(row: Row, term: number, shift: number, sign: 1 | -1): void {
  const masks = sign === 1 ? row.plus : row.minus;
  const mask = (masks.get(term) ?? 0) ^ (1 << shift);
  if (mask === 0) masks.delete(term);
  else masks.set(term, mask);
}

function addendsOf(row: Row): Addend[] {
  const addends: Addend[] = [];
  for (const sign of [1, -1] as const)
    for (const [term, mask] of sign === 1 ? row.plus : row.minus)
      for (let shift = 0; shift < 32; shift++)
        if ((mask >>> shift) & 1) addends.push({ term, shift, sign });
  return addends;
}

/** Replaces the best pattern by a new term until none occurs twice. */
function shareTerms(state: State): void {
  const counts = new PatternCounts();
  const queue = new ScoreQueue();
  const worths: number[] = [];
  const touched = new Set<number>();
  const worth = (index: number) => (worths[index] ??= adderWorth(state, counts, index));
  const tally: Tally = (row, term, shift, sign, step) => {
    for (const other of [1, -1] as const)
      for (const [at, mask] of other === 1 ? row.plus : row.minus)
        for (let rest = mask; rest !== 0; rest &= rest - 1) {
          const place = 31 - Math.clz32(rest & -rest);
          const index = patternOf(counts, term, shift, at, place, sign !== other);
          counts.count[index] += step;
          if (step === 1) touched.add(index);
        }
  };
  const renew = () => {
    for (const index of touched)
      if (counts.count[index] >= 2) queue.push((counts.count[index] - 1) * worth(index), index);
    touched.clear();
  };
  for (const row of state.rows) {
    const addends = addendsOf(row);
    row.plus.clear();
    row.minus.clear();
    for (const { term, shift, sign } of addends) {
      tally(row, term, shift, sign, 1);
      flip(row, term, shift, sign);
    }
  }
  renew();
  for (let top = queue.pop(); top !== null; top = queue.pop()) {
    const { score, index } = top;
    const promised = (counts.count[index] - 1) * worth(index);
    if (promised <= 0) continue;
    const places = promised < score ? [] : placesOf(state, counts, index);
    const total = places.reduce((sum, { shifts }) => sum + shifts.length, 0);
    const gain = promised < score ? promised : (total - 1) * worth(index);
    if (gain <= 0) continue;
    // counts fall while a pattern waits, and overlapping or too deep places do not count
    if (gain < score) queue.push(gain, index);
    else {
      replace(state, counts, index, places, tally);
      renew();
    }
  }
}

/** Adds `step` to the count of every pattern that one digit makes with the digits of a row. */
type Tally = (row: Row, term: number, shift: number, sign: 1 | -1, step: 1 | -1) => void;

/** Where a pattern occurs: the shifts of its first term and that term's sign. */
interface Places {
  readonly row: Row;
  readonly shifts: readonly (readonly [number, 1 | -1])[];
}

function patternOf(
  counts: PatternCounts,
  a: number,
  shiftA: number,
  b: number,
  shiftB: number,
  isDifference: boolean,
): number {
  const sign = isDifference ? 1 : 0;
  return a < b || (a === b && shiftA < shiftB)
    ? counts.indexOf(a, b, 2 * (shiftB - shiftA + 32) + sign)
    : counts.indexOf(b, a, 2 * (shiftA - shiftB + 32) + sign);
}

/**
 * What an adder of a pattern is worth: the share of its bits where both sides meet. An adder of
 * terms far apart saves as many LUTs, but its result widens all adders behind it (the weight by
 * overlap is da4ml's; divided by the width it took 1 to 2 % fewer LUTs still on random layers).
 */
function adderWorth(state: State, counts: PatternCounts, index: number): number {
  const { shiftA, shiftB, isDifference } = partsOf(counts, index);
  const a = scaled(state.ranges[counts.first[index]], 2 ** shiftA);
  const b = scaled(state.ranges[counts.second[index]], (isDifference ? -1 : 1) * 2 ** shiftB);
  const overlap = Math.min(bitsOf(a), bitsOf(b)) - Math.max(shiftA, shiftB);
  return Math.max(0.5, overlap) / Math.max(1, bitsOf({ lo: a.lo + b.lo, hi: a.hi + b.hi }));
}

function partsOf(counts: PatternCounts, index: number) {
  const relation = counts.relation[index];
  const shift = (relation >> 1) - 32;
  return {
    shiftA: Math.max(0, -shift),
    shiftB: Math.max(0, shift),
    isDifference: (relation & 1) === 1,
  };
}

/** Places of a pattern that do not overlap and keep each row within its depth. */
function placesOf(state: State, counts: PatternCounts, index: number): Places[] {
  const [first, second] = [counts.first[index], counts.second[index]];
  const { shiftA, shiftB, isDifference } = partsOf(counts, index);
  const depth = Math.max(state.depths[first], state.depths[second]) + 1;
  const more = 2 ** depth - 2 ** state.depths[first] - 2 ** state.depths[second];
  const found: Places[] = [];
  for (const row of state.rows) {
    let room = more > 0 ? Math.floor((row.limit - row.kraft) / more) : Number.POSITIVE_INFINITY;
    const shifts: [number, 1 | -1][] = [];
    for (const sign of [1, -1] as const) {
      const [same, opposite] = sign === 1 ? [row.plus, row.minus] : [row.minus, row.plus];
      const a = same.get(first);
      const b = (isDifference ? opposite : same).get(second);
      if (a === undefined || b === undefined) continue;
      let both = a & (shiftA > 0 ? b << shiftA : b >>> shiftB);
      for (; both !== 0 && room > 0; room--) {
        const shift = 31 - Math.clz32(both & -both);
        shifts.push([shift, sign]);
        both &= both - 1;
        // the second of a pair of equal terms is no longer the first of the next
        if (first === second && !isDifference) both &= ~(1 << (shift + shiftB));
      }
    }
    if (first === second && isDifference) removeChains(shifts, shiftB);
    if (shifts.length > 0) found.push({ row, shifts });
  }
  return found;
}

/** Of x - (x << d) at s and -x + (x << d) at s + d, which share a digit, keeps the lower one. */
function removeChains(shifts: [number, 1 | -1][], distance: number): void {
  shifts.sort((x, y) => x[0] - y[0]);
  const taken = new Set<number>();
  const kept = shifts.filter(([shift]) => {
    if (taken.has(shift)) return false;
    taken.add(shift + distance);
    return true;
  });
  shifts.splice(0, shifts.length, ...kept);
}

/** Makes the pattern a term and puts it into all its places. */
function replace(
  state: State,
  counts: PatternCounts,
  index: number,
  places: readonly Places[],
  tally: Tally,
): void {
  const [a, b] = [counts.first[index], counts.second[index]];
  const { shiftA, shiftB, isDifference } = partsOf(counts, index);
  const term = state.forms.length;
  const depth = Math.max(state.depths[a], state.depths[b]) + 1;
  const more = 2 ** depth - 2 ** state.depths[a] - 2 ** state.depths[b];
  const by = (isDifference ? -1 : 1) * 2 ** shiftB;
  const form = state.forms[a].map((x, c) => x * 2 ** shiftA + state.forms[b][c] * by);
  const range = rangeOf(form, state.inputs);
  state.forms.push(form);
  state.ranges.push(range);
  state.depths.push(depth);
  state.adders.push({ a, b, shiftA, shiftB, isDifference, ...range });
  for (const { row, shifts } of places)
    for (const [shift, sign] of shifts) {
      const other = (isDifference ? -sign : sign) as 1 | -1;
      const low = shift - shiftA;
      flip(row, a, shift, sign);
      tally(row, a, shift, sign, -1);
      flip(row, b, low + shiftB, other);
      tally(row, b, low + shiftB, other, -1);
      tally(row, term, low, sign, 1);
      flip(row, term, low, sign);
      row.kraft += more;
    }
}

/** What a linear form of the inputs can be. */
function rangeOf(form: Float64Array, inputs: readonly Interval[]): Interval {
  let [lo, hi] = [0, 0];
  for (let c = 0; c < form.length; c++) {
    const part = scaled(inputs[c], form[c]);
    lo += part.lo;
    hi += part.hi;
  }
  return { lo: lo + 0, hi: hi + 0 };
}

/** Binary heap of (score, index), largest score first, then smallest index. */
class ScoreQueue {
  readonly #heap: { readonly score: number; readonly index: number }[] = [];

  push(score: number, index: number): void {
    const heap = this.#heap;
    let at = heap.push({ score, index }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at], heap[parent])) break;
      [heap[at], heap[parent]] = [heap[parent], heap[at]];
      at = parent;
    }
  }

  pop(): { readonly score: number; readonly index: number } | null {
    const heap = this.#heap;
    if (heap.length === 0) return null;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length > 0 && last) {
      heap[0] = last;
      let at = 0;
      for (;;) {
        let best = at;
        for (const child of [2 * at + 1, 2 * at + 2])
          if (child < heap.length && isBefore(heap[child], heap[best])) best = child;
        if (best === at) break;
        [heap[at], heap[best]] = [heap[best], heap[at]];
        at = best;
      }
    }
    return top;
  }
}

const isBefore = (
  x: { readonly score: number; readonly index: number },
  y: { readonly score: number; readonly index: number },
): boolean => x.score > y.score || (x.score === y.score && x.index < y.index);
