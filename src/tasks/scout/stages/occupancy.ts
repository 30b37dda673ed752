import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { extraKinds } from "../orbit/extra-objects.ts";
import { rowCounts } from "../orbit/row-counts.ts";
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
  const histories = new Uint32Array(1 << farthest);
  for (const orbit of orbits) {
    countPresent(orbit, bins.present, histories);
    crossings += orbit.rows;
  }
  addNeighbors(histories, bins.neighbors);
  if (orbits.length > 0) count(tallies, "crossings", crossings);
  const withCalo = orbits.filter(({ hasCalo }) => hasCalo);
  for (const kind of objectKinds) {
    const seen = kind === "muons" ? orbits : withCalo;
    const ofKind = (orbit: ScoutOrbit) => {
      const { rows, bx } = orbit;
      return { rows, bx, objects: rowCounts(orbit, kind).objects };
    };
    countKind(kind, seen.map(ofKind), tallies);
  }
  for (const kind of extraKinds) {
    const seen = orbits.filter(({ extras }) => extras[kind].isThere);
    const ofKind = ({ extras }: ScoutOrbit) => ({
      ...everyCrossing,
      objects: everyCrossing.bx.map((b) => extras[kind].offsets[b] - extras[kind].offsets[b - 1]),
    });
    countKind(kind, seen.map(ofKind), tallies);
  }
}

/**
 * Adds crossings with a muon to `present`, and to `histories` [2^farthest] what was before each of
 * them: bit d - 1, a muon d crossings ago.
 */
function countPresent(orbit: ScoutOrbit, present: Float64Array, histories: Uint32Array): void {
  const { rows, bx } = orbit;
  const { objects } = rowCounts(orbit, "muons");
  let history = 0;
  let last = -farthest - 1;
  for (let r = 0; r < rows; r++) {
    if (objects[r] === 0) continue;
    const b = bx[r];
    present[b - 1]++;
    const gap = Math.min(b - last, farthest + 1); // beyond, all bits are shifted out
    history = ((history << gap) | (1 << (gap - 1))) & (histories.length - 1);
    histories[history]++;
    last = b;
  }
}

/** Sums histories: neighbors[0] of all, neighbors[d] of those with bit d - 1. */
function addNeighbors(histories: Uint32Array, neighbors: Float64Array): void {
  for (let history = 0; history < histories.length; history++) {
    neighbors[0] += histories[history];
    for (let d = 1; d <= farthest; d++)
      if ((history >> (d - 1)) & 1) neighbors[d] += histories[history];
  }
}

/** Objects of one kind in an orbit: [rows] crossings with any, and how many they have. */
interface KindOfOrbit {
  readonly rows: number;
  readonly bx: Uint16Array;
  readonly objects: Uint16Array;
}

function countKind(kind: string, seen: readonly KindOfOrbit[], tallies: Tallies): void {
  if (seen.length === 0) return;
  const key = `occupancy.${kind}`;
  tallies.bins[key] ??= new Float64Array(crossingsPerOrbit);
  const sums = tallies.bins[key];
  let total = 0;
  let squares = 0;
  for (const { rows, bx, objects } of seen)
    for (let r = 0; r < rows; r++) {
      const n = objects[r];
      sums[bx[r] - 1] += n;
      total += n;
      squares += n * n;
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
