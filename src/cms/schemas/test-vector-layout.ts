/** A bit field of a word; fields of one object fill its words without gap or overlap. */
export interface BitField {
  readonly column: string;
  /** Lowest bit, counted over all 32-bit halves, low half first. No field crosses a half. */
  readonly shift: number;
  readonly bits: number;
  readonly isSigned?: boolean;
}

/** One object of a line: how many words, how wide, and their fields. */
export interface WordLayout {
  readonly words: number;
  /** Hexadecimal digits of a word, 8 per half. */
  readonly digits: 8 | 16;
  readonly fields: readonly BitField[];
}

const field = (column: string, shift: number, bits: number, isSigned = false): BitField => ({
  column,
  shift,
  bits,
  isSigned,
});
const cluster: WordLayout = {
  words: 12,
  digits: 8,
  fields: [
    field("hwPt", 0, 9),
    field("hwEta", 9, 8, true),
    field("hwPhi", 17, 8),
    field("hwIso", 25, 2),
    field("spare", 27, 5),
  ],
};

/**
 * The objects of a global-trigger test vector in the order of a line (CMS, "Scales for inputs to
 * uGT", 2017-08-14; cmssw L1Trigger/L1TGlobal, the pattern writer). Muon coordinates are those at
 * the vertex but for `hwPhi`, at the station. `spare` keeps the bits nobody names, so that
 * a line can be written back; in sums it holds what rides along (towers, minimum bias, ...).
 */
export const testVectorObjects = {
  L1Mu: {
    words: 8,
    digits: 16,
    fields: [
      field("hwPhiAtVtx", 0, 10),
      field("hwPt", 10, 9),
      field("hwQual", 19, 4),
      field("hwEtaAtVtx", 23, 9, true),
      field("hwIso", 32, 2),
      field("hwCharge", 34, 1),
      field("hwChargeValid", 35, 1),
      field("tfMuonIndex", 36, 7),
      field("hwPhi", 43, 10),
      field("hwPtUnconstrained", 53, 8),
      field("spare", 61, 1),
      field("hwDXY", 62, 2),
    ],
  },
  L1EG: cluster,
  L1Tau: cluster,
  L1Jet: {
    words: 12,
    digits: 8,
    fields: [
      field("hwPt", 0, 11),
      field("hwEta", 11, 8, true),
      field("hwPhi", 19, 8),
      field("spare", 27, 1),
      field("hwQual", 28, 2),
      field("spareHigh", 30, 2),
    ],
  },
  L1EtSum: {
    words: 12,
    digits: 8,
    fields: [field("hwPt", 0, 12), field("hwPhi", 12, 8), field("spare", 20, 12)],
  },
} as const satisfies Readonly<Record<string, WordLayout>>;

export type TestVectorObject = keyof typeof testVectorObjects;

/**
 * `etSumType` of the twelve sum words: ETT, HTT, ETM, HTM, ETMHF, HTMHF, then -1
 * (cmssw DataFormats/L1Trigger/interface/EtSum.h, EtSumType).
 */
export const testVectorSums = [0, 1, 2, 3, 8, 20, -1, -1, -1, -1, -1, -1] as const;
