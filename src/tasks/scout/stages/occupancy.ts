import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { extraKinds } from "../orbit/extra-objects.ts";
import { objectKinds, type ScoutOrbit } from "../orbit/scout-orbit.ts";
import { count, type Tallies } from "../results/tallies.ts";

/** Farthest crossings whose coincidences are counted. */
export const farthest = 8;

/** Stubs and towers are in no list of crossings. */
const everyCrossing = {
  rows: crossingsPerOrbit,
  bx: Uint16Array.from({ length: crossingsPerOrbit }, (_, e) => e + 1),
};

/**
 * Counts objects by crossing, `occupancy.muons` [3564], with the sum of the squares of their numbers,
 * `squares.muons`, and the orbits seen, `seen.muons`; crossings with a muon, `present` [3564];
 * and those of them whose crossing d later has one too, `neighbors` [farthest + 1], d = 0 the
 * crossings themselves.
 */
export function countOccupancy(orbits: readonly ScoutOrbit[], tallies: Tallies): void {
  const { bins } = tallies;
  bins.present ??= new Float64Array(crossingsPerOrbit);
  bins.neighbors ??= new Float64Array(farthest + 1);
  let crossings = 0;
  for (const orbit of orbits) {
    countNeighbors(orbit, bins.present, bins.neighbors);
    crossings += orbit.rows;
  }
  if (orbits.length > 0) count(tallies, "crossings", crossings);
  const withCalo = orbits.filter(({ hasCalo }) => hasCalo);
  for (const kind of objectKinds) {
    const seen = kind === "muons" ? orbits : withCalo;
    const ofKind = ({ rows, bx, objects }: ScoutOrbit) => ({
      rows,
      bx,
      offsets: objects[kind].offsets,
    });
    countKind(kind, seen.map(ofKind), tallies);
  }
  for (const kind of extraKinds) {
    const seen = orbits.filter(({ extras }) => extras[kind].isThere);
    const ofKind = ({ extras }: ScoutOrbit) => ({
      ...everyCrossing,
      offsets: extras[kind].offsets,
    });
    countKind(kind, seen.map(ofKind), tallies);
  }
}

function countNeighbors(
  { rows, bx, objects }: ScoutOrbit,
  present: Float64Array,
  neighbors: Float64Array,
): void {
  const { offsets } = objects.muons;
  for (let r = 0; r < rows; r++) {
    const b = bx[r];
    if (offsets[b] === offsets[b - 1]) continue;
    present[b - 1]++;
    neighbors[0]++;
    for (let s = r + 1; s < rows && bx[s] - b <= farthest; s++)
      if (offsets[bx[s]] > offsets[bx[s] - 1]) neighbors[bx[s] - b]++;
  }
}

/** Objects of one kind in an orbit: [rows] crossings with any, and the first of each [3565]. */
interface KindOfOrbit {
  readonly rows: number;
  readonly bx: Uint16Array;
  readonly offsets: Uint32Array;
}

function countKind(kind: string, seen: readonly KindOfOrbit[], tallies: Tallies): void {
  if (seen.length === 0) return;
  const key = `occupancy.${kind}`;
  tallies.bins[key] ??= new Float64Array(crossingsPerOrbit);
  const sums = tallies.bins[key];
  let total = 0;
  let squares = 0;
  for (const { rows, bx, offsets } of seen) {
    for (let r = 0; r < rows; r++) {
      const n = offsets[bx[r]] - offsets[bx[r] - 1];
      sums[bx[r] - 1] += n;
      squares += n * n;
    }
    total += offsets[crossingsPerOrbit];
  }
  count(tallies, `objects.${kind}`, total);
  count(tallies, `squares.${kind}`, squares);
  count(tallies, `seen.${kind}`, seen.length);
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
