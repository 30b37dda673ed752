import { FormatError } from "../../base/errors.ts";
import { loadChecksums } from "./checksum.ts";
import { type ColumnValues, elements, type NumberType } from "./element.ts";
import { fetchPieces } from "./fetch.ts";
import type { ReadFrom } from "./read-columns.ts";
import { decodePage, elementOf, pageBytes } from "./rntuple-decode.ts";
import type { NtuplePage } from "./rntuple-pages.ts";
import type { NtupleColumn } from "./rntuple-schema.ts";

/** Elements [from, to) of a column, counted within a cluster. */
export interface ElementRequest {
  readonly column: NtupleColumn;
  readonly pages: readonly NtuplePage[];
  readonly from: number;
  readonly to: number;
  /** Elements in the cluster where the entries say it; null inside of collections. */
  readonly total: number | null;
  /** File, field and cluster, for messages. */
  readonly where: string;
}

interface PagePart {
  readonly request: number;
  readonly page: NtuplePage;
  /** Number of the page and of its first element. */
  readonly index: number;
  readonly first: number;
}

const checksumBytes = 8;
const mostElements = 2 ** 32 - 1;

/**
 * Fetches, checks, unpacks and decodes all pages that hold the elements.
 * Throws `FormatError` naming field, cluster and page.
 */
export async function readElements(
  { source, decompress }: ReadFrom,
  requests: readonly ElementRequest[],
): Promise<ColumnValues[]> {
  const parts = requests.flatMap(pageParts);
  const whereOf = ({ request, index }: PagePart) => `${requests[request].where}, page ${index}`;
  const stored = await fetchPieces(
    source,
    parts.map(({ page: { piece, hasChecksum } }) => ({
      seek: piece.seek,
      bytes: piece.bytes + (hasChecksum ? checksumBytes : 0),
    })),
  );
  const { xxh3 } = await loadChecksums();
  const jobs = parts.map((part, i) => {
    const { page, request } = part;
    const bytes = stored[i].subarray(0, page.piece.bytes);
    if (page.hasChecksum && xxh3(bytes) !== checksumBehind(stored[i], page.piece.bytes))
      throw new FormatError(`${whereOf(part)}: the checksum does not match; the file is corrupt`);
    return {
      bytes,
      size: pageBytes(requests[request].column, page.elements),
      where: whereOf(part),
    };
  });
  const unpacked = await decompress(jobs);
  const results = requests.map(({ column, from, to }) => {
    if (!(to - from <= mostElements)) throw new FormatError(`${to - from} elements asked for`);
    return elements[elementOf(column) as NumberType].make(to - from);
  });
  for (const [i, { request, page, first }] of parts.entries()) {
    const { column, from, to } = requests[request];
    const values = decodePage(column, unpacked[i], page.elements);
    if (results[request].length === values.length && first === from) results[request] = values;
    else {
      const part = values.subarray(Math.max(0, from - first), Math.max(0, to - first));
      results[request].set(part as never, Math.max(0, first - from)); // both of the column's type
    }
  }
  return results;
}

/** The pages that overlap with a request. Throws `FormatError` where some are missing. */
function pageParts(request: ElementRequest, i: number): PagePart[] {
  const { column, pages, from, to, total, where } = request;
  const stored = pages.reduce((sum, page) => sum + page.elements, 0);
  // Before the first page of a column that came while writing, everything is zero.
  const lead = column.isDeferred && total !== null ? Math.max(0, total - stored) : 0;
  if (to > lead + stored)
    throw new FormatError(
      `${where}: ${lead + stored} elements in column ${column.id}, expected ${to} or more`,
    );
  let first = lead;
  return pages.flatMap((page, index) => {
    const start = first;
    first += page.elements;
    const overlaps = start < to && first > from;
    return overlaps ? [{ request: i, page, index, first: start }] : [];
  });
}

function checksumBehind(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + at, checksumBytes).getBigUint64(0, true);
}
