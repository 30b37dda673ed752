import type { BlockFormat } from "./blocks.ts";

/**
 * Muons of the Global Muon Trigger. `hwEta` and `hwPhi` are at the muon station, `...AtVtx`
 * extrapolated to the vertex. `hwCharge` 1 is negative and counts only where `hwChargeValid` is
 * 1. `spare` is bit 61 (muon showers ride on it); `extra` is the third word without the eta in
 * use: bit 0 says which of the link's two etas that is, bits 1-12 are left of bx.
 */
export const gmtKinds = {
  muons: {
    perCrossing: 8,
    columns: {
      hwPt: "uint16",
      hwEta: "int16",
      hwPhi: "uint16",
      hwEtaAtVtx: "int16",
      hwPhiAtVtx: "uint16",
      hwQual: "uint8",
      hwIso: "uint8",
      hwCharge: "uint8",
      hwChargeValid: "uint8",
      tfMuonIndex: "uint8",
      hwPtUnconstrained: "uint8",
      hwDXY: "uint8",
      spare: "uint8",
      extra: "uint32",
    },
  },
} as const;

const links = 8;
const { perCrossing } = gmtKinds.muons;

/** Bit 0 of the third word chooses between eta at bit 13 and at bit 22. */
const etaShift = (third: number) => ((third & 1) === 0 ? 13 : 22);

/**
 * GMT blocks: header with first muons [19:16] and second muons [3:0] of eight links, then three
 * words a muon. Intermediate muons (bit 31 of the third word) and those without pt or quality
 * are dropped, as in CMSSW. Eta is two's complement throughout; CMSSW leaves a station eta of
 * -256 at +256. Source: cmssw EventFilter/L1ScoutingRawToDigi, masks.h, shifts.h,
 * ScGMTRawToDigi.cc.
 */
export const gmtFormat: BlockFormat<typeof gmtKinds> = {
  name: "gmt",
  kinds: gmtKinds,
  headerWords: 3,
  headerRest: ~0x000f0000, // the second muons stay: offsets do not tell them from the first
  bodyWords(header) {
    const [first, second] = [(header >>> 16) & 15, header & 15];
    return first > links || second > links ? -1 : 3 * (first + second);
  },
  countProblem(header) {
    const [first, second] = [(header >>> 16) & 15, header & 15];
    return `${first} first and ${second} second muons announced, at most ${links} each`;
  },
  unpack(words, { at, end, bx }, into) {
    const { offsets, columns } = into.objects.muons;
    const { hwPt, hwEta, hwPhi, hwEtaAtVtx, hwPhiAtVtx, hwQual, hwIso, hwCharge } = columns;
    const { hwChargeValid, tfMuonIndex, hwPtUnconstrained, hwDXY, spare, extra } = columns;
    const { blocks } = into;
    const secondAt = end - 3 * (blocks.header[blocks.count] & 15);
    const start = offsets[bx - 1];
    let n = start;
    for (let w = at; w < end; w += 3) {
      const low = words[w];
      const high = words[w + 1];
      const third = words[w + 2];
      const pt = (low >>> 10) & 0x1ff;
      const quality = (low >>> 19) & 15;
      if (third < 0 || pt === 0 || quality === 0) {
        into.dropped++;
        if (w >= secondAt) blocks.header[blocks.count]--;
        continue;
      }
      if (n - start === perCrossing)
        return `more than ${perCrossing} final muons; is this a gmt stream?`;
      const shift = etaShift(third);
      hwPt[n] = pt;
      hwEta[n] = ((third >>> shift) << 23) >> 23;
      hwPhi[n] = (high >>> 11) & 0x3ff;
      hwEtaAtVtx[n] = low >> 23;
      hwPhiAtVtx[n] = low & 0x3ff;
      hwQual[n] = quality;
      hwIso[n] = high & 3;
      hwCharge[n] = (high >>> 2) & 1;
      hwChargeValid[n] = (high >>> 3) & 1;
      tfMuonIndex[n] = (high >>> 4) & 0x7f;
      hwPtUnconstrained[n] = (high >>> 21) & 0xff;
      hwDXY[n] = high >>> 30;
      spare[n] = (high >>> 29) & 1;
      extra[n] = third & ~(0x1ff << shift);
      n++;
    }
    offsets[bx] = n;
    return null;
  },
  counts: ({ objects: { muons } }, bx, header) =>
    (muons.offsets[bx] - muons.offsets[bx - 1] - (header & 15)) << 16,
  pack({ objects: { muons } }, bx, words, at) {
    const { offsets, columns: c } = muons;
    for (let i = offsets[bx - 1], w = at; i < offsets[bx]; i++) {
      words[w++] =
        c.hwPhiAtVtx[i] | (c.hwPt[i] << 10) | (c.hwQual[i] << 19) | (c.hwEtaAtVtx[i] << 23);
      words[w++] =
        c.hwIso[i] |
        (c.hwCharge[i] << 2) |
        (c.hwChargeValid[i] << 3) |
        (c.tfMuonIndex[i] << 4) |
        (c.hwPhi[i] << 11) |
        (c.hwPtUnconstrained[i] << 21) |
        (c.spare[i] << 29) |
        (c.hwDXY[i] << 30);
      words[w++] = c.extra[i] | ((c.hwEta[i] & 0x1ff) << etaShift(c.extra[i]));
    }
  },
};
