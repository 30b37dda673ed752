/** Objects of one kind along the orbit. */
export interface OccupancySums {
  /** By bx - 1 [3564]. */
  readonly counts: ArrayLike<number>;
  /** Sum over all crossings of the square of how many there are; undefined where nobody counted. */
  readonly squares: number | undefined;
  /** Orbits that could have some. */
  readonly orbits: number | undefined;
}

/**
 * Variance of the number of objects at a bx over its mean, from one orbit to the next: objects of one
 * crossing are not independent, and all of them are in one bin. 1 where nothing tells.
 * @param sides - taken together: a run, or a run and its reference.
 * @see Rao and Scott, Ann. Stat. 12 (1984) 46, for the chi-squared of clustered counts
 */
export function occupancyVariance(sides: readonly OccupancySums[]): number {
  let [variance, mean] = [0, 0];
  for (const { counts, squares, orbits = 0 } of sides) {
    if (squares === undefined || !(orbits > 1)) return 1;
    let [entries, squaredSums] = [0, 0];
    for (let i = 0; i < counts.length; i++) {
      entries += counts[i];
      squaredSums += counts[i] ** 2;
    }
    variance += (squares - squaredSums / orbits) * (orbits / (orbits - 1)); // without bias
    mean += entries;
  }
  return variance > 0 && mean > 0 ? variance / mean : 1;
}
