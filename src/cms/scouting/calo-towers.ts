import type { BlockFormat } from "./blocks.ts";

/** Trigger towers: |ieta| 1 to 41 (from 29 on forward), iphi 1 to 72. */
const maxEta = 41;
const maxPhi = 72;
const maxTowers = 2 * maxEta * maxPhi;

/**
 * Calorimeter towers. `hwPt` in steps of 0.5 GeV, `hwEta` is ieta, `hwPhi` is iphi. `erBits` is
 * the ratio of the energies, all three bits (cmssw's mask 0xe drops the lowest); `miscBits` are
 * zero (bit 0), e/h (1), hcal (2), ecal (3).
 */
export const towerKinds = {
  towers: {
    perCrossing: maxTowers,
    columns: {
      hwPt: "uint16",
      hwEta: "int8",
      hwPhi: "uint8",
      erBits: "uint8",
      miscBits: "uint8",
    },
  },
} as const;

/**
 * Calorimeter tower blocks: header is the count, bx, orbit, then one word a tower.
 * Source: cmssw EventFilter/L1ScoutingRawToDigi, shifts.h (calol1), ScCaloTowerRawToDigi.cc.
 */
export const towerFormat: BlockFormat<typeof towerKinds> = {
  name: "towers",
  kinds: towerKinds,
  headerWords: 3,
  headerRest: 0,
  bodyWords: (header) => (header < 0 || header > maxTowers ? -1 : header),
  countProblem: (header) => `${header >>> 0} towers announced, there are ${maxTowers}`,
  unpack(words, { at, end, bx }, into) {
    const { offsets, columns } = into.objects.towers;
    const { hwPt, hwEta, hwPhi, erBits, miscBits } = columns;
    let n = offsets[bx - 1];
    for (let w = at; w < end; w++, n++) {
      const word = words[w];
      const eta = word >> 24;
      const phi = (word >>> 16) & 0xff;
      if (eta === 0 || eta < -maxEta || eta > maxEta || phi < 1 || phi > maxPhi)
        return `tower ${w - at} is at ieta ${eta}, iphi ${phi}; expected +-1 to ${maxEta}, 1 to ${maxPhi}`;
      hwPt[n] = word & 0x1ff;
      hwEta[n] = eta;
      hwPhi[n] = phi;
      erBits[n] = (word >>> 9) & 7;
      miscBits[n] = (word >>> 12) & 15;
    }
    offsets[bx] = n;
    return null;
  },
  counts: ({ objects: { towers } }, bx) => towers.offsets[bx] - towers.offsets[bx - 1],
  pack({ objects: { towers } }, bx, words, at) {
    const { offsets, columns: c } = towers;
    for (let i = offsets[bx - 1], w = at; i < offsets[bx]; i++)
      words[w++] =
        c.hwPt[i] |
        (c.erBits[i] << 9) |
        (c.miscBits[i] << 12) |
        (c.hwPhi[i] << 16) |
        (c.hwEta[i] << 24);
  },
};
