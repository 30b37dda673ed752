import { type ConditionContext, hasRemoval, loadPair, pairOf } from "./conditions.ts";
import type { Condition } from "./language.ts";
import { type Pair, pairFits } from "./pairs.ts";
import type { Source } from "./sources.ts";

/** Which M^2 / 2 counts, and from where on a larger one changes nothing. */
export interface MassRange {
  readonly low: number;
  readonly high: number;
  readonly stop: number;
}

/** Searches the pairs of a crossing of the current block. */
export interface PairSearch {
  readonly pair: Pair;
  readonly load: () => void;
  /**
   * The largest M^2 / 2 (0 where no mass is asked) in range among the pairs that pass everything
   * else, or the first from `stop` on; -1 without such a pair.
   */
  readonly best: (e: number, range: MassRange) => number;
}

/** Is this a condition on a pair, with or without an object that removes, in one crossing? */
export function isPairCondition(condition: Condition): boolean {
  const { objects, cuts } = condition;
  const kept = objects.length - (hasRemoval(condition) ? 1 : 0);
  return kept === 2 && cuts.length > 0 && objects.every(({ bx }) => bx === 0);
}

interface PairSearchContext extends ConditionContext {
  readonly source: (term: Condition["objects"][number]) => Source;
}

/** The fast twin of `createCondition` for pairs. */
export function createPairSearch(condition: Condition, context: PairSearchContext): PairSearch {
  const { objects } = condition;
  const pair = pairOf(condition, [0, 1]);
  const removals = hasRemoval(condition)
    ? [pairOf(condition, [0, 2], "ORM"), pairOf(condition, [1, 2], "ORM")]
    : [];
  const [first, second, third] = objects.map((term): Selection => {
    const source = context.source(term);
    return { source, bit: source.requirements.add(term) };
  });
  const isSameSource = first.source === second.source;
  const isSymmetric = isSameSource && first.bit === second.bit;
  const { tables, isTransverse } = pair.limits;
  const { cosh, cos } = tables;
  const fitsAlways =
    pair.limits.deltaEta === null &&
    pair.limits.deltaPhi === null &&
    pair.limits.deltaRSquared === null &&
    pair.limits.sign === 0;
  const asksMass = pair.limits.mass !== null;

  const isClear = (i: number, j: number, e: number) => {
    const { source, bit } = third;
    const { offsets } = source.data;
    const row = (bit >>> 5) * source.size - source.first;
    for (let k = offsets[e]; k < offsets[e + 1]; k++)
      if (
        (source.masks[row + k] >>> (bit & 31)) & 1 &&
        !pairFits(removals[0], i, k) &&
        !pairFits(removals[1], j, k)
      )
        return true;
    return false;
  };
  // of the call: constants of the inner loop
  const { a, b } = pair;
  const [listA, listB]: number[][] = [[], []];
  const { factor: factorB, shift, scale: scaleB } = pair.b;
  const asksMore = !fitsAlways || removals.length > 0;
  return {
    pair,
    load() {
      loadPair(pair, context.data);
      for (const removal of removals) loadPair(removal, context.data);
    },
    best(e, { low, high, stop }) {
      const countA = gather(first, e, listA);
      const countB = isSymmetric ? countA : gather(second, e, listB);
      const others = isSymmetric ? listA : listB;
      const { eta, phi, pt } = b;
      let best = -1;
      for (let x = 0; x < countA; x++) {
        const i = listA[x];
        const etaA = a.eta[i] * a.factor + a.shift - shift;
        const phiA = a.phi[i] * a.factor + a.shift - shift;
        const ptA = a.pt[i] * a.scale.step + a.scale.start;
        for (let y = isSymmetric ? x + 1 : 0; y < countB; y++) {
          const j = others[y];
          if (isSameSource && j === i) continue;
          let mass = 0;
          if (asksMass) {
            const deltaEta = isTransverse ? 0 : Math.abs(etaA - eta[j] * factorB);
            const angles = cosh[deltaEta] - cos[Math.abs(phiA - phi[j] * factorB)];
            mass = ptA * (pt[j] * scaleB.step + scaleB.start) * angles;
            if (mass < low || mass > high || mass <= best) continue;
          }
          if (asksMore && !(fitsAlways || pairFits(pair, i, j))) continue;
          if (asksMore && removals.length > 0 && !isClear(i, j, e)) continue;
          best = mass;
          if (best >= stop) return best;
        }
      }
      return best;
    },
  };
}

/** A requirement on the objects of a source. */
interface Selection {
  readonly source: Source;
  readonly bit: number;
}

/** Objects of crossing e that pass, into `list`; how many. */
function gather({ source, bit }: Selection, e: number, list: number[]): number {
  const { masks, size, first, data } = source;
  const row = (bit >>> 5) * size - first;
  const end = data.offsets[e + 1];
  let n = 0;
  for (let i = data.offsets[e]; i < end; i++)
    if (((masks[row + i] >>> (bit & 31)) & 1) === 1) list[n++] = i;
  return n;
}
