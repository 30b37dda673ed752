import type { NumericArray, ObjectCollection } from "./objects.ts";
import { type HwScale, hwPhysical, type L1Object, l1Scales } from "./scales.ts";

/** Hardware column -> physical column and the quantity of `l1Scales` behind it. */
const pairs = {
  hwPt: ["pt", "pt"],
  hwEta: ["eta", "eta"],
  hwPhi: ["phi", "phi"],
  hwPtUnconstrained: ["ptUnconstrained", "ptUnconstrained"],
  hwEtaAtVtx: ["etaAtVtx", "eta"],
  hwPhiAtVtx: ["phiAtVtx", "phi"],
} as const;

/**
 * The collection with pt, eta, phi, ... of its hardware integers (GeV, rad in [0, 2 pi)), where it
 * does not have them yet. `scales` replaces single scales of the object, as
 * `{ phi: l1Scales.jet.phiCmssw }`. Throws `DataError` for integers out of range.
 */
export function withPhysical(
  collection: ObjectCollection,
  object: L1Object,
  scales: Readonly<Record<string, HwScale>> = {},
): ObjectCollection {
  const known: Readonly<Record<string, HwScale>> = { ...l1Scales[object], ...scales };
  const added: Record<string, NumericArray> = {};
  for (const [hw, [column, quantity]] of Object.entries(pairs)) {
    const values = collection.columns[hw];
    const scale = known[quantity];
    if (values === undefined || scale === undefined || column in collection.columns) continue;
    added[column] = hwPhysical(scale, values, { where: `${object} ${hw}` });
  }
  return { ...collection, columns: { ...collection.columns, ...added } };
}
