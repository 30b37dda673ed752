import type { Counter } from "./counters.ts";
import type { ObjectTerm } from "./language.ts";
import type { RequirementSet } from "./requirements.ts";
import type { Source } from "./sources.ts";

/** A source and what counts its objects. */
export interface CountedSource {
  readonly source: Source;
  readonly counter: Counter;
}

/**
 * Bits that tell whether there are different objects for all terms of a condition. Where the
 * requirements on a source are nested, tightest first, there are exactly if at least k objects
 * fulfil the k-th (Hall's theorem); requirements that exclude each other do not interfere. For
 * others the bits are necessary only.
 */
export function enoughObjects(
  objects: readonly ObjectTerm[],
  countedFor: (term: ObjectTerm) => CountedSource,
): { slots: number[]; isExact: boolean } {
  const slots: number[] = [];
  let isExact = true;
  for (const counted of new Set(objects.map(countedFor))) {
    const { requirements } = counted.source;
    const numbers = objects
      .filter((term) => countedFor(term) === counted)
      .map((term) => requirements.add(term));
    for (const group of apart(numbers, requirements)) {
      const looser = (r: number) => group.filter((other) => requirements.implies(r, other)).length;
      const order = [...group].sort((x, y) => looser(y) - looser(x));
      const isChain =
        order.length <= 4 &&
        order.every((r, k) => k === 0 || requirements.implies(order[k - 1], r));
      isExact &&= isChain;
      order.forEach((r, k) => {
        if (!isChain || order[k + 1] !== r)
          slots.push(counted.counter.slotOf(r, isChain ? k + 1 : 1));
      });
    }
  }
  return { slots, isExact };
}

/** Requirements in groups such that no object fulfils two of different groups. */
function apart(numbers: readonly number[], requirements: RequirementSet): number[][] {
  let groups: number[][] = [];
  for (const r of numbers) {
    const near = groups.filter((group) => group.some((other) => !requirements.excludes(other, r)));
    groups = [...groups.filter((group) => !near.includes(group)), [...near.flat(), r]];
  }
  return groups;
}
