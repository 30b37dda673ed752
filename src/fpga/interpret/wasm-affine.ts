import { fractionOf, rangeOf } from "../format.ts";
import type { AffineOp, FixedOp, Lane } from "../program.ts";
import { createCast } from "./cast.ts";
import { castLane, finestOf, positionsOf } from "./lanes.ts";
import { emitCast, fitsInt32, unsupported } from "./wasm-casts.ts";
import { Code } from "./wasm-encoder.ts";
import type { Layout, Slot, Wire } from "./wasm-layout.ts";

/** Rows at once and vectors of four samples at once: their sums fit the sixteen registers. */
const [rowsAtOnce, vectorsAtOnce] = [4, 2];
/** Steps of samples that a loop of an affine takes. */
export const affineStep = 4 * vectorsAtOnce;

type Affine = Extract<FixedOp, { op: "affine" }>;

/** Emits what follows on the vector on the stack, the value of a lane, and leaves the result. */
export type EmitTail = (code: Code, lane: number, made: Lane) => void;

/** A sum of constants times columns; the columns of `halves` hold two lanes of 16 bits. */
interface Term {
  readonly slot: Slot;
  /** By row; halves: two weights in one word. */
  readonly words: readonly number[];
  readonly isHalves: boolean;
}

/**
 * Functions for a product with constants. Two inputs of 16 bits are multiplied and added by one
 * instruction (i32x4.dot_i16x8_s), so eight products at a time; others one by one. Sums are taken
 * modulo 2^32: only the results have to fit.
 */
export function emitAffine(
  op: Affine,
  x: Wire,
  { slots: out }: Pick<Wire, "slots">,
  layout: Layout,
  tail: EmitTail,
): Code[] {
  const functions: Code[] = [];
  for (const [p, position] of positionsOf(op).entries()) {
    const plan = exactSums(op, x, position);
    if (plan === null) {
      functions.push(...emitAccumulated(op, x, position, p, out, layout, tail));
      continue;
    }
    const terms = termsOf(op, x, position, plan, layout, functions);
    for (let from = 0; from < op.rows; from += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, op.rows - from);
      const code = new Code();
      functions.push(
        code.loop(16 * vectorsAtOnce, () => {
          const sums = emitSums(code, plan, terms, from, rows, layout);
          for (const [r, vectors] of sums.entries())
            for (const [v, sum] of vectors.entries())
              code.store(out[p * op.rows + from + r] + 16 * v, () => {
                code.get(sum);
                const { lane, wrap } = plan.rows[from + r];
                if (wrap !== null) emitCast(code, lane, wrap, layout.pool);
                tail(code, p * op.rows + from + r, plan.rows[from + r].made);
              });
        }),
      );
    }
  }
  return functions;
}

/** Rows as sums without any rounding on the way. */
interface Plan {
  /** Weights at the fraction of the result, its interval, and what to cast it to at the end. */
  readonly rows: readonly {
    readonly weights: readonly number[];
    readonly bias: number;
    readonly lane: Lane;
    readonly made: Lane;
    readonly wrap: NonNullable<AffineOp["accumulator"]> | null;
  }[];
}

/** Null where an accumulator loses bits or saturates on the way. */
function exactSums(op: Affine, { lanes }: Wire, position: ArrayLike<number>): Plan | null {
  const { rows, columns, weights, weightFraction, bias, accumulator, layer } = op;
  const finest = finestOf(position, lanes);
  const plans: Plan["rows"][number][] = [];
  for (let r = 0; r < rows; r++) {
    const fraction = accumulator === null ? finest + weightFraction[r] : fractionOf(accumulator);
    const biasShift = fraction - finest - weightFraction[r];
    const start = bias[r] * 2 ** biasShift;
    let [lo, hi] = [start, start];
    let isInside = accumulator === null || isWithin(lo, hi, accumulator);
    let isExact = Number.isInteger(start);
    const scaled = Array.from({ length: columns }, (_, c) => {
      const weight = weights[r * columns + c];
      if (position[c] < 0 || weight === 0) return 0;
      const lane = lanes[position[c]];
      const shift = fraction - lane.fraction - weightFraction[r];
      if (shift < 0) isExact = false;
      const w = weight * 2 ** shift;
      const [least, most] = w < 0 ? [w * lane.hi, w * lane.lo] : [w * lane.lo, w * lane.hi];
      [lo, hi] = [lo + least, hi + most];
      if (
        accumulator !== null &&
        !(isWithin(least, most, accumulator) && isWithin(lo, hi, accumulator))
      )
        isInside = false;
      return w;
    });
    if (!isExact || (!isInside && accumulator?.overflow !== "WRAP")) return null;
    if (Math.max(-lo, hi) > Number.MAX_SAFE_INTEGER)
      unsupported(`layer "${layer}" sums to more than 2^53`);
    const lane = { fraction, lo, hi };
    const wrap = isInside ? null : accumulator;
    const made = wrap === null ? lane : castLane(lane, wrap);
    if (!fitsInt32(made)) unsupported(`layer "${layer}" sums to [${made.lo}, ${made.hi}]`);
    plans.push({ weights: scaled, bias: start, lane, made, wrap });
  }
  return { rows: plans };
}

const isWithin = (lo: number, hi: number, format: NonNullable<AffineOp["accumulator"]>) =>
  lo >= rangeOf(format).lo && hi <= rangeOf(format).hi;

const fitsInt16 = (lo: number, hi: number) => lo >= -32768 && hi <= 32767;

function termsOf(
  { columns }: AffineOp,
  { lanes, slots }: Wire,
  position: ArrayLike<number>,
  plan: Plan,
  layout: Layout,
  functions: Code[],
): Term[] {
  const terms: Term[] = [];
  const narrow: number[] = [];
  for (let c = 0; c < columns; c++) {
    const words = plan.rows.map(({ weights }) => weights[c] | 0);
    if (words.every((word) => word === 0)) continue;
    const { lo, hi } = lanes[position[c]];
    if (fitsInt16(lo, hi) && plan.rows.every(({ weights }) => fitsInt16(weights[c], weights[c])))
      narrow.push(c);
    else terms.push({ slot: slots[position[c]], words, isHalves: false });
  }
  const fresh: { readonly low: number; readonly high: number; readonly slot: Slot }[] = [];
  for (let i = 0; i < narrow.length; i += 2) {
    const [a, b] = [narrow[i], narrow[i + 1]];
    const low = position[a];
    // the weight of the upper half is 0 where there is no second lane
    const words = plan.rows.map(
      ({ weights }) => (weights[a] & 0xffff) | (b === undefined ? 0 : weights[b] << 16),
    );
    if (b === undefined) {
      terms.push({ slot: slots[low], words, isHalves: true });
      continue;
    }
    const high = position[b];
    const { slot, isNew } = layout.packed(slots[low], slots[high]);
    if (isNew) fresh.push({ low, high, slot });
    terms.push({ slot, words, isHalves: true });
  }
  for (let i = 0; i < fresh.length; i += 8) {
    const code = new Code();
    functions.push(
      code.loop(16, () => {
        for (const { low, high, slot } of fresh.slice(i, i + 8))
          code.store(slot, () => {
            code.load(slots[high]).shift("shl", 16).load(slots[low]);
            if (lanes[low].lo < 0) code.splat(layout.pool(0xffff)).op("and");
            code.op("or");
          });
      }),
    );
  }
  return terms;
}

/** Locals with the sums, [rows][vectors]. */
function emitSums(
  code: Code,
  plan: Plan,
  terms: readonly Term[],
  from: number,
  rows: number,
  { pool }: Layout,
): number[][] {
  const sums = Array.from({ length: rows }, (_, r) =>
    Array.from({ length: vectorsAtOnce }, () => {
      const sum = code.vector();
      code.splat(pool(plan.rows[from + r].bias)).set(sum);
      return sum;
    }),
  );
  for (const { slot, words, isHalves } of terms) {
    if (words.slice(from, from + rows).every((word) => word === 0)) continue;
    const inputs = Array.from({ length: vectorsAtOnce }, (_, v) => {
      const input = code.vector();
      code.load(slot + 16 * v).set(input);
      return input;
    });
    for (const [r, vectors] of sums.entries()) {
      const word = words[from + r];
      if (word === 0) continue;
      const weight = code.vector();
      const places = Math.log2(Math.abs(word));
      const isShift = !isHalves && Number.isInteger(places);
      if (!isShift) code.splat(pool(word)).set(weight);
      for (const [v, sum] of vectors.entries()) {
        code.get(sum).get(inputs[v]);
        if (isHalves) code.get(weight).op("dot").op("add");
        else if (!isShift) code.get(weight).op("mul").op("add");
        else {
          if (places > 0) code.shift("shl", places);
          code.op(word > 0 ? "add" : "sub");
        }
        code.set(sum);
      }
    }
  }
  return sums;
}

/** Each product and each sum cast to the accumulator, by column. */
function emitAccumulated(
  { rows, columns, weights, weightFraction, bias, accumulator }: AffineOp,
  { lanes, slots }: Wire,
  position: ArrayLike<number>,
  p: number,
  out: readonly Slot[],
  { pool }: Layout,
  tail: EmitTail,
): Code[] {
  if (accumulator === null) return unsupported("an affine without accumulator");
  const finest = finestOf(position, lanes);
  const fraction = fractionOf(accumulator);
  return Array.from({ length: rows }, (_, r) => {
    const start = createCast(finest + weightFraction[r], accumulator)(bias[r]);
    const code = new Code();
    return code.loop(16, () => {
      let made: Lane = { fraction, lo: start, hi: start };
      const sum = code.vector();
      if (!fitsInt32(made)) unsupported(`a bias of ${start}`);
      code.splat(pool(start)).set(sum);
      for (let c = 0; c < columns; c++) {
        const weight = weights[r * columns + c];
        if (position[c] < 0 || weight === 0) continue;
        const lane = lanes[position[c]];
        const ends = [weight * lane.lo, weight * lane.hi];
        const product = {
          fraction: lane.fraction + weightFraction[r],
          lo: Math.min(...ends),
          hi: Math.max(...ends),
        };
        if (!fitsInt32(product)) unsupported(`a product gives [${product.lo}, ${product.hi}]`);
        code.get(sum).load(slots[position[c]]).splat(pool(weight)).op("mul");
        const cast = emitCast(code, product, accumulator, pool);
        const next = { fraction, lo: made.lo + cast.lo, hi: made.hi + cast.hi };
        if (!fitsInt32(next)) unsupported(`a sum gives [${next.lo}, ${next.hi}]`);
        code.op("add");
        made = emitCast(code, next, accumulator, pool);
        code.set(sum);
      }
      const lane = p * rows + r;
      code.store(out[lane], () => {
        code.get(sum);
        tail(code, lane, made);
      });
    });
  });
}
