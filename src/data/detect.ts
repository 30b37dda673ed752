import { open, stat } from "node:fs/promises";
import { constants, gunzipSync } from "node:zlib";
import { FormatError } from "../base/errors.ts";

export type TableFormat = "csv" | "csv.gz" | "parquet" | "root";

/** Bytes of head that tell the format and hold the header line of a CSV file. */
const headBytes = 1 << 18;

const rootMagic: readonly number[] = [0x72, 0x6f, 0x6f, 0x74];

const foreign: readonly [string, readonly number[]][] = [
  ["a ROOT file", rootMagic],
  ["a PNG image", [0x89, 0x50, 0x4e, 0x47]],
  ["a ZIP archive", [0x50, 0x4b, 0x03, 0x04]],
  ["an HDF5 file", [0x89, 0x48, 0x44, 0x46]],
  ["a NumPy file", [0x93, 0x4e, 0x55, 0x4d]],
  ["a PDF document", [0x25, 0x50, 0x44, 0x46]],
];

/** A path in two: "nano.root:Events" names a tree in a ROOT file. */
export function splitTreePath(path: string): { file: string; tree: string | null } {
  const [, file = path, tree = null] = /^(.*?\.root)(?::(.+))?$/i.exec(path) ?? [];
  return { file, tree };
}

/** The format a file name claims, null for any other ending. */
export function formatOfName(path: string): TableFormat | null {
  const name = path.toLowerCase();
  if (name.endsWith(".parquet")) return "parquet";
  if (name.endsWith(".csv.gz")) return "csv.gz";
  if (splitTreePath(name).file.endsWith(".root")) return "root";
  return name.endsWith(".csv") ? "csv" : null;
}

/**
 * Format of a table file by content, checked against its name, with the first bytes of its text
 * (CSV, decompressed). `FormatError` for a missing, empty, foreign or misnamed file.
 */
export async function detectFormat(path: string): Promise<{ format: TableFormat; head: string }> {
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === "ENOENT" ? "no such file" : cause.message;
    throw new FormatError(`${path}: ${reason}`, { cause });
  });
  if (info.isDirectory()) throw new FormatError(`${path}: is a folder; name a file in it`);
  if (info.size === 0) throw new FormatError(`${path}: the file is empty`);
  const { head, tail } = await ends(path, info.size);
  const named = formatOfName(path);
  const isRoot = rootMagic.every((byte, i) => head[i] === byte);
  if (isRoot && named === "root") return { format: "root", head: "" };
  if (isRoot && named === null)
    throw new FormatError(`${path}: unknown ending; found a ROOT file; name it .root`);
  const other = foreign.find(([, magic]) => magic.every((byte, i) => head[i] === byte));
  if (other !== undefined)
    throw new FormatError(
      `${path}: expected a ${named ?? "CSV or Parquet"} file, found ${other[0]}`,
    );
  if (named === "root" && head.includes(0))
    throw new FormatError(`${path}: not a ROOT file: it does not start with "root"`);
  const found = formatOfContent(path, head, tail);
  if (named === null)
    throw new FormatError(
      `${path}: unknown ending; found ${found} content; name it .csv, .csv.gz or .parquet`,
    );
  if (named !== found)
    throw new FormatError(
      `${path}: expected ${named} by its name, found ${found} content; rename it`,
    );
  const text = found === "csv.gz" ? gunzipHead(path, head) : head;
  if (found !== "parquet" && text.includes(0))
    throw new FormatError(`${path}: expected CSV text, found binary data`);
  return { format: found, head: found === "parquet" ? "" : text.toString("utf8") };
}

async function ends(path: string, size: number): Promise<{ head: Buffer; tail: string }> {
  const file = await open(path).catch((cause: Error) => {
    throw new FormatError(`${path}: cannot be read: ${cause.message}`, { cause });
  });
  try {
    const head = Buffer.alloc(Math.min(headBytes, size));
    await file.read(head, 0, head.length, 0);
    const tail = Buffer.alloc(Math.min(4, size));
    await file.read(tail, 0, tail.length, size - tail.length);
    return { head, tail: tail.toString("latin1") };
  } finally {
    await file.close();
  }
}

function formatOfContent(path: string, head: Buffer, tail: string): TableFormat {
  if (head.toString("latin1", 0, 4) === "PAR1") {
    if (tail === "PAR1") return "parquet";
    throw new FormatError(
      `${path}: Parquet file is truncated: its end mark is missing; copy it again`,
    );
  }
  if (head[0] === 0x1f && head[1] === 0x8b) return "csv.gz";
  if (head.includes(0)) throw new FormatError(`${path}: neither CSV nor Parquet: binary data`);
  return "csv";
}

function gunzipHead(path: string, head: Buffer): Buffer {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw gzipError(path, cause);
  }
}

/** What to say of a gzip stream that zlib refuses. */
export function gzipError(path: string, cause: unknown): FormatError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FormatError(`${path}: gzip data is corrupt or truncated (${reason}); copy it again`, {
    cause,
  });
}
