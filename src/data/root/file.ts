import { DataError, FormatError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import { Reader } from "./buffer.ts";
import { type DecompressJob, decompressMany } from "./compression.ts";
import { type Directory, type RootKey, readDirectory, readKeys } from "./directory.ts";
import { readKey } from "./key.ts";
import type { ByteSource } from "./source.ts";
import { type StreamerInfos, streamerInfos } from "./streamer.ts";
import { readStreamers } from "./streamers-read.ts";
import { openTree, type RootTree } from "./tree.ts";

export type { RootKey } from "./directory.ts";

/** Unpacks many pieces, in order; the place where a pool of worker threads comes in. */
export type DecompressMany = (jobs: readonly DecompressJob[]) => Promise<Uint8Array[]>;

/** An open ROOT file: its keys, their bytes and its trees. */
export interface RootFile {
  readonly name: string;
  /** Version of ROOT that wrote it, as 63016 for 6.30/16. */
  readonly version: number;
  /** Setting for new objects, as "zlib 1"; "none". */
  readonly compression: string;
  readonly streamers: StreamerInfos;
  readonly source: ByteSource;
  readonly decompress: DecompressMany;
  /** All objects in the order of the file, those in directories as "dir/name". */
  keys(): readonly RootKey[];
  /** The key of a path, its newest cycle by default. Throws `DataError` with near misses. */
  key(path: string, cycle?: number): RootKey;
  /** The unpacked bytes of an object. Throws `FormatError` where they are corrupt. */
  payload(key: RootKey): Promise<Reader>;
  /** A TTree. Throws `DataError` where there is none of that name. */
  tree(path: string, cycle?: number): Promise<RootTree>;
  close(): Promise<void>;
}

/** What may be replaced when a file is opened. */
export interface RootOptions {
  /** Unpacks baskets; by default in this thread. */
  readonly decompress?: DecompressMany;
}

/**
 * Opens a ROOT file and reads its directories and streamer infos, no data yet. The source is
 * closed with the file, and where it cannot be opened.
 * Throws `FormatError` for what is no ROOT file, is truncated or was never closed.
 */
export async function openRoot(
  source: ByteSource,
  { decompress = decompressMany }: RootOptions = {},
): Promise<RootFile> {
  try {
    return await open(source, decompress);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function open(source: ByteSource, decompress: DecompressMany): Promise<RootFile> {
  const { name } = source;
  const header = await readHeader(source);
  const keys = await readKeys(source, header.directory);
  const payload = async (at: Pick<RootKey, "seek" | "bytes">, what: string) => {
    const where = `${name}: ${what}`;
    const bytes = await source.read(at.seek, at.bytes);
    const stored = new Reader(bytes, { where, offset: at.seek });
    const key = readKey(stored);
    if (key.bytes !== at.bytes)
      throw stored.error(`a key of ${key.bytes} bytes, its directory says ${at.bytes}`, 0);
    const packed = { bytes: bytes.subarray(key.keyLength), size: key.objectBytes, where };
    const [unpacked] = await decompress([packed]);
    return { key, reader: new Reader(unpacked, { where, keyLength: key.keyLength }) };
  };
  const streamers =
    header.info.seek > 0 && header.info.bytes > 0
      ? readStreamers((await payload(header.info, "streamer infos")).reader)
      : streamerInfos([]);
  const file: RootFile = {
    name,
    version: header.version,
    compression: header.compression,
    streamers,
    source,
    decompress,
    keys: () => keys,
    key: (path, cycle) => findKey(name, keys, path, cycle),
    async payload(key) {
      const { reader, key: found } = await payload(key, `${key.className} "${key.path}"`);
      if (found.name === key.name && found.className === key.className) return reader;
      throw reader.error(`the key is that of ${found.className} "${found.name}"`);
    },
    tree: (path, cycle) => openTree(file, path, cycle),
    close: () => source.close(),
  };
  return file;
}

interface Header {
  readonly version: number;
  readonly compression: string;
  readonly directory: Directory;
  readonly info: { readonly seek: number; readonly bytes: number };
}

const smallest = 64;
const bigFile = 1000000;

/** @see ROOT io/io/src/TFile.cxx, "the structure of a ROOT file" */
async function readHeader(source: ByteSource): Promise<Header> {
  const { name, size } = source;
  const bytes = await source.read(0, Math.min(size, smallest));
  const reader = new Reader(bytes, { where: `${name}: file header`, offset: 0 });
  const magic = size < 4 ? "" : String.fromCharCode(...reader.take(4));
  if (magic !== "root")
    throw new FormatError(
      `${name}: not a ROOT file: it starts with ${JSON.stringify(magic)}, expected "root"`,
    );
  if (size < smallest) throw new FormatError(`${name}: truncated: a file of ${size} bytes`);
  const version = reader.i32();
  const big = version >= bigFile;
  const offset = () => (big ? reader.i64() : reader.i32());
  const begin = reader.i32();
  const end = offset();
  offset(); // list of free segments
  reader.skip(8); // its bytes and segments
  const nameBytes = reader.i32();
  reader.skip(1); // bytes of an offset
  const compression = reader.i32();
  const info = { seek: offset(), bytes: reader.i32() };
  if (end > size)
    throw new FormatError(
      `${name}: truncated: the header speaks of ${end} bytes, the file has ${size}`,
    );
  const directory = await readDirectory(source, begin + nameBytes, "top directory");
  if (directory.seekKeys <= 0)
    throw new FormatError(
      `${name}: the file was never closed, so it has no list of keys; recover it with ROOT's hadd`,
    );
  return {
    version: version % bigFile,
    compression: compressionName(compression),
    directory,
    info,
  };
}

/** 100 times the algorithm plus the level. @see ROOT core/zip/inc/Compression.h */
function compressionName(setting: number): string {
  const level = setting % 100;
  const algorithm = ["zlib", "zlib", "lzma", "old zlib", "lz4", "zstd"][Math.floor(setting / 100)];
  return level <= 0 ? "none" : `${algorithm ?? `algorithm ${Math.floor(setting / 100)}`} ${level}`;
}

function findKey(
  name: string,
  keys: readonly RootKey[],
  path: string,
  cycle: number | undefined,
): RootKey {
  const same = keys.filter((key) => key.path === path);
  const found =
    cycle === undefined
      ? same.reduce<RootKey | undefined>((a, b) => (a && a.cycle > b.cycle ? a : b), undefined)
      : same.find((key) => key.cycle === cycle);
  if (found !== undefined) return found;
  if (same.length > 0)
    throw new DataError(
      `${name}: no cycle ${cycle} of "${path}"; there is ${same.map((key) => key.cycle).join(", ")}`,
    );
  const paths = [...new Set(keys.map((key) => key.path))];
  const near = nearMiss(path, paths);
  throw new DataError(
    `${name}: no object "${path}"; ${near ? `did you mean "${near}"?` : `there is ${paths.slice(0, 20).join(", ")}`}`,
  );
}
