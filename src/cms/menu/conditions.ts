import { type Condition, functions, type ObjectTerm } from "./language.ts";
import { createSearch, type Place } from "./object-search.ts";
import {
  chargeOf,
  chargesMatch,
  loadLeg,
  type Pair,
  type PairLeg,
  pairFits,
  pairLegs,
  pairLimits,
  pairMass,
} from "./pairs.ts";
import { printObject } from "./print-expression.ts";
import type { SourceData } from "./sources.ts";

/** What a condition needs from the engine. */
export interface ConditionContext {
  /** Data of the source of a term in this call of `evaluate`. */
  readonly data: (term: ObjectTerm) => SourceData;
  /** Passes object i the cuts of the term? */
  readonly passes: (term: ObjectTerm) => (i: number) => boolean;
  /** Number of crossings in this call. */
  readonly crossings: () => number;
}

/** A condition that looks at several objects together, crossing by crossing. */
export interface ObjectCondition {
  /** To be called once per call of `evaluate`, before `test`. */
  readonly load: () => void;
  readonly test: (e: number) => boolean;
}

/** Has the function an object that removes others, its last? */
export const hasRemoval = ({ name }: Condition) =>
  name !== "single" && "removal" in functions[name];

/** The pair of two objects of a condition, with the cuts between them or those of the removal. */
export function pairOf(
  { name, objects, cuts }: Condition,
  [x, y]: readonly [number, number],
  prefix: "" | "ORM" = "",
): Pair {
  const legs = pairLegs([objects[x], objects[y]], cuts);
  const limits = pairLimits(legs, cuts, { prefix, isTransverse: name === "mass_trv" });
  return { a: legs[0], b: legs[1], limits };
}

/** Points the legs of a pair to the objects of a call. */
export function loadPair({ a, b }: Pair, data: ConditionContext["data"]): void {
  loadLeg(a, data(a.term));
  loadLeg(b, data(b.term));
}

/** The test of any condition by trying all its objects; slow, but short. */
export function createCondition(condition: Condition, context: ConditionContext): ObjectCondition {
  const { objects, cuts } = condition;
  const last = objects.length - 1;
  const kept = hasRemoval(condition) ? last : objects.length;
  const pairs: { x: number; y: number; pair: Pair }[] = [];
  for (let y = 1; cuts.length > 0 && y < kept; y++)
    for (let x = 0; x < y; x++) pairs.push({ x, y, pair: pairOf(condition, [x, y]) });
  const removals = Array.from({ length: objects.length - kept && kept }, (_, x) =>
    pairOf(condition, [x, last], "ORM"),
  );
  // one kept object: the cuts are between it and the one that removes
  if (kept === 1 && last === 1) pairs.push({ x: 0, y: 1, pair: pairOf(condition, [0, 1]) });
  const mass = pairs[0]?.pair.limits.mass ?? null;
  const sign = cuts.find(({ kind }) => kind === "CHGCOR")?.sign;
  const charged = objects.map((_, k) => {
    const { x, pair } = pairs.find(({ x, y }) => x === k || y === k) ?? { x: k, pair: null };
    return x === k ? pair?.a : pair?.b;
  });
  const charges: number[] = new Array(sign === undefined ? 0 : objects.length).fill(0);
  const fits = (chosen: readonly number[]) => {
    for (let x = 0; x < removals.length; x++)
      if (pairFits(removals[x], chosen[x], chosen[last])) return false;
    if (pairs.length === 1 && !pairFits(pairs[0].pair, chosen[0], chosen[1])) return false;
    for (let k = 0; k < charges.length; k++)
      charges[k] = chargeOf(charged[k] as PairLeg, chosen[k]);
    if (sign !== undefined && !chargesMatch(sign, charges)) return false;
    if (mass === null) return true;
    let sum = 0;
    for (let p = 0; p < pairs.length; p++)
      sum += pairMass(pairs[p].pair, chosen[pairs[p].x], chosen[pairs[p].y]);
    return sum >= mass.low && sum <= mass.high;
  };
  return {
    load() {
      for (const { pair } of pairs) loadPair(pair, context.data);
      for (const pair of removals) loadPair(pair, context.data);
    },
    test: createSearch(
      objects.map((term, k) => ({
        ...placeOf(term, context),
        isRepeated: k > 0 && k < kept && printObject(objects[k - 1]) === printObject(term),
      })),
      cuts.length === 0 ? () => true : fits,
    ),
  };
}

/** The objects of a term in the crossing it means; none outside the input. */
function placeOf(
  term: ObjectTerm,
  { data, passes, crossings }: ConditionContext,
): Omit<Place, "isRepeated"> {
  const at = (e: number, end: 0 | 1) => {
    const crossing = e + term.bx;
    return crossing < 0 || crossing >= crossings() ? 0 : data(term).offsets[crossing + end];
  };
  return {
    from: (e) => at(e, 0),
    to: (e) => at(e, 1),
    passes: passes(term),
    pool: `${term.type}${term.bx}`,
  };
}
