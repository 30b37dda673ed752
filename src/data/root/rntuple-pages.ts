import { FormatError } from "../../base/errors.ts";
import type { Piece } from "./fetch.ts";
import type { Envelope, LittleReader } from "./rntuple-envelope.ts";
import type { ClusterGroup } from "./rntuple-schema.ts";

/** A compressed piece of a column. */
export interface NtuplePage {
  readonly elements: number;
  /** Its XXH3 stands behind it in the file. */
  readonly hasChecksum: boolean;
  readonly piece: Piece;
}

/** Entries whose pages belong together. */
export interface NtupleCluster {
  readonly first: number;
  readonly entries: number;
  /** Pages by column; null where another representation holds the values. */
  readonly pages: readonly (readonly NtuplePage[] | null)[];
}

const sharded = 1;

/**
 * The clusters of a group.
 * @see RNTuple Binary Format Specification 1.0, "Page List Envelope"
 */
export function readPageList(
  { reader }: Envelope,
  group: ClusterGroup,
  { headerChecksum, where }: { headerChecksum: bigint; where: string },
): NtupleCluster[] {
  if (reader.bits64() !== headerChecksum)
    throw new FormatError(`${where}: it belongs to another header`);
  const summaries = reader.list(() => reader.record(() => readSummary(reader)));
  const pages = reader.list(() => reader.list(() => readColumnPages(reader)));
  const entries = summaries.reduce((sum, cluster) => sum + cluster.entries, 0);
  if (
    summaries.length !== pages.length ||
    summaries.length !== group.clusters ||
    entries !== group.entries
  )
    throw new FormatError(
      `${where}: ${summaries.length} clusters of ${entries} entries with pages for ` +
        `${pages.length}, expected ${group.clusters} of ${group.entries}`,
    );
  return summaries.map((summary, i) => ({ ...summary, pages: pages[i] }));
}

function readSummary(reader: LittleReader): { first: number; entries: number } {
  const first = reader.u64();
  const packed = reader.bits64(); // 56 bits of entries, 8 of flags
  if (Number(packed >> 56n) & sharded)
    throw reader.error("a sharded cluster, which this reader does not know");
  return { first, entries: Number(packed & 0xff_ffff_ffff_ffffn) };
}

function readColumnPages(reader: LittleReader): NtuplePage[] | null {
  return reader.list(
    () => {
      const elements = reader.i32(); // negative: with a checksum
      return { elements: Math.abs(elements), hasChecksum: elements < 0, piece: reader.locator() };
    },
    (pages) => (reader.i64() < 0 ? null : pages),
  );
}
