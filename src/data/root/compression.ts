import { FormatError } from "../../base/errors.ts";
import { type Codecs, loadCodecs, type Method } from "./codecs.ts";

/** Compressed bytes with ROOT's block headers, and what they unpack to. */
export interface DecompressJob {
  readonly bytes: Uint8Array;
  /** Bytes when unpacked; equal to `bytes.length` where they are not compressed. */
  readonly size: number;
  /** File and object, for messages. */
  readonly where: string;
}

/** One compressed block: at most 16 MB of data behind a header of 9 bytes. */
export interface Block {
  readonly method: Method;
  /** Where its data starts and ends. */
  readonly start: number;
  readonly end: number;
  /** Bytes when unpacked. */
  readonly size: number;
}

/** Marks of the methods. @see ROOT core/zip/src/RZip.cxx, R__unzip */
const methods: Readonly<Record<string, Method>> = {
  ZL: "zlib",
  CS: "old zlib",
  XZ: "lzma",
  L4: "lz4",
  ZS: "zstd",
};

const headerBytes = 9;

/** The most a byte can stand for, by the format: what a block claims beyond it is corrupt. */
const largestRatio: Readonly<Record<Method, number>> = {
  zlib: 1032,
  "old zlib": 1032,
  lz4: 255,
  lzma: 1e5,
  zstd: 1e5,
};

/**
 * Unpacks ROOT's compressed blocks, one behind the other; bytes as long as `size` are stored as
 * they are and come back without a copy.
 * @param size - bytes when unpacked, as the key, basket or page list says.
 * @throws `FormatError` naming `where` for an unknown method, sizes that do not add up (before
 *   anything is allocated) and corrupt data.
 */
export async function decompressBlocks(
  bytes: Uint8Array,
  size: number,
  where: string,
): Promise<Uint8Array> {
  if (bytes.length === size) return bytes;
  const blocks = splitBlocks(bytes, size, where);
  const codecs = await loadCodecs();
  const parts: Uint8Array[] = [];
  for (const block of blocks) parts.push(await unpack(codecs, bytes, block, where));
  if (parts.length === 1) return parts[0];
  const out = new Uint8Array(size);
  blocks.reduce((at, block, i) => {
    out.set(parts[i], at);
    return at + block.size;
  }, 0);
  return out;
}

/** `decompressBlocks` for callers that put the place in front of messages themselves. */
export function decompressBlock(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  return decompressBlocks(bytes, size, "compressed data");
}

/** Unpacks job after job in this thread; results in the order of the jobs. */
export async function decompressMany(jobs: readonly DecompressJob[]): Promise<Uint8Array[]> {
  const results: Uint8Array[] = [];
  for (const { bytes, size, where } of jobs)
    results.push(await decompressBlocks(bytes, size, where));
  return results;
}

/** The blocks that make up `size` bytes. Throws `FormatError` where headers do not fit. */
export function splitBlocks(bytes: Uint8Array, size: number, where: string): Block[] {
  const blocks: Block[] = [];
  let [at, unpacked] = [0, 0];
  while (unpacked < size) {
    const block = readHeader(bytes, at, where);
    blocks.push(block);
    at = block.end;
    unpacked += block.size;
  }
  if (unpacked !== size || at !== bytes.length)
    throw new FormatError(
      `${where}: blocks unpack ${at} of ${bytes.length} bytes to ${unpacked}, expected ${size}`,
    );
  return blocks;
}

/** The method of the block at a byte; null for unknown ones. */
export function methodOf(bytes: Uint8Array, at = 0): Method | null {
  return methods[markAt(bytes, at)] ?? null;
}

function markAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at], bytes[at + 1]);
}

function readHeader(bytes: Uint8Array, at: number, where: string): Block {
  const start = at + headerBytes;
  if (start > bytes.length)
    throw new FormatError(`${where}: block header at byte ${at} of ${bytes.length} is cut off`);
  const method = methodOf(bytes, at);
  if (method === null)
    throw new FormatError(
      `${where}: unknown compression ${JSON.stringify(markAt(bytes, at))} at byte ${at}; ` +
        `read are ${Object.keys(methods).join(", ")}`,
    );
  const u24 = (i: number) => bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16);
  const end = start + u24(at + 3);
  const size = u24(at + 6);
  if (end > bytes.length)
    throw new FormatError(
      `${where}: ${method} block at byte ${at} ends at ${end}, the data at ${bytes.length}`,
    );
  if (size === 0 || size > (end - start) * largestRatio[method])
    throw new FormatError(
      `${where}: ${method} block at byte ${at} claims ${size} bytes from ${end - start}`,
    );
  return { method, start, end, size };
}

async function unpack(
  codecs: Codecs,
  bytes: Uint8Array,
  { method, start, end, size }: Block,
  where: string,
): Promise<Uint8Array> {
  const what = `${where}: ${method} block at byte ${start - headerBytes}`;
  let data: Uint8Array;
  try {
    data = await codecs[method](bytes.subarray(start, end), size);
  } catch (cause) {
    throw new FormatError(`${what} is corrupt: ${(cause as Error).message}`, { cause });
  }
  if (data.length !== size)
    throw new FormatError(`${what} is corrupt: ${data.length} bytes, expected ${size}`);
  return data;
}
