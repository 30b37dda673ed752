import type { Rng } from "../../../src/base/rng.ts";
import {
  createDecoder,
  type OrbitOf,
  type ScoutingFormat,
  scoutingFormats,
} from "../../../src/cms/scouting/decoder.ts";
import { crossingsPerOrbit, type OrbitObjects } from "../../../src/cms/scouting/orbit-objects.ts";

/** Lowest and highest value of every column. */
type Ranges = Readonly<Record<string, readonly [number, number]>>;
const cluster: Ranges = {
  hwPt: [1, 511],
  hwEta: [-128, 127],
  hwPhi: [0, 255],
  hwIso: [0, 3],
  spare: [0, 31],
};
const ranges: Readonly<Record<string, Ranges>> = {
  muons: {
    hwPt: [1, 511],
    hwEta: [-256, 255],
    hwPhi: [0, 1023],
    hwEtaAtVtx: [-256, 255],
    hwPhiAtVtx: [0, 1023],
    hwQual: [1, 15],
    hwIso: [0, 3],
    hwCharge: [0, 1],
    hwChargeValid: [0, 1],
    tfMuonIndex: [0, 127],
    hwPtUnconstrained: [0, 255],
    hwDXY: [0, 3],
    spare: [0, 1],
  },
  jets: {
    hwPt: [1, 2047],
    hwEta: [-128, 127],
    hwPhi: [0, 255],
    hwDisplaced: [0, 1],
    hwQual: [0, 3],
    spare: [0, 3],
  },
  egs: cluster,
  taus: cluster,
  sums: { hwPt: [0, 4095], hwPhi: [0, 255], spare: [0, 4095] },
  links: { word: [0, 2 ** 32 - 1] },
  stubs: {
    hwPhi: [-2048, 2047],
    hwPhiB: [-512, 511],
    hwQual: [0, 7],
    hwEta: [0, 127],
    hwQEta: [0, 127],
    station: [1, 4],
    wheel: [-2, 2],
  },
  towers: { hwPt: [0, 511], hwPhi: [1, 72], erBits: [0, 7], miscBits: [0, 15] },
};

/** Objects that a block always has. */
const fixed: Readonly<Record<string, number>> = { sums: 6, links: 14 };

/** An orbit of random objects: about `blocks` blocks of up to `perBlock` objects of a kind. */
export function randomOrbit<F extends ScoutingFormat>(
  format: F,
  rng: Rng,
  { blocks = 12, perBlock = 5, into = createDecoder(format).create() } = {},
): OrbitOf<F> {
  const orbit = into as OrbitObjects;
  const integer = ([low, high]: readonly [number, number]) => low + rng.integer(high - low + 1);
  orbit.orbit = rng.integer(2 ** 31);
  orbit.blocks.count = 0;
  orbit.dropped = 0;
  const lists = Object.entries(scoutingFormats[format].kinds).map(([kind, { perCrossing }]) => ({
    kind,
    most: Math.min(perCrossing, perBlock),
    fields: Object.entries(ranges[kind]),
    ...orbit.objects[kind],
  }));
  for (let bx = 1; bx <= crossingsPerOrbit; bx++) {
    const hasBlock = rng.uniform() < blocks / crossingsPerOrbit;
    let [second, total] = [0, 0];
    for (const { kind, most, fields, offsets, columns } of lists) {
      offsets[bx] = offsets[bx - 1];
      if (!hasBlock) continue;
      let n = offsets[bx - 1];
      const count = fixed[kind] ?? rng.integer(most + 1);
      const chambers = new Set<string>();
      for (let k = 0; k < count; k++, n++) {
        for (const [name, range] of fields) columns[name][n] = integer(range);
        if (kind === "muons") {
          const selector = rng.integer(2);
          const eta = selector === 0 ? 0x1ff << 13 : 0x1ff << 22;
          columns.extra[n] = ((rng.bits() & 0x7ffffffe & ~eta) | selector) >>> 0;
        } else if (kind === "stubs") {
          columns.rest[n] = (rng.bits() & 0xffffe001) >>> 0;
          const chamber = `${columns.station[n]} ${columns.wheel[n]}`;
          columns.tag[n] = chambers.has(chamber) ? 0 : 1;
          chambers.add(chamber);
        } else if (kind === "towers")
          columns.hwEta[n] = integer([1, 41]) * (1 - 2 * rng.integer(2));
        if ("slot" in columns) columns.slot[n] = k;
      }
      offsets[bx] = n;
      total += count;
      if (kind === "muons") second = Math.max(rng.integer(total + 1), total - 8);
    }
    if (!hasBlock) continue;
    const b = orbit.blocks.count++;
    const { headerRest, headerWords } = scoutingFormats[format];
    orbit.blocks.bx[b] = bx;
    orbit.blocks.flag[b] = rng.integer(2);
    orbit.blocks.header[b] = headerWords === 3 ? rng.bits() & headerRest : 0;
    if (format === "gmt") orbit.blocks.header[b] = (orbit.blocks.header[b] & ~15) | second;
  }
  if (orbit.blocks.count === 0) orbit.orbit = -1;
  return into;
}

/** What an orbit holds, without the room behind it, as text that compares fast. */
export function contents({ orbit, dropped, blocks, objects }: OrbitObjects) {
  const { count, bx, header, flag } = blocks;
  const first = (values: Uint8Array | Uint16Array | Uint32Array) =>
    values.slice(0, count).join(" ");
  const kinds = Object.entries(objects).map(([kind, { offsets, columns }]) => {
    const n = offsets[crossingsPerOrbit];
    const named = Object.entries(columns).map(([name, v]) => [name, v.slice(0, n).join(" ")]);
    return [kind, { offsets: offsets.join(" "), ...Object.fromEntries(named) }];
  });
  const texts = { bx: first(bx), header: first(header), flag: first(flag) };
  return { orbit, dropped, ...texts, objects: Object.fromEntries(kinds) };
}
