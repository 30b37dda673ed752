import type { Rng } from "../../base/rng.ts";

/** A muon as it leaves the vertex: GeV, rad in (-pi, pi], charge +1 or -1. */
export interface TrueMuon {
  readonly pt: number;
  readonly eta: number;
  readonly phi: number;
  readonly charge: number;
}

/** A particle that decays to two muons: mass and width in GeV, mean pt in GeV (exponential). */
export interface Resonance {
  readonly mass: number;
  readonly width: number;
  readonly meanPt: number;
}

/** Masses and widths: Particle Data Group 2024; mean pt: of the order seen at 13 TeV. */
export const resonances = {
  jpsi: { mass: 3.0969, width: 0.0000926, meanPt: 10 },
  upsilon: { mass: 9.4604, width: 0.000054, meanPt: 8 },
  z: { mass: 91.188, width: 2.4955, meanPt: 18 },
} as const satisfies Readonly<Record<string, Resonance>>;

const muonMass = 0.1056584;

/**
 * A decay to two muons of opposite charge, isotropic in the rest frame. The mass is Breit-Wigner
 * within 15 widths, the rapidity uniform within 2.4.
 */
export function decayToMuons(rng: Rng, { mass, width, meanPt }: Resonance): [TrueMuon, TrueMuon] {
  const reach = Math.atan(30); // 15 widths, in half widths
  const m = mass + 0.5 * width * Math.tan(reach * (2 * rng.uniform() - 1));
  const pt = meanPt * rng.exponential();
  const phi = Math.PI * (2 * rng.uniform() - 1);
  const rapidity = 2.4 * (2 * rng.uniform() - 1);
  const transverse = Math.hypot(m, pt);
  const parent = [
    pt * Math.cos(phi),
    pt * Math.sin(phi),
    transverse * Math.sinh(rapidity),
    transverse * Math.cosh(rapidity),
  ];
  const p = Math.sqrt((m * m) / 4 - muonMass * muonMass);
  const cos = 2 * rng.uniform() - 1;
  const sin = Math.sqrt(1 - cos * cos);
  const angle = 2 * Math.PI * rng.uniform();
  const along = [p * sin * Math.cos(angle), p * sin * Math.sin(angle), p * cos];
  const charge = rng.uniform() < 0.5 ? -1 : 1;
  const muon = (sign: number, q: number): TrueMuon => {
    // the boost of (along, m / 2) from rest: k' = k + P (k.P / (E + m) + k0) / m
    const dot = sign * (along[0] * parent[0] + along[1] * parent[1] + along[2] * parent[2]);
    const factor = (dot / (parent[3] + m) + m / 2) / m;
    const [x, y, z] = along.map((k, i) => sign * k + parent[i] * factor);
    const muonPt = Math.hypot(x, y);
    return { pt: muonPt, eta: Math.asinh(z / muonPt), phi: Math.atan2(y, x), charge: q };
  };
  return [muon(1, charge), muon(-1, -charge)];
}
