import type { NumericArray } from "../objects.ts";
import type { TestVectors } from "../schemas/test-vectors.ts";

/**
 * Objects of one kind in many crossings: crossing e holds objects offsets[e] ... offsets[e + 1] - 1,
 * empty slots left out. Columns are hardware integers under NanoAOD's names and may be longer than
 * offsets[crossings], as a decoder's buffers are.
 */
export interface TriggerCollection {
  /** [crossings + 1] */
  readonly offsets: Uint32Array;
  readonly columns: Readonly<Record<string, NumericArray>>;
}

/** Quantities a crossing has one of: sums, counts and flags. */
export const scalarNames = [
  ...["ett", "htt", "etm", "etmPhi", "htm", "htmPhi", "etmhf", "etmhfPhi", "htmhf", "htmhfPhi"],
  ...["ettem", "towerCount", "minBiasHFP0", "minBiasHFM0", "minBiasHFP1", "minBiasHFM1"],
  ...["muonShower0", "muonShower1", "muonShower2"],
] as const;

/**
 * What the global trigger decides on: consecutive crossings with their objects. The columns a
 * menu reads: hwPt; muons hwEtaAtVtx, hwPhiAtVtx, hwQual, hwIso, hwCharge, hwChargeValid,
 * tfMuonIndex, hwPtUnconstrained, hwDXY; e/gammas, taus and jets hwEta, hwPhi; e/gammas and taus
 * hwIso; jets hwDisplaced. Only those that a menu cuts on have to be there.
 */
export interface TriggerObjects {
  readonly crossings: number;
  readonly muons?: TriggerCollection;
  readonly egs?: TriggerCollection;
  readonly taus?: TriggerCollection;
  readonly jets?: TriggerCollection;
  /** Each [crossings]; names of `scalarNames`. */
  readonly scalars: Readonly<Record<string, NumericArray>>;
}

export type CollectionName = "muons" | "egs" | "taus" | "jets";

/** Muon slot whose bit 61 tells a muon shower: nominal, tight, two loose (fixed by the vectors). */
const showerSlots = [0, 2, 3];

/** Sum words of a test vector: value and azimuth, and what rides along in the spare bits. */
const sumWords = [
  { value: "ett", rider: "minBiasHFP0", shift: 8, low: "ettem" },
  { value: "htt", rider: "minBiasHFM0", shift: 8, low: "towerCount" },
  { value: "etm", phi: "etmPhi", rider: "minBiasHFP1", shift: 8 },
  { value: "htm", phi: "htmPhi", rider: "minBiasHFM1", shift: 8 },
  { value: "etmhf", phi: "etmhfPhi" },
  { value: "htmhf", phi: "htmhfPhi" },
];

/** The inputs of the global trigger in a test-vector file, as a menu takes them. */
export function testVectorCrossings({ objects, crossing }: TestVectors): TriggerObjects {
  const { L1Mu: muons, L1EG: egs, L1Tau: taus, L1Jet, L1EtSum } = objects;
  const crossings = crossing.length;
  const jets = { ...L1Jet, columns: { ...L1Jet.columns, hwDisplaced: L1Jet.columns.spare } };
  const scalars: Record<string, Int32Array> = {};
  const { hwPt, hwPhi, spare } = L1EtSum.columns;
  const column = (word: number, of: (i: number) => number) =>
    Int32Array.from({ length: crossings }, (_, e) => of(L1EtSum.offsets[e] + word));
  sumWords.forEach(({ value, phi, rider, shift, low }, word) => {
    scalars[value] = column(word, (i) => hwPt[i]);
    if (phi !== undefined) scalars[phi] = column(word, (i) => hwPhi[i]);
    if (rider !== undefined) scalars[rider] = column(word, (i) => spare[i] >>> shift);
    if (low !== undefined) scalars[low] = column(word, (i) => hwPhi[i] | ((spare[i] & 15) << 8));
  });
  showerSlots.forEach((slot, k) => {
    const shower = new Int32Array(crossings);
    const { offsets, columns } = muons;
    for (let e = 0; e < crossings; e++)
      for (let i = offsets[e]; i < offsets[e + 1]; i++)
        if (columns.slot[i] === slot) shower[e] = columns.spare[i];
    scalars[`muonShower${k}`] = shower;
  });
  return { crossings, muons, egs, taus, jets, scalars };
}
