import { hasRemoval, loadPair, pairOf } from "./conditions.ts";
import type { Condition, ObjectTerm } from "./language.ts";
import type { Limits } from "./lookup-tables.ts";
import { chargeOf, loadLeg, type Pair, type PairLeg, pairFits } from "./pairs.ts";
import type { Search } from "./searches.ts";
import { fulfilled, type Lookup, lookupOf, passTest, type Source } from "./sources.ts";

/** Is this a condition on a pair, with or without an object that removes, in one crossing? */
export function isPairCondition(condition: Condition): boolean {
  const { objects, cuts } = condition;
  const kept = objects.length - (hasRemoval(condition) ? 1 : 0);
  return kept === 2 && cuts.length > 0 && objects.every(({ bx }) => bx === 0);
}

/** The condition with its two objects in the order of their sources, which their cuts do not feel. */
export function ordered(condition: Condition, sourceFor: (term: ObjectTerm) => Source): Condition {
  const [first, second, ...removing] = condition.objects;
  if (sourceFor(first).name <= sourceFor(second).name) return condition;
  return { ...condition, objects: [second, first, ...removing] };
}

/** Conditions with equal keys read the same quantities of the same pairs. */
export function groupKey(condition: Condition, sourceFor: (term: ObjectTerm) => Source): string {
  const { a, b, limits } = pairOf(condition, [0, 1]);
  const leg = ({ term, names }: PairLeg) =>
    `${sourceFor(term).name} ${names.eta} ${names.phi} ${names.pt}`;
  return `${leg(a)} ${leg(b)} ${limits.isTransverse}`;
}

/** The objects of a crossing that any open condition takes, as the inner loop wants them. */
interface Candidates {
  readonly source: Source;
  readonly leg: PairLeg;
  /** The requirements on the first and on the second object, where they may come from here. */
  readonly first: Lookup | null;
  readonly second: Lookup | null;
  /** Conditions that ask for charges. */
  readonly charged: number;
  /** Conditions whose first and whose second object this may be. */
  asFirst: Int32Array;
  asSecond: Int32Array;
  place: Int32Array;
  eta: Int32Array;
  phi: Int32Array;
  pt: Int32Array;
  charge: Int32Array;
}

/**
 * Searches the pairs of a crossing for up to 32 conditions at once, bit c for condition c: each
 * pair costs one look at its angles, and only what few pairs reach is asked condition by condition.
 * The fast twin of `createCondition`.
 */
export function createPairGroup(
  conditions: readonly Condition[],
  sourceFor: (term: ObjectTerm) => Source,
): Search {
  const pairs = conditions.map((condition) => pairOf(condition, [0, 1]));
  const { a: legA, b: legB, limits } = pairs[0];
  const { tables, isTransverse } = limits;
  const [sourceA, sourceB] = [sourceFor(legA.term), sourceFor(legB.term)];
  const isSame = sourceA === sourceB;
  const numbers = (k: 0 | 1) =>
    conditions.map(({ objects }) => sourceFor(objects[k]).requirements.add(objects[k]));
  const firsts = lookupOf(sourceA, numbers(0));
  const seconds = lookupOf(sourceB, numbers(1));
  const of = <T>(pick: (pair: Pair["limits"]) => T) => pairs.map((pair) => pick(pair.limits));
  const etaBits = windowBits(
    tables.deltaEta,
    of(({ deltaEta }) => deltaEta),
  );
  const phiBits = windowBits(
    tables.deltaPhi,
    of(({ deltaPhi }) => deltaPhi),
  );
  const square = limitArrays(of(({ deltaRSquared }) => deltaRSquared));
  const mass = limitArrays(of(({ mass }) => mass));
  const opposite = bitsWhere(of(({ sign }) => sign === -1));
  const like = bitsWhere(of(({ sign }) => sign === 1));
  const removals = conditions.map((condition) =>
    hasRemoval(condition) ? createRemoval(condition, sourceFor) : null,
  );
  const removed = bitsWhere(removals.map((removal) => removal !== null));
  const charged = opposite | like;
  const a = createCandidates(legA, sourceA, {
    first: firsts,
    second: isSame ? seconds : null,
    charged,
  });
  const b = isSame ? a : createCandidates(legB, sourceB, { first: null, second: seconds, charged });
  const { deltaEta, deltaPhi, cosh, cos } = tables;

  return {
    conditions,
    load() {
      loadLeg(legA, sourceA);
      loadLeg(legB, sourceB);
      for (const removal of removals) removal?.load();
    },
    find(k, e, asked) {
      const countA = gather(a, k, e, asked);
      if (countA < (isSame ? 2 : 1)) return 0;
      const countB = isSame ? countA : gather(b, k, e, asked);
      const {
        asFirst,
        asSecond,
        place: placeB,
        eta: etaB,
        phi: phiB,
        pt: ptB,
        charge: chargeB,
      } = b;
      let open = asked;
      for (let x = 0; x < countA; x++) {
        const first = a.asFirst[x];
        const second = a.asSecond[x];
        const etaA = a.eta[x];
        const phiA = a.phi[x];
        const ptA = a.pt[x];
        const chargeA = a.charge[x];
        for (let y = isSame ? x + 1 : 0; y < countB; y++) {
          let fit = ((first & asSecond[y]) | (second & asFirst[y])) & open;
          if (fit === 0) continue;
          const etaStep = isTransverse ? 0 : Math.abs(etaA - etaB[y]);
          const phiStep = Math.abs(phiA - phiB[y]);
          fit &= etaBits[etaStep] & phiBits[phiStep];
          if ((fit & charged) !== 0) {
            const charges = chargeA * chargeB[y];
            fit &= ~(charges === 1 ? opposite : charges === -1 ? like : charged);
          }
          if ((fit & square.asked) !== 0) {
            const r = deltaEta[etaStep] * deltaEta[etaStep] + deltaPhi[phiStep] * deltaPhi[phiStep];
            fit = within(fit, square, r);
          }
          if ((fit & mass.asked) !== 0)
            fit = within(fit, mass, ptA * ptB[y] * (cosh[etaStep] - cos[phiStep]));
          if ((fit & removed) !== 0)
            for (let left = fit & removed; left !== 0; left &= left - 1) {
              const c = 31 - Math.clz32(left & -left);
              if (!removals[c]?.isClear(a.place[x], placeB[y], e)) fit &= ~(1 << c);
            }
          open &= ~fit;
          if (open === 0) return asked;
        }
      }
      return asked & ~open;
    },
  };
}

const columnNames = ["asFirst", "asSecond", "place", "eta", "phi", "pt", "charge"] as const;

function createCandidates(
  leg: PairLeg,
  source: Source,
  lookups: {
    readonly first: Lookup | null;
    readonly second: Lookup | null;
    readonly charged: number;
  },
): Candidates {
  const columns = columnNames.map((name) => [name, new Int32Array(16)]);
  const arrays = Object.fromEntries(columns) as Record<(typeof columnNames)[number], Int32Array>;
  return { source, leg, ...lookups, ...arrays };
}

/** Collects the objects of crossing e, the k-th of the list, that an asked condition takes. */
function gather(into: Candidates, k: number, e: number, asked: number): number {
  const { source, leg, first, second, charged, asFirst, asSecond } = into;
  const { factor, shift, scale } = leg;
  const isScalar = source.name === "scalars";
  const from = isScalar ? e : source.starts[k];
  const to = isScalar ? e + 1 : source.starts[k + 1];
  if (asFirst.length < to - from) {
    for (const name of columnNames) into[name] = new Int32Array(2 * (to - from));
    return gather(into, k, e, asked);
  }
  const { place, eta, phi, pt, charge } = into;
  const isCharged = (asked & charged) !== 0;
  let n = 0;
  for (let i = from; i < to; i++) {
    const one = first === null ? 0 : fulfilled(source, first, i) & asked;
    const two = second === null ? 0 : fulfilled(source, second, i) & asked;
    if ((one | two) === 0) continue;
    asFirst[n] = one;
    asSecond[n] = two;
    place[n] = i;
    eta[n] = leg.eta[i] * factor + shift;
    phi[n] = leg.phi[i] * factor + shift;
    pt[n] = leg.pt[i] * scale.step + scale.start;
    if (isCharged) charge[n] = chargeOf(leg, i);
    n++;
  }
  return n;
}

/** Limits by condition, and which conditions have any. */
interface LimitArrays {
  readonly asked: number;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

function limitArrays(limits: readonly (Limits | null)[]): LimitArrays {
  return {
    asked: bitsWhere(limits.map((limit) => limit !== null)),
    low: Float64Array.from(limits, (limit) => limit?.low ?? 0),
    high: Float64Array.from(limits, (limit) => limit?.high ?? 0),
  };
}

/** The bits of `fit` without those whose limits the value misses. */
function within(fit: number, { asked, low, high }: LimitArrays, value: number): number {
  let kept = fit;
  for (let left = fit & asked; left !== 0; left &= left - 1) {
    const c = 31 - Math.clz32(left & -left);
    if (!(value >= low[c] && value <= high[c])) kept &= ~(1 << c);
  }
  return kept;
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

/** Is there an object that removes and overlaps with neither of a pair? */
interface Removal {
  readonly load: () => void;
  readonly isClear: (i: number, j: number, e: number) => boolean;
}

function createRemoval(condition: Condition, sourceFor: (term: ObjectTerm) => Source): Removal {
  const pairs = [pairOf(condition, [0, 2], "ORM"), pairOf(condition, [1, 2], "ORM")];
  const source = sourceFor(condition.objects[2]);
  const passes = passTest(source, condition.objects[2]);
  return {
    load() {
      for (const pair of pairs) loadPair(pair, sourceFor);
    },
    isClear(i, j, e) {
      for (let r = source.offsets[e]; r < source.offsets[e + 1]; r++)
        if (passes(r) && !pairFits(pairs[0], i, r) && !pairFits(pairs[1], j, r)) return true;
      return false;
    },
  };
}
