import {
  type Code,
  get,
  i32,
  increase,
  load,
  loopWhile,
  set,
  store,
  when,
} from "../scouting/wasm-assembler.ts";
import type { Arena } from "./arena.ts";
import type { Limits } from "./lookup-tables.ts";
import type { Pair, PairLeg } from "./pairs.ts";
import type { Lookup, Source } from "./sources.ts";
import { absolute, f64, load16, not, trailingZeros } from "./wasm.ts";

/** An object that removes: the cuts between it and each of the pair. */
export interface Removal {
  readonly source: Source;
  readonly lookup: Lookup;
  /** Of the pair. */
  readonly kept: readonly [Source, Source];
  readonly pairs: readonly [Pair, Pair];
}

/** An object that an asked condition takes. */
export const record = { asFirst: 0, asSecond: 4, place: 8, eta: 12, phi: 16, charge: 20, pt: 24 };
export const recordBytes = 32;

/** Locals of the kernel, its parameters first; all but the last are integers. */
export const local = {
  ...{ k: 0, e: 1, asked: 2, i: 3, end: 4, one: 5, two: 6, x: 7, y: 8, endX: 9, endY: 10 },
  ...{ open: 11, fit: 12, etaStep: 13, phiStep: 14, left: 15, clear: 16, r: 17, rEnd: 18 },
  ...{ t1: 19, t2: 20, value: 21 },
} as const;

const { k, e, asked, i, end, one, two, x, y, fit, left, clear, r, rEnd, t1, t2, value } = local;

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
export function gatherCode(of: {
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
export function within(limits: readonly (Limits | null)[], compute: Code, arena: Arena): Code {
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
export function removeCode(
  { source, lookup, kept, pairs }: Removal,
  c: number,
  arena: Arena,
): Code {
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

/** The flags as bits, the first the lowest. */
export function bitsWhere(flags: readonly boolean[]): number {
  return flags.reduce((bits, flag, c) => (flag ? bits | (1 << c) : bits), 0);
}
