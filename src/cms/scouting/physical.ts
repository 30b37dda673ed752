import { wrapPhi } from "../kinematics.ts";
import { type NumericArray, type ObjectCollection, objectColumn } from "../objects.ts";
import { withPhysical } from "../physical.ts";
import { type L1Object, l1Scales } from "../scales.ts";
import { type OrbitCollection, orbitCollection } from "./orbit-objects.ts";

/**
 * Azimuth of calorimeter objects: `circle` has 144 steps to the turn, `cmssw` steps of 0.0435 rad,
 * as scouting NanoAOD is filled, which falls behind by up to 0.019 rad. Muons have one.
 */
export type PhiConvention = "circle" | "cmssw";

export interface PhysicalOptions {
  readonly phi?: PhiConvention;
  /** Azimuths in (-pi, pi] as in NanoAOD, instead of [0, 2 pi) (default false). */
  readonly wrap?: boolean;
}

/**
 * The objects of an orbit with pt, eta, phi, ... in GeV and rad beside the hardware integers, as a
 * collection of 3564 crossings. Hardware columns share the decoder's memory, physical ones are
 * new. Throws `DataError` for azimuths beyond the circle, which the fields are wide enough for.
 */
export function orbitPhysical(
  list: OrbitCollection,
  object: L1Object,
  { phi = "circle", wrap = false }: PhysicalOptions = {},
): ObjectCollection {
  const known = l1Scales[object];
  const scales = phi === "cmssw" && "phiCmssw" in known ? { phi: known.phiCmssw } : {};
  const physical = withPhysical(orbitCollection(list), object, scales);
  if (!wrap) return physical;
  const wrapped: Record<string, NumericArray> = {};
  for (const name of ["phi", "phiAtVtx"])
    if (name in physical.columns)
      wrapped[name] = Float64Array.from(objectColumn(physical, name), wrapPhi);
  return { ...physical, columns: { ...physical.columns, ...wrapped } };
}
