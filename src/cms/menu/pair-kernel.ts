import {
  type Code,
  get,
  i32,
  load,
  loopWhile,
  returns,
  set,
  when,
} from "../scouting/wasm-assembler.ts";
import type { Arena } from "./arena.ts";
import type { Limits } from "./lookup-tables.ts";
import {
  bitsWhere,
  gatherCode,
  local,
  type Removal,
  record,
  recordBytes,
  removeCode,
  within,
} from "./pair-code.ts";
import type { Pair } from "./pairs.ts";
import type { Lookup, Source } from "./sources.ts";
import { absolute, createKernel, f64, not, select } from "./wasm.ts";

/** A pair of objects with what up to 32 conditions ask of it, bit c for condition c. */
export interface PairQuestion {
  readonly sources: readonly [Source, Source];
  /** The requirements on the first and on the second object. */
  readonly lookups: readonly [Lookup, Lookup];
  /** By condition; all agree in the columns of their legs and in `isTransverse`. */
  readonly pairs: readonly Pair[];
  readonly removals: readonly (Removal | null)[];
}

/** Objects of a crossing that are searched at most. */
export const mostCandidates = 64;

const { asked, x, y, endX, endY, open, fit, etaStep, phiStep, t1, t2, value } = local;

/**
 * Kernel (k, e, asked): the asked conditions that some pair of crossing e, the k-th of the list,
 * fulfils. Each pair costs one look at its angles; only what few pairs reach is asked condition by
 * condition.
 */
export function createPairKernel(
  question: PairQuestion,
  arena: Arena,
): (k: number, e: number, asked: number) => number {
  const { sources, lookups, pairs, removals } = question;
  const isSame = sources[0] === sources[1];
  const { a, b, limits } = pairs[0];
  const { tables, isTransverse } = limits;
  const limitsOf = (pick: (limits: Pair["limits"]) => Limits | null) =>
    pairs.map((pair) => pick(pair.limits));
  const opposite = bitsWhere(pairs.map((pair) => pair.limits.sign === -1));
  const like = bitsWhere(pairs.map((pair) => pair.limits.sign === 1));
  const isCharged = (opposite | like) !== 0;
  const [listX, listY] = [0, 1].map(() => arena.reserve(recordBytes * mostCandidates));
  const word = (address: number, index: Code) => load(i32.shl(index, i32.const(2)), address);
  const float = (address: number, index: Code) => f64.load(i32.shl(index, i32.const(3)), address);
  const keep = (bits: Code): Code => set(fit, i32.and(get(fit), bits));

  const gather = (side: 0 | 1, list: number, last: number): Code =>
    gatherCode({
      ...{ source: sources[side], leg: side === 0 ? a : b, list, last, isCharged },
      first: side === 0 ? lookups[0] : null,
      second: side === 1 || isSame ? lookups[1] : null,
      arena,
    });
  const difference = (to: number, offset: number): Code => [
    ...set(to, i32.sub(load(get(x), offset), load(get(y), offset))),
    ...set(to, absolute(to)),
  ];
  const fits = i32.and(load(get(x), record.asFirst), load(get(y), record.asSecond));
  const swapped = i32.and(load(get(x), record.asSecond), load(get(y), record.asFirst));
  const etaBits = windowBits(
    tables.deltaEta,
    limitsOf((l) => l.deltaEta),
  );
  const phiBits = windowBits(
    tables.deltaPhi,
    limitsOf((l) => l.deltaPhi),
  );
  const sign = i32.mul(load(get(x), record.charge), load(get(y), record.charge));
  const charges = isCharged
    ? [
        ...set(t1, sign),
        ...keep(select(i32.const(-1), i32.const(~opposite), i32.eq(get(t1), i32.const(-1)))),
        ...keep(select(i32.const(-1), i32.const(~like), i32.eq(get(t1), i32.const(1)))),
      ]
    : [];
  const square = (local: number) => i32.mul(get(local), get(local));
  const distance = [
    ...set(t1, word(arena.place(tables.deltaEta), get(etaStep))),
    ...set(t2, word(arena.place(tables.deltaPhi), get(phiStep))),
    ...set(value, f64.fromI32(i32.add(square(t1), square(t2)))),
  ];
  const angles = f64.sub(
    float(arena.place(tables.cosh), get(etaStep)),
    float(arena.place(tables.cos), get(phiStep)),
  );
  const pts = f64.mul(f64.load(get(x), record.pt), f64.load(get(y), record.pt));
  const pair: Code = [
    ...set(fit, i32.and(isSame ? i32.or(fits, swapped) : fits, get(open))),
    ...when(get(fit), [
      ...(isTransverse ? set(etaStep, i32.const(0)) : difference(etaStep, record.eta)),
      ...difference(phiStep, record.phi),
      ...keep(word(arena.place(etaBits), get(etaStep))),
      ...keep(word(arena.place(phiBits), get(phiStep))),
      ...charges,
      ...within(
        limitsOf((l) => l.deltaRSquared),
        distance,
        arena,
      ),
      ...within(
        limitsOf((l) => l.mass),
        set(value, f64.mul(pts, angles)),
        arena,
      ),
      ...removals.flatMap((removal, c) => (removal === null ? [] : removeCode(removal, c, arena))),
      ...set(open, i32.and(get(open), not(get(fit)))),
      ...when(i32.eqz(get(open)), returns(get(asked))),
    ]),
  ];
  const next = (local: number) => i32.add(get(local), i32.const(recordBytes));
  const body: Code = [
    ...gather(0, listX, endX),
    ...when(i32.eq(get(endX), i32.const(listX)), returns(i32.const(0))),
    ...(isSame ? set(endY, get(endX)) : gather(1, listY, endY)),
    ...set(open, get(asked)),
    ...set(x, i32.const(listX)),
    ...loopWhile(i32.ltS(get(x), get(endX)), [
      ...set(y, isSame ? next(x) : i32.const(listY)),
      ...loopWhile(i32.ltS(get(y), get(endY)), [...pair, ...set(y, next(y))]),
      ...set(x, next(x)),
    ]),
    ...i32.and(get(asked), not(get(open))),
  ];
  return createKernel(arena.memory, { parameters: 3, locals: { i32: 18, f64: 1 }, body });
}

/** For each step of an angle the conditions that accept it. */
function windowBits(values: Int32Array, limits: readonly (Limits | null)[]): Int32Array {
  return values.map((value) =>
    bitsWhere(limits.map((limit) => limit === null || (value >= limit.low && value <= limit.high))),
  );
}
