/** The objects that may take a place in a condition. */
export interface Place {
  /** Objects from(e) ... to(e) - 1 are those of crossing e. */
  readonly from: (e: number) => number;
  readonly to: (e: number) => number;
  readonly passes: (i: number) => boolean;
  /** Places of one pool must hold different objects. */
  readonly pool: string;
  /** Asks the same as the place before, so that the order of the two does not matter. */
  readonly isRepeated: boolean;
}

/**
 * Looks for objects in crossing e, different ones within a pool, that pass and fit together. True
 * at the first find.
 */
export function createSearch(
  places: readonly Place[],
  fits: (chosen: readonly number[]) => boolean,
): (e: number) => boolean {
  const chosen: number[] = new Array(places.length).fill(-1);
  const isTaken = (i: number, depth: number) => {
    for (let d = 0; d < depth; d++)
      if (chosen[d] === i && places[d].pool === places[depth].pool) return true;
    return false;
  };
  const search = (e: number, depth: number): boolean => {
    if (depth === places.length) return fits(chosen);
    const { from, to, passes, isRepeated } = places[depth];
    const end = to(e);
    for (let i = isRepeated ? chosen[depth - 1] + 1 : from(e); i < end; i++) {
      if (!passes(i) || isTaken(i, depth)) continue;
      chosen[depth] = i;
      if (search(e, depth + 1)) return true;
    }
    return false;
  };
  return (e) => search(e, 0);
}
