import { l1Scales } from "../../../cms/index.ts";
import type { TriggerObjects } from "../../../cms/menu/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import type { CalibratedIntegers, ScoutOrbit } from "../orbit/scout-orbit.ts";

/**
 * The integer nearest to a value, halves up, held within [low, high]: a value that an integer stands
 * for gives that integer.
 */
const nearest = (steps: number, low: number, high: number) =>
  Math.min(high, Math.max(low, Math.round(steps)));

/**
 * Calibrated muons as integers: pt 1 ... 511 (0 would be no muon; 511 holds all above), eta
 * -256 ... 255, phi 0 ... 575 around the circle. An azimuth of Level 1 that is none stays.
 */
export function roundMuons(orbit: ScoutOrbit): void {
  const { offsets, pt, eta, phi } = orbit.objects.muons;
  const level1 = orbit.gmt.objects.muons.columns;
  orbit.calibrated ??= {};
  orbit.calibrated.muons ??= {
    hwPt: new Uint16Array(pt.length),
    hwEtaAtVtx: new Int16Array(pt.length),
    hwPhiAtVtx: new Uint16Array(pt.length),
  };
  const { hwPt, hwEtaAtVtx, hwPhiAtVtx } = orbit.calibrated.muons;
  const scales = l1Scales.muon;
  const { turn } = scales.phi;
  const n = offsets[crossingsPerOrbit];
  for (let i = 0; i < n; i++) {
    const { zero, max, width } = scales.pt;
    hwPt[i] = nearest(pt[i] / width + zero, zero, max);
    hwEtaAtVtx[i] = nearest(eta[i] / scales.eta.width, scales.eta.min, scales.eta.max);
    const step = Math.round(phi[i] / scales.phi.width);
    const isPlace = level1.hwPhiAtVtx[i] < turn;
    hwPhiAtVtx[i] = isPlace ? ((step % turn) + turn) % turn : level1.hwPhiAtVtx[i];
  }
}

/** Calibrated jets as integers: pt 1 ... 2047. */
export function roundJets(orbit: ScoutOrbit): void {
  const { offsets, pt } = orbit.objects.jets;
  orbit.calibrated ??= {};
  orbit.calibrated.jets ??= { hwPt: new Uint16Array(pt.length) };
  const { hwPt } = orbit.calibrated.jets;
  const { width, max } = l1Scales.jet.pt;
  const n = offsets[crossingsPerOrbit];
  for (let i = 0; i < n; i++) hwPt[i] = nearest(pt[i] / width, 1, max);
}

/** The objects of a crossing with calibrated integers in the place of Level 1's. */
export function withCalibrated(
  objects: TriggerObjects,
  calibrated: CalibratedIntegers | undefined,
): TriggerObjects {
  if (calibrated === undefined) return objects;
  const { muons, jets } = objects;
  return {
    ...objects,
    ...(muons && { muons: { ...muons, columns: { ...muons.columns, ...calibrated.muons } } }),
    ...(jets && { jets: { ...jets, columns: { ...jets.columns, ...calibrated.jets } } }),
  };
}
