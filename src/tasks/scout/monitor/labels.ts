import type { AxisData } from "../../../report/index.ts";

const owners: Readonly<Record<string, string>> = { jet: "jet", eg: "e/γ", tau: "τ", muon: "muon" };
const properties: Readonly<Record<string, AxisData>> = {
  pt: { label: "p_{T}", unit: "GeV" },
  ptL1: { label: "Level-1 p_{T}", unit: "GeV" },
  eta: { label: "η" },
  phi: { label: "φ", unit: "rad" },
};
const ofCrossing: Readonly<Record<string, AxisData>> = {
  muons: { label: "muons in a crossing" },
  jets: { label: "jets in a crossing" },
  egs: { label: "e/γ in a crossing" },
  taus: { label: "τ in a crossing" },
  ht: { label: "H_{T}", unit: "GeV" },
  mht: { label: "missing H_{T}", unit: "GeV" },
  towerCount: { label: "lit towers" },
  litTowers: { label: "lit towers at |iη| ≤ 4" },
  "muonJet.deltaR": { label: "ΔR_{μj} of the nearest" },
  "dimuon.pt": { label: "p_{T,μμ}", unit: "GeV" },
  "dimuon.mass": { label: "m_{μμ}", unit: "GeV" },
  "dimuon.massOpposite": { label: "m_{μμ}", unit: "GeV" },
  "dimuon.massSame": { label: "m_{μμ}", unit: "GeV" },
  "dimuon.deltaR": { label: "ΔR_{μμ}" },
  "dijet.mass": { label: "m_{jj}", unit: "GeV" },
  "dijet.deltaR": { label: "ΔR_{jj}" },
};

/** Label and unit of a quantity, as a reader writes it; scores keep their names. */
export function quantityAxis(of: string): AxisData {
  const [owner, property] = of.split(".");
  const known = properties[property];
  if (ofCrossing[of]) return ofCrossing[of];
  return known && owners[owner]
    ? { ...known, label: `${owners[owner]} ${known.label}` }
    : { label: of };
}

/** True where bins grow with their value. */
export function isLogAxis(edges: readonly number[]): boolean {
  const [a, b, c] = edges;
  return edges.length > 2 && a > 0 && Math.abs(c - 2 * b + a) > 1e-9 * (c - a);
}
