import { createDecoder, type OrbitDecoder, type OrbitOf } from "../../../cms/scouting/decoder.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { bmtfSector, formatOfSource } from "../../../cms/scouting/sources.ts";
import { mergeObjects } from "./merge-objects.ts";

/** Objects that only some streams have, and their columns. */
export const extraColumns = {
  /** Of the barrel muon track finder: azimuth, rad in [-pi, pi). */
  stubs: ["phi"],
  /** Of the calorimeter: transverse energy, GeV, and place on the grid. */
  towers: ["et", "ieta", "iphi"],
} as const;
export type ExtraKind = keyof typeof extraColumns;
export const extraKinds = ["stubs", "towers"] as const satisfies readonly ExtraKind[];

/** Extra objects of one kind; room is made as it is needed. */
export interface ExtraObjects {
  /** Whether the stream had them in this orbit. */
  isThere: boolean;
  /** [3565] */
  readonly offsets: Uint32Array;
  /** [room] */
  readonly columns: Record<string, Float64Array>;
}
export type Extras = Readonly<Record<ExtraKind, ExtraObjects>>;

export function createExtras(): Extras {
  const objects = (kind: ExtraKind): ExtraObjects => ({
    isThere: false,
    offsets: new Uint32Array(crossingsPerOrbit + 1),
    columns: Object.fromEntries(extraColumns[kind].map((c) => [c, new Float64Array(0)])),
  });
  return { stubs: objects("stubs"), towers: objects("towers") };
}

/** Fills the extra objects from the sources that have them, by id. */
export interface ExtraDecoder {
  /** @throws FormatError for blocks that are not what they should be. */
  decode(payloads: ReadonlyMap<number, Uint8Array>, orbit: number, into: Extras): void;
}

/** Stubs of a sector in an orbit: 18 in each crossing. */
const maxStubs = 2 ** 16;
/** Steps of a stub's azimuth in its sector: 4096 to a radian, by convention; no real stubs were at hand to compare. */
const stubPhi = 1 / 4096;
/** Twelve sectors, the first around zero. */
const sectorPhi = Math.PI / 6;
const towerEt = 0.5;

/** Decoders are made when the first of their objects come. */
export function createExtraDecoder(): ExtraDecoder {
  const sectors = new Map<number, OrbitOf<"stubs">>();
  let stubDecoder: OrbitDecoder<"stubs"> | null = null;
  let towerDecoder: OrbitDecoder<"towers"> | null = null;

  function decodeStubs(given: readonly (readonly [number, Uint8Array])[], orbit: number) {
    return given.map(([source, payload]) => {
      stubDecoder ??= createDecoder("stubs", { maxObjectsPerOrbit: maxStubs });
      const sector = sectors.get(source) ?? stubDecoder.create();
      sectors.set(source, sector);
      const { offsets, columns } = stubDecoder.decode(payload, sector, orbit).objects.stubs;
      return { offsets, columns, center: bmtfSector(source) * sectorPhi };
    });
  }

  return {
    decode(payloads, orbit, { stubs, towers }) {
      const stubSources = [...payloads].filter(([source]) => formatOfSource(source) === "stubs");
      stubs.isThere = stubSources.length > 0;
      if (stubs.isThere) {
        const lists = decodeStubs(stubSources, orbit);
        const { phi } = room(stubs, lists);
        mergeObjects(lists, stubs.offsets, (k, i, n) => {
          const { columns, center } = lists[k];
          const angle = center + columns.hwPhi[i] * stubPhi;
          phi[n] = angle >= Math.PI ? angle - 2 * Math.PI : angle;
        });
      }
      const [payload] = [...payloads].filter(([source]) => formatOfSource(source) === "towers");
      towers.isThere = payload !== undefined;
      if (payload === undefined) return;
      towerDecoder ??= createDecoder("towers");
      const list = towerDecoder.decode(payload[1], undefined, orbit).objects.towers;
      const { et, ieta, iphi } = room(towers, [list]);
      const { hwPt, hwEta, hwPhi } = list.columns;
      towers.offsets.set(list.offsets);
      for (let i = 0; i < list.offsets[crossingsPerOrbit]; i++) {
        et[i] = hwPt[i] * towerEt;
        ieta[i] = hwEta[i];
        iphi[i] = hwPhi[i];
      }
    },
  };
}

/** Columns with room for all objects of the lists. */
function room(
  { columns }: ExtraObjects,
  lists: readonly { readonly offsets: Uint32Array }[],
): Record<string, Float64Array> {
  const n = lists.reduce((sum, { offsets }) => sum + offsets[crossingsPerOrbit], 0);
  for (const [name, values] of Object.entries(columns))
    if (values.length < n) columns[name] = new Float64Array(2 * n);
  return columns;
}
