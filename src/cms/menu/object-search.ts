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
  const lists = places.map((): number[] => []);
  /** The objects that pass, by place; false where a place has none. */
  const gather = (e: number): boolean => {
    for (let p = 0; p < places.length; p++) {
      const { from, to, passes, isRepeated } = places[p];
      if (isRepeated) lists[p] = lists[p - 1];
      else {
        const list = lists[p];
        list.length = 0;
        const end = to(e);
        for (let i = from(e); i < end; i++) if (passes(i)) list.push(i);
      }
      if (lists[p].length === 0) return false;
    }
    return true;
  };
  const isTaken = (i: number, depth: number) => {
    for (let d = 0; d < depth; d++)
      if (chosen[d] === i && places[d].pool === places[depth].pool) return true;
    return false;
  };
  /** `first`: where in the list of the place to start, behind the object of an equal place. */
  const search = (depth: number, first: number): boolean => {
    if (depth === places.length) return fits(chosen);
    const list = lists[depth];
    const isNextRepeated = places[depth + 1]?.isRepeated ?? false;
    for (let l = first; l < list.length; l++) {
      if (isTaken(list[l], depth)) continue;
      chosen[depth] = list[l];
      if (search(depth + 1, isNextRepeated ? l + 1 : 0)) return true;
    }
    return false;
  };
  return (e) => gather(e) && search(0, 0);
}
