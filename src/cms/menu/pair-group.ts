import { createCondition, hasRemoval, type ObjectCondition, pairOf } from "./conditions.ts";
import type { Condition, ObjectTerm } from "./language.ts";
import type { Removal } from "./pair-code.ts";
import { createPairKernel, mostCandidates } from "./pair-kernel.ts";
import type { PairLeg } from "./pairs.ts";
import type { Search, SearchContext } from "./searches.ts";
import { lookupOf, type Source } from "./sources.ts";

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

/**
 * Searches the pairs of a crossing for up to 32 conditions at once. Crossings with more objects
 * than the kernel holds are searched condition by condition.
 */
export function createPairGroup(conditions: readonly Condition[], context: SearchContext): Search {
  const { sourceFor, arena } = context;
  const pairs = conditions.map((condition) => pairOf(condition, [0, 1]));
  const sources = [sourceFor(pairs[0].a.term), sourceFor(pairs[0].b.term)] as const;
  const lookups = ([0, 1] as const).map((leg) => {
    const { requirements } = sources[leg];
    return lookupOf(
      sources[leg],
      conditions.map(({ objects }) => requirements.add(objects[leg])),
    );
  });
  const removals = conditions.map((condition): Removal | null => {
    if (!hasRemoval(condition)) return null;
    const source = sourceFor(condition.objects[2]);
    const lookup = lookupOf(source, [source.requirements.add(condition.objects[2])]);
    const pair = (leg: 0 | 1) => pairOf(condition, [leg, 2], "ORM");
    return { source, lookup, kept: sources, pairs: [pair(0), pair(1)] };
  });
  const run = createPairKernel(
    { sources, lookups: [lookups[0], lookups[1]], pairs, removals },
    arena,
  );
  let slow: ObjectCondition[] | null = null; // few menus ever need it
  const isMany = ({ name, starts }: Source, k: number) =>
    name !== "scalars" && starts[k + 1] - starts[k] > mostCandidates;
  return {
    load() {
      for (const { load } of slow ?? []) load();
    },
    find(k, e, asked) {
      if (!isMany(sources[0], k) && !isMany(sources[1], k)) return run(k, e, asked);
      if (slow === null) {
        slow = conditions.map((condition) => createCondition(condition, context));
        for (const { load } of slow) load();
      }
      let found = 0;
      for (let left = asked; left !== 0; left &= left - 1) {
        const c = 31 - Math.clz32(left & -left);
        if (slow[c].test(e)) found |= 1 << c;
      }
      return found;
    },
  };
}
