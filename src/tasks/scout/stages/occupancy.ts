import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { type ObjectKind, objectKinds, type ScoutOrbit } from "../orbit/scout-orbit.ts";
import { count, type Tallies } from "../results/tallies.ts";

/** Farthest crossings whose coincidences are counted. */
export const farthest = 8;

/**
 * Counts objects by crossing, `occupancy.muons` [3564]; crossings with a muon, `present` [3564];
 * and those of them whose crossing d later has one too, `neighbors` [farthest + 1], d = 0 the
 * crossings themselves.
 */
export function countOccupancy(orbits: readonly ScoutOrbit[], tallies: Tallies): void {
  const { bins } = tallies;
  bins.present ??= new Float64Array(crossingsPerOrbit);
  bins.neighbors ??= new Float64Array(farthest + 1);
  for (const orbit of orbits) {
    const { rows, bx, objects } = orbit;
    for (const kind of objectKinds) if (kind === "muons" || orbit.hasCalo) countKind(orbit, kind);
    const { offsets } = objects.muons;
    const has = (b: number) => offsets[b] > offsets[b - 1];
    for (let r = 0; r < rows; r++) {
      const b = bx[r];
      if (!has(b)) continue;
      bins.present[b - 1]++;
      const last = Math.min(farthest, crossingsPerOrbit - b);
      for (let d = 0; d <= last; d++) if (has(b + d)) bins.neighbors[d]++;
    }
    count(tallies, "crossings", rows);
  }

  function countKind({ rows, bx, objects }: ScoutOrbit, kind: ObjectKind): void {
    const key = `occupancy.${kind}`;
    bins[key] ??= new Float64Array(crossingsPerOrbit);
    const { offsets } = objects[kind];
    for (let r = 0; r < rows; r++) bins[key][bx[r] - 1] += offsets[bx[r]] - offsets[bx[r] - 1];
    count(tallies, `objects.${kind}`, offsets[crossingsPerOrbit]);
  }
}

/** Coincidences of crossings that are d apart. */
export interface Correlation {
  readonly distance: number;
  /** Pairs of crossings with a muon. */
  readonly observed: number;
  /** Pairs if crossings knew nothing of one another: sum of p(bx) p(bx + d) per orbit. */
  readonly expected: number;
  readonly ratio: number;
  /** Poisson, of the observed pairs. */
  readonly uncertainty: number;
}

/** Observed over expected pairs, d = 1 ... farthest. */
export function correlations({ bins, counts }: Tallies): Correlation[] {
  const { present, neighbors } = bins;
  const { orbits = 0 } = counts;
  if (!present || orbits === 0) return [];
  return Array.from({ length: farthest }, (_, k) => {
    const distance = k + 1;
    let expected = 0;
    for (let e = 0; e + distance < present.length; e++)
      expected += (present[e] * present[e + distance]) / orbits;
    const observed = neighbors[distance];
    return {
      ...{ distance, observed, expected },
      ratio: observed / expected,
      uncertainty: Math.sqrt(observed) / expected,
    };
  });
}
