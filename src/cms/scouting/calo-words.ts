import type { OrbitCollection } from "./orbit-objects.ts";

/** Slots of a crossing for each of jets, e/gammas and taus: two links of six. */
export const caloSlots = 12;
/** Words of a link. */
export const linkWords = 6;

const cluster = {
  perCrossing: caloSlots,
  columns: {
    hwPt: "uint16",
    hwEta: "int8",
    hwPhi: "uint8",
    hwIso: "uint8",
    spare: "uint8",
    slot: "uint8",
  },
} as const;

/**
 * Calorimeter objects. `hwPt` is in steps of 0.5 GeV, `hwEta` of 0.0435, `hwPhi` in 144 steps
 * (`l1Scales.jet.phi`, or `phiCmssw` as CMSSW fills NanoAOD); `slot` is the place of the word in
 * its crossing; `spare` keeps the bits above the named ones.
 */
export const caloKinds = {
  jets: {
    perCrossing: caloSlots,
    columns: {
      hwPt: "uint16",
      hwEta: "int8",
      hwPhi: "uint8",
      hwDisplaced: "uint8",
      hwQual: "uint8",
      spare: "uint8",
      slot: "uint8",
    },
  },
  egs: cluster,
  taus: cluster,
  /**
   * Six words: ET, HT, ET miss, HT miss, ET miss HF, HT miss HF, with pt in bits 0-11; the rest
   * depends on the word, see `caloScalars`.
   */
  sums: {
    perCrossing: linkWords,
    columns: { hwPt: "uint16", hwPhi: "uint8", spare: "uint16" },
  },
} as const;

type Jets = OrbitCollection<typeof caloKinds.jets>;
type Clusters = OrbitCollection<typeof cluster>;
type Sums = OrbitCollection<typeof caloKinds.sums>;

/** What of a word list to unpack: words from `at`, `count` of them, into slots from `slot` on. */
export interface WordList {
  readonly at: number;
  readonly count: number;
  readonly bx: number;
  readonly slot: number;
}

/**
 * Appends the jets of a list to crossing bx, from offsets[bx] on, which it moves; returns how many
 * words have bits but no pt. Layout: cmssw EventFilter/L1ScoutingRawToDigi, shifts.h, masks.h.
 */
export function unpackJets(
  words: Int32Array,
  { at, count, bx, slot: slot0 }: WordList,
  jets: Jets,
) {
  const { hwPt, hwEta, hwPhi, hwDisplaced, hwQual, spare, slot } = jets.columns;
  let n = jets.offsets[bx];
  let dropped = 0;
  for (let k = 0; k < count; k++) {
    const word = words[at + k];
    const pt = word & 0x7ff;
    if (pt === 0) {
      if (word !== 0) dropped++;
      continue;
    }
    hwPt[n] = pt;
    hwEta[n] = (word << 13) >> 24;
    hwPhi[n] = (word >>> 19) & 0xff;
    hwDisplaced[n] = (word >>> 27) & 1;
    hwQual[n] = (word >>> 28) & 3;
    spare[n] = word >>> 30;
    slot[n] = slot0 + k;
    n++;
  }
  jets.offsets[bx] = n;
  return dropped;
}

/** The same for e/gammas or taus. */
export function unpackClusters(
  words: Int32Array,
  { at, count, bx, slot: slot0 }: WordList,
  clusters: Clusters,
) {
  const { hwPt, hwEta, hwPhi, hwIso, spare, slot } = clusters.columns;
  let n = clusters.offsets[bx];
  let dropped = 0;
  for (let k = 0; k < count; k++) {
    const word = words[at + k];
    const pt = word & 0x1ff;
    if (pt === 0) {
      if (word !== 0) dropped++;
      continue;
    }
    hwPt[n] = pt;
    hwEta[n] = (word << 15) >> 24;
    hwPhi[n] = (word >>> 17) & 0xff;
    hwIso[n] = (word >>> 25) & 3;
    spare[n] = word >>> 27;
    slot[n] = slot0 + k;
    n++;
  }
  clusters.offsets[bx] = n;
  return dropped;
}

/** Appends the six sum words from `at` on to crossing bx, empty ones too. */
export function unpackSums(words: Int32Array, at: number, { offsets, columns }: Sums, bx: number) {
  const { hwPt, hwPhi, spare } = columns;
  let n = offsets[bx];
  for (let k = 0; k < linkWords; k++, n++) {
    const word = words[at + k];
    hwPt[n] = word & 0xfff;
    hwPhi[n] = (word >>> 12) & 0xff;
    spare[n] = word >>> 20;
  }
  offsets[bx] = n;
}

/** The word of jet i. */
export function jetWord({ columns: c }: Jets, i: number): number {
  const eta = (c.hwEta[i] & 0xff) << 11;
  const rest = (c.hwDisplaced[i] << 27) | (c.hwQual[i] << 28) | (c.spare[i] << 30);
  return c.hwPt[i] | eta | (c.hwPhi[i] << 19) | rest;
}

/** The word of e/gamma or tau i. */
export function clusterWord({ columns: c }: Clusters, i: number): number {
  const eta = (c.hwEta[i] & 0xff) << 9;
  return c.hwPt[i] | eta | (c.hwPhi[i] << 17) | (c.hwIso[i] << 25) | (c.spare[i] << 27);
}

/** The word of sum i. */
export function sumWord({ columns: c }: Sums, i: number): number {
  return c.hwPt[i] | (c.hwPhi[i] << 12) | (c.spare[i] << 20);
}
