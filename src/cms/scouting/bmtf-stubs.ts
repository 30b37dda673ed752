import type { BlockFormat } from "./blocks.ts";

/**
 * Stubs of the Barrel Muon Track Finder, of one sector (the source says which, `bmtfSector`).
 * `hwPhi` and `hwPhiB` (bending) are signed; station 1-4, wheel -2 ... 2; `tag` is 1 for the first
 * stub of a chamber in its crossing. `rest` keeps the other bits: valid [0], reserved [15:13] and
 * the stub's own bx [31:16].
 */
export const stubKinds = {
  stubs: {
    perCrossing: 255,
    columns: {
      hwPhi: "int16",
      hwPhiB: "int16",
      hwQual: "uint8",
      hwEta: "uint8",
      hwQEta: "uint8",
      station: "uint8",
      wheel: "int8",
      tag: "uint8",
      rest: "uint32",
    },
  },
} as const;

/** Bits of the high half that `rest` keeps. */
const highRest = ~0x1fff;
const maxWheel = 2;

/**
 * BMTF blocks: header with the count in its low 8 bits, bx, orbit, then stubs of 64 bits, low
 * half first. Source: cmssw EventFilter/L1ScoutingRawToDigi, shifts.h (bmtf), ScBMTFRawToDigi.cc,
 * which looks up chambers before it gives the wheel its sign.
 */
export const stubFormat: BlockFormat<typeof stubKinds> = {
  name: "stubs",
  kinds: stubKinds,
  headerWords: 3,
  headerRest: ~0xff,
  bodyWords: (header) => 2 * (header & 0xff),
  countProblem: () => "",
  unpack(words, { at, end, bx }, into) {
    const { offsets, columns } = into.objects.stubs;
    const { hwPhi, hwPhiB, hwQual, hwEta, hwQEta, station, wheel, tag, rest } = columns;
    let n = offsets[bx - 1];
    let chambers = 0;
    for (let w = at; w < end; w += 2, n++) {
      const low = words[w];
      const high = words[w + 1];
      const side = (high << 19) >> 29;
      if (side < -maxWheel || side > maxWheel)
        return `stub ${(w - at) / 2} is in wheel ${side}, expected -${maxWheel} to ${maxWheel}`;
      hwPhi[n] = (low << 19) >> 20;
      hwPhiB[n] = (low << 9) >> 22;
      hwQual[n] = (low >>> 23) & 7;
      hwEta[n] = (low >>> 26) | ((high & 1) << 6);
      hwQEta[n] = (high >>> 1) & 0x7f;
      station[n] = ((high >>> 8) & 3) + 1;
      wheel[n] = side;
      rest[n] = (low & 1) | (high & highRest);
      const chamber = 1 << (5 * (station[n] - 1) + side + maxWheel);
      tag[n] = (chambers & chamber) === 0 ? 1 : 0;
      chambers |= chamber;
    }
    offsets[bx] = n;
    return null;
  },
  counts: ({ objects: { stubs } }, bx) => stubs.offsets[bx] - stubs.offsets[bx - 1],
  pack({ objects: { stubs } }, bx, words, at) {
    const { offsets, columns: c } = stubs;
    for (let i = offsets[bx - 1], w = at; i < offsets[bx]; i++) {
      const phi = ((c.hwPhi[i] & 0xfff) << 1) | ((c.hwPhiB[i] & 0x3ff) << 13);
      words[w++] = (c.rest[i] & 1) | phi | (c.hwQual[i] << 23) | (c.hwEta[i] << 26);
      const chamber = ((c.station[i] - 1) << 8) | ((c.wheel[i] & 7) << 10);
      words[w++] = (c.hwEta[i] >>> 6) | (c.hwQEta[i] << 1) | chamber | (c.rest[i] & highRest);
    }
  },
};
