import {
  type Code,
  get,
  i32,
  increase,
  load,
  loopWhile,
  returns,
  set,
  store,
  when,
} from "../scouting/wasm-assembler.ts";
import type { Arena } from "./arena.ts";
import type { Limits } from "./lookup-tables.ts";
import type { Pair, PairLeg } from "./pairs.ts";
import type { Lookup, Source } from "./sources.ts";
import { absolute, createKernel, f64, load16, not, select, trailingZeros } from "./wasm.ts";

/** A pair of objects with what up to 32 conditions ask of it, bit c for condition c. */
export interface PairQuestion {
  readonly sources: readonly [Source, Source];
  /** The requirements on the first and on the second object. */
  readonly lookups: readonly [Lookup, Lookup];
  /** By condition; all agree in the columns of their legs and in `isTransverse`. */
  readonly pairs: readonly Pair[];
  readonly removals: readonly (Removal | null)[];
}

/** An object that removes: the cuts between it and each of the pair. */
export interface Removal {
  readonly source: Source;
  readonly lookup: Lookup;
  /** Of the pair. */
  readonly kept: readonly [Source, Source];
  readonly pairs: readonly [Pair, Pair];
}

/** Objects of a crossing that are searched at most. */
export const mostCandidates = 64;

/** An object that an asked condition takes. */
const record = { asFirst: 0, asSecond: 4, place: 8, eta: 12, phi: 16, charge: 20, pt: 24 };
const recordBytes = 32;

const [k, e, asked] = [0, 1, 2];
const [i, end, one, two, x, y, endX, endY] = [3, 4, 5, 6, 7, 8, 9, 10];
const [open, fit, etaStep, phiStep, left, clear, r, rEnd, t1, t2] = [
  11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
];
const value = 21;

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

/** Where the objects of the crossing are: from `i` to `end`. */
function range(source: Source, from: number, to: number): Code {
  if (source.name === "scalars")
    return [...set(from, get(e)), ...set(to, i32.add(get(e), i32.const(1)))];
  const starts = i32.add(load(i32.const(source.cells.starts)), i32.shl(get(k), i32.const(2)));
  return [...set(from, load(starts)), ...set(to, load(starts, 4))];
}

/** The requirements that the object of local `at` fulfils. */
function lookupCode({ cells }: Source, { tables, rows }: Lookup, at: number, arena: Arena): Code {
  const words = tables.map((table, t) => {
    const place = i32.add(load(i32.const(cells.indices[table])), i32.shl(get(at), i32.const(1)));
    return load(i32.shl(load16(place), i32.const(2)), arena.place(rows[t]));
  });
  return words.reduce((all, word) => i32.and(all, word));
}

/** A column of the object of local `at`. */
const columnCode = ({ cells }: Source, column: string, at: number): Code =>
  load(i32.add(load(i32.const(cells.columns[column])), i32.shl(get(at), i32.const(2))));

/** An index on the scale of the pair. */
function scaled(index: Code, { factor, shift }: PairLeg): Code {
  return i32.add(i32.mul(index, i32.const(factor)), i32.const(shift));
}

/** Collects the objects of the crossing that an asked condition takes, up to address `last`. */
function gatherCode(of: {
  readonly source: Source;
  readonly leg: PairLeg;
  readonly first: Lookup | null;
  readonly second: Lookup | null;
  readonly list: number;
  readonly last: number;
  readonly isCharged: boolean;
  readonly arena: Arena;
}): Code {
  const { source, leg, last, arena } = of;
  const { names, scale } = leg;
  const asks = (lookup: Lookup | null) =>
    lookup === null ? i32.const(0) : i32.and(lookupCode(source, lookup, i, arena), get(asked));
  const put = (offset: number, code: Code) => store(4, get(last), offset, code);
  const pt = i32.add(
    i32.mul(columnCode(source, names.pt, i), i32.const(scale.step)),
    i32.const(scale.start),
  );
  const charge = i32.mul(
    columnCode(source, "hwChargeValid", i),
    i32.sub(i32.const(1), i32.shl(columnCode(source, "hwCharge", i), i32.const(1))),
  );
  const eta =
    names.eta === null ? [] : put(record.eta, scaled(columnCode(source, names.eta, i), leg));
  return [
    ...set(last, i32.const(of.list)),
    ...range(source, i, end),
    ...loopWhile(i32.ltS(get(i), get(end)), [
      ...set(one, asks(of.first)),
      ...set(two, asks(of.second)),
      ...when(i32.or(get(one), get(two)), [
        ...put(record.asFirst, get(one)),
        ...put(record.asSecond, get(two)),
        ...put(record.place, get(i)),
        ...eta,
        ...put(record.phi, scaled(columnCode(source, names.phi, i), leg)),
        ...f64.store(get(last), record.pt, f64.fromI32(pt)),
        ...(of.isCharged ? put(record.charge, charge) : []),
        ...increase(last, recordBytes),
      ]),
      ...increase(i, 1),
    ]),
  ];
}

/** Takes conditions out of `fit` whose limits the value misses, which `compute` makes. */
function within(limits: readonly (Limits | null)[], compute: Code, arena: Arena): Code {
  const asking = bitsWhere(limits.map((limit) => limit !== null));
  if (asking === 0) return [];
  const ranges = limits.flatMap((limit) => [limit?.low ?? 0, limit?.high ?? 0]);
  const address = arena.place(Float64Array.from(ranges));
  const at = i32.shl(trailingZeros(get(left)), i32.const(4));
  const isWithin = i32.and(
    f64.ge(get(value), f64.load(at, address)),
    f64.le(get(value), f64.load(at, address + 8)),
  );
  const lowest = i32.and(get(left), i32.sub(i32.const(0), get(left)));
  return when(i32.and(get(fit), i32.const(asking)), [
    ...compute,
    ...set(left, i32.and(get(fit), i32.const(asking))),
    ...loopWhile(get(left), [
      ...when(i32.eqz(isWithin), set(fit, i32.and(get(fit), not(lowest)))),
      ...set(left, i32.and(get(left), i32.sub(get(left), i32.const(1)))),
    ]),
  ]);
}

/** Takes condition c out of `fit` where each object that removes overlaps with one of the pair. */
function removeCode({ source, lookup, kept, pairs }: Removal, c: number, arena: Arena): Code {
  const [overlapX, overlapY] = [x, y].map((of, side) =>
    overlapCode(pairs[side], { of, kept: kept[side], source, arena }),
  );
  return when(i32.and(get(fit), i32.const(1 << c)), [
    ...set(clear, i32.const(0)),
    ...range(source, r, rEnd),
    ...loopWhile(i32.ltS(get(r), get(rEnd)), [
      ...when(lookupCode(source, lookup, r, arena), [
        ...overlapX.steps,
        ...when(i32.eqz(overlapX.fits), [
          ...overlapY.steps,
          ...when(i32.eqz(overlapY.fits), [
            ...set(clear, i32.const(1)),
            ...set(r, get(rEnd)), // found one
          ]),
        ]),
      ]),
      ...increase(r, 1),
    ]),
    ...when(i32.eqz(get(clear)), set(fit, i32.and(get(fit), i32.const(~(1 << c))))),
  ]);
}

/** `pairFits` for the object of record `of` and object `r` of the source. */
function overlapCode(
  { a, b, limits }: Pair,
  of: {
    readonly of: number;
    readonly kept: Source;
    readonly source: Source;
    readonly arena: Arena;
  },
) {
  const { kept, source, arena } = of;
  const { tables, isTransverse, deltaEta, deltaPhi, deltaRSquared } = limits;
  const ofRecord = load(get(of.of), record.place);
  const step = (
    to: number,
    [first, second]: readonly [string, string],
    values: Int32Array,
  ): Code => [
    ...set(i, ofRecord),
    ...set(
      to,
      i32.sub(scaled(columnCode(kept, first, i), a), scaled(columnCode(source, second, r), b)),
    ),
    ...set(to, load(i32.shl(absolute(to), i32.const(2)), arena.place(values))),
  ];
  const isIn = (code: Code, { low, high }: Limits) =>
    i32.and(i32.geS(code, i32.const(low)), i32.leS(code, i32.const(Math.min(high, 2 ** 31 - 1))));
  const squares = i32.add(i32.mul(get(t1), get(t1)), i32.mul(get(t2), get(t2)));
  const tests = [
    ...(deltaEta === null ? [] : [isIn(get(t1), deltaEta)]),
    ...(deltaPhi === null ? [] : [isIn(get(t2), deltaPhi)]),
    ...(deltaRSquared === null ? [] : [isIn(squares, deltaRSquared)]),
  ];
  const { eta, phi } = a.names;
  return {
    steps: [
      ...(isTransverse
        ? set(t1, i32.const(tables.deltaEta[0]))
        : step(t1, [eta as string, b.names.eta as string], tables.deltaEta)),
      ...step(t2, [phi, b.names.phi], tables.deltaPhi),
    ],
    fits: tests.reduce((all, test) => i32.and(all, test), i32.const(1)),
  };
}

/** For each step of an angle the conditions that accept it. */
function windowBits(values: Int32Array, limits: readonly (Limits | null)[]): Int32Array {
  return values.map((value) =>
    bitsWhere(limits.map((limit) => limit === null || (value >= limit.low && value <= limit.high))),
  );
}

function bitsWhere(flags: readonly boolean[]): number {
  return flags.reduce((bits, flag, c) => (flag ? bits | (1 << c) : bits), 0);
}
