import { createRng } from "../../../src/base/rng.ts";
import { deltaR } from "../../../src/cms/kinematics.ts";
import type { Jets } from "../../../src/cms/matching/jets.ts";
import type { Matches } from "../../../src/cms/matching/match.ts";

/** Jets of the given events: [eta, phi, pt] each. */
export function jetsOf(events: readonly (readonly (readonly number[])[])[]): Jets {
  const offsets = new Uint32Array(events.length + 1);
  for (const [e, objects] of events.entries()) offsets[e + 1] = offsets[e] + objects.length;
  const all = events.flat();
  return {
    offsets,
    eta: Float64Array.from(all, (o) => o[0]),
    phi: Float64Array.from(all, (o) => o[1]),
    pt: Float64Array.from(all, (o) => o[2] ?? 1),
  };
}

/** Random events with 0 ... most objects in a small patch around the seam of phi. */
export function randomEvents(seed: number, events: number, most: number): number[][][] {
  const rng = createRng(seed);
  return Array.from({ length: events }, () =>
    Array.from({ length: Math.floor(rng.uniform() * (most + 1)) }, () => [
      2 * rng.uniform() - 1,
      Math.PI + 2 * rng.uniform() - 1,
      10 + 5 * rng.exponential(),
    ]),
  );
}

const direction = (jets: Jets, i: number) => ({ eta: jets.eta[i], phi: jets.phi[i] });

/** All pairs of an event closer than the limit, the slow way, closest first. */
function closePairs(offline: Jets, level1: Jets, e: number, limit: number) {
  const pairs: { i: number; j: number; distance: number }[] = [];
  for (let i = offline.offsets[e]; i < offline.offsets[e + 1]; i++)
    for (let j = level1.offsets[e]; j < level1.offsets[e + 1]; j++) {
      const distance = deltaR(direction(offline, i), direction(level1, j));
      if (distance < limit) pairs.push({ i, j, distance });
    }
  return pairs.sort((a, b) => a.distance - b.distance || a.i - b.i || a.j - b.j);
}

/** The slow twin of both matchings: walks the sorted pairs of every event. */
export function naiveMatches(
  offline: Jets,
  level1: Jets,
  { maxDeltaR = 0.4, unique = false } = {},
): Matches {
  const n = offline.eta.length;
  const matches = { partner: new Int32Array(n).fill(-1), deltaR: new Float64Array(n).fill(NaN) };
  for (let e = 0; e + 1 < offline.offsets.length; e++) {
    const taken = new Set<number>();
    for (const { i, j, distance } of closePairs(offline, level1, e, maxDeltaR)) {
      if (matches.partner[i] >= 0 || (unique && taken.has(j))) continue;
      taken.add(j);
      matches.partner[i] = j;
      matches.deltaR[i] = distance;
    }
  }
  return matches;
}
