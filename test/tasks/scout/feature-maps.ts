import type { Rng } from "../../../src/base/rng.ts";
import { addCrossing, featureSumsSize } from "../../../src/tasks/scout/results/feature-sums.ts";
import { createFeatureMap } from "../../../src/tasks/scout/stages/random-features.ts";

/** pt in GeV, eta, phi. */
export type Muon = readonly [pt: number, eta: number, phi: number];
/** Muons of a crossing. */
export type DrawCrossing = (rng: Rng) => readonly Muon[];

export const features = 32;
const map = createFeatureMap(
  [
    { scale: 0.5, log: true, isPeriodic: false },
    { scale: 0.5, log: false, isPeriodic: false },
    { scale: 0.5, log: false, isPeriodic: true },
  ],
  { features, seed: 0 },
);

/** Sums of random features of some crossings. */
export function featureSums(crossings: readonly (readonly Muon[])[]): Float64Array {
  const sums = new Float64Array(featureSumsSize(features));
  const f = new Float64Array(1 + features);
  for (const muons of crossings) {
    f.fill(0);
    for (const muon of muons) if (map.add(muon, f, 1)) f[0]++;
    addCrossing(sums, f);
  }
  return sums;
}

export const drawn = (rng: Rng, n: number, draw: DrawCrossing) =>
  Array.from({ length: n }, () => draw(rng));

/** A muon as the trigger sees them: a falling spectrum, flat in eta and phi. */
export const singleMuon = (rng: Rng): Muon => [
  3 * (1 - rng.uniform()) ** (-1 / 1.6),
  4.8 * rng.uniform() - 2.4,
  2 * Math.PI * rng.uniform() - Math.PI,
];

export const single: DrawCrossing = (rng) => [singleMuon(rng)];

/** Three crossings of ten hold two muons, the second close to the first. */
export const pairs: DrawCrossing = (rng) => {
  const muon = singleMuon(rng);
  if (rng.uniform() > 0.3) return [muon];
  const [pt, eta, phi] = muon;
  return [muon, [pt, eta + 0.1 * rng.normal(), phi + 0.1 * rng.normal()]];
};
