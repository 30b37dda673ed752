import { FormatError } from "../../../base/errors.ts";
import { caloSlots } from "../../../cms/scouting/calo-words.ts";
import { createDecoder, type OrbitDecoder, type OrbitOf } from "../../../cms/scouting/decoder.ts";
import {
  clearOrbit,
  crossingsPerOrbit,
  type OrbitCollection,
} from "../../../cms/scouting/orbit-objects.ts";
import { isCaloTcp } from "../../../cms/scouting/sources.ts";
import { mergeObjects } from "./merge-objects.ts";

/** Objects that the calorimeter sends over TCP, a source or more for each kind. */
export const tcpKinds = ["jets", "egs", "taus", "sums"] as const;
export type TcpKind = (typeof tcpKinds)[number];
/** Source ids by kind. */
export type CaloTcp = Readonly<Record<TcpKind, readonly number[]>>;
export const noCaloTcp: CaloTcp = { jets: [], egs: [], taus: [], sums: [] };

/** Fills the calorimeter of an orbit from its sources over TCP, as DMA would. */
export interface CaloTcpDecoder {
  /**
   * @returns false where there are none.
   * @throws FormatError for blocks that are not what they should be, or sources of no known kind.
   */
  decode(payloads: ReadonlyMap<number, Uint8Array>, orbit: number, into: OrbitOf<"calo">): boolean;
}

interface Part {
  readonly kind: TcpKind;
  readonly decoder: OrbitDecoder<TcpKind>;
  readonly orbit: OrbitOf<TcpKind>;
  /** Its only objects. */
  readonly list: OrbitCollection;
}

/** Decoders are made when the first of their objects come. */
export function createCaloTcpDecoder(kinds: CaloTcp): CaloTcpDecoder {
  const parts = new Map<number, Part>();
  const partOf = (source: number): Part => {
    const known = parts.get(source);
    if (known) return known;
    const kind = tcpKinds.find((name) => kinds[name].includes(source));
    if (kind === undefined)
      throw new FormatError(`source ${source}: say in scout.caloTcp which objects it has`);
    const decoder = createDecoder<TcpKind>(kind);
    const orbit = decoder.create();
    const [list] = Object.values<OrbitCollection>(orbit.objects);
    const part = { kind, decoder, orbit, list };
    parts.set(source, part);
    return part;
  };
  return {
    decode(payloads, orbit, into) {
      const sources = [...payloads].filter(([source]) => isCaloTcp(source));
      if (sources.length === 0) return false;
      clearOrbit(into);
      into.orbit = orbit;
      const given = sources.map(([source, payload]) => {
        const part = partOf(source);
        part.decoder.decode(payload, part.orbit, orbit);
        return part;
      });
      for (const kind of tcpKinds) {
        const lists = given.filter((part) => part.kind === kind).map(({ list }) => list);
        merge(kind, lists, into.objects[kind]);
      }
      listBlocks(given, into);
      return true;
    },
  };
}

function merge(kind: TcpKind, lists: readonly OrbitCollection[], into: OrbitCollection): void {
  const names = Object.keys(into.columns).filter((name) => name !== "slot");
  const most = kind === "sums" ? 6 : caloSlots;
  const count = mergeObjects(lists, into.offsets, (k, i, n) => {
    for (const name of names) into.columns[name][n] = lists[k].columns[name][i];
  });
  if (count > most)
    throw new FormatError(`${kind} over TCP: ${count} in a crossing, at most ${most}`);
  if (!("slot" in into.columns)) return;
  for (let b = 1; b <= crossingsPerOrbit; b++)
    for (let i = into.offsets[b - 1]; i < into.offsets[b]; i++)
      into.columns.slot[i] = i - into.offsets[b - 1];
}

/** The crossings with a block of any of the sources. */
function listBlocks(parts: readonly Part[], { blocks }: OrbitOf<"calo">): void {
  const isThere = new Uint8Array(crossingsPerOrbit + 1);
  for (const { orbit } of parts)
    for (let k = 0; k < orbit.blocks.count; k++) isThere[orbit.blocks.bx[k]] = 1;
  for (let b = 1; b <= crossingsPerOrbit; b++)
    if (isThere[b]) {
      blocks.bx[blocks.count] = b;
      blocks.header[blocks.count] = 0;
      blocks.flag[blocks.count++] = 0;
    }
}
