/**
 * The slow twin of the decoders: every field cut out of the bits of a little-endian number with
 * BigInt, from a table of its own, an object at a time. No checks: only for orbits that are right.
 */
type Fields = Readonly<Record<string, readonly [low: number, bits: number, isSigned?: boolean]>>;
export type SlowObject = Readonly<Record<string, number>>;

const muon: Fields = {
  hwPhiAtVtx: [0, 10],
  hwPt: [10, 9],
  hwQual: [19, 4],
  hwEtaAtVtx: [23, 9, true],
  hwIso: [32, 2],
  hwCharge: [34, 1],
  hwChargeValid: [35, 1],
  tfMuonIndex: [36, 7],
  hwPhi: [43, 10],
  hwPtUnconstrained: [53, 8],
  spare: [61, 1],
  hwDXY: [62, 2],
  selector: [64, 1],
  eta1: [77, 9, true],
  eta2: [86, 9, true],
  intermediate: [95, 1],
};
const jet: Fields = {
  hwPt: [0, 11],
  hwEta: [11, 8, true],
  hwPhi: [19, 8],
  hwDisplaced: [27, 1],
  hwQual: [28, 2],
};
const cluster: Fields = {
  hwPt: [0, 9],
  hwEta: [9, 8, true],
  hwPhi: [17, 8],
  hwIso: [25, 2],
};
const sum: Fields = { hwPt: [0, 12], hwPhi: [12, 8], spare: [20, 12] };
const stub: Fields = {
  hwPhi: [1, 12, true],
  hwPhiB: [13, 10, true],
  hwQual: [23, 3],
  hwEta: [26, 7],
  hwQEta: [33, 7],
  station: [40, 2],
  wheel: [42, 3, true],
};
const tower: Fields = {
  hwPt: [0, 9],
  erBits: [9, 3],
  miscBits: [12, 4],
  hwPhi: [16, 8],
  hwEta: [24, 8, true],
};

function cut(bytes: Uint8Array, at: number, size: number, fields: Fields): Record<string, number> {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]);
  return Object.fromEntries(
    Object.entries(fields).map(([name, [low, bits, isSigned]]) => {
      const raw = (value >> BigInt(low)) & ((1n << BigInt(bits)) - 1n);
      return [name, Number(isSigned ? BigInt.asIntN(bits, raw) : raw)];
    }),
  );
}

/** Objects by kind, each with its bx. */
export type SlowOrbit = Record<string, SlowObject[]>;

export function slowDecode(format: string, bytes: Uint8Array): SlowOrbit {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u32 = (at: number) => view.getUint32(at, true);
  const out: SlowOrbit = {};
  const list = (kind: string) => {
    out[kind] ??= [];
    return out[kind];
  };
  const calo = (kind: string, fields: Fields, at: number, n: number, bx: number, slot: number) => {
    for (let k = 0; k < n; k++) {
      const object = cut(bytes, at + 4 * k, 4, fields);
      if (kind === "sums") list(kind).push({ bx, ...object });
      else if (object.hwPt > 0) list(kind).push({ bx, slot: slot + k, ...object });
    }
  };
  let at = 0;
  while (at < bytes.length) {
    const header = u32(at);
    const bx = u32(at + (format === "sums" ? 0 : 4));
    at += format === "sums" ? 8 : 12;
    if (format === "gmt") {
      const n = (header & 15) + ((header >> 16) & 15);
      for (let k = 0; k < n; k++, at += 12) {
        const { selector, eta1, eta2, intermediate, ...m } = cut(bytes, at, 12, muon);
        if (intermediate === 1 || m.hwPt === 0 || m.hwQual === 0) continue;
        list("muons").push({ bx, ...m, hwEta: selector === 1 ? eta2 : eta1 });
      }
    } else if (format === "calo") {
      for (const [kind, fields, link1, link2] of [
        ["jets", jet, 11, 4],
        ["egs", cluster, 25, 18],
        ["taus", cluster, 53, 46],
      ] as const) {
        calo(kind, fields, at - 12 + 4 * link1, 6, bx, 0);
        calo(kind, fields, at - 12 + 4 * link2, 6, bx, 6);
      }
      calo("sums", sum, at - 12 + 4 * 39, 6, bx, 0);
      at += 236 - 12;
    } else if (format === "sums") {
      calo("sums", sum, at, 6, bx, 0);
      at += 24;
    } else if (format === "stubs") {
      const seen = new Set<string>();
      for (let k = header & 255; k > 0; k--, at += 8) {
        const s = cut(bytes, at, 8, stub);
        const chamber = `${s.station} ${s.wheel}`;
        list("stubs").push({ bx, ...s, station: s.station + 1, tag: seen.has(chamber) ? 0 : 1 });
        seen.add(chamber);
      }
    } else if (format === "towers") {
      for (let k = header; k > 0; k--, at += 4)
        list("towers").push({ bx, ...cut(bytes, at, 4, tower) });
    } else {
      const n = header & 255;
      calo(format, format === "jets" ? jet : cluster, at, n, bx, 0);
      at += 4 * n;
    }
  }
  return out;
}
