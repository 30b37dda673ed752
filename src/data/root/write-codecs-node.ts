import { createRequire } from "node:module";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { ConfigError } from "../../base/errors.ts";
import { loadChecksums } from "./checksum.ts";
import type { Codec } from "./write-compress.ts";

/** Algorithms by which records can be compressed. */
export type Compression = "none" | "zlib" | "zstd" | "lz4" | "xz";

type Compress = Codec["compress"];

/** An algorithm of ROOT: its number, the first bytes of its blocks, and levels. */
interface Algorithm {
  readonly number: number;
  readonly mark: Codec["mark"];
  /** Level by default, as ROOT's own. */
  readonly level: number;
  /** Makes its compressor ready, null where this installation has none. */
  readonly load: (level: number) => Promise<Compress | null>;
}

/** @see ROOT core/zip/inc/Compression.h for the numbers; core/{zip,lzma,lz4,zstd} for the marks */
const algorithms: Readonly<Record<Exclude<Compression, "none">, Algorithm>> = {
  zlib: { number: 1, mark: [0x5a, 0x4c, 8], level: 1, load: loadZlib },
  xz: { number: 2, mark: [0x58, 0x5a, 0], level: 7, load: loadXz },
  lz4: { number: 4, mark: [0x4c, 0x34, 1], level: 4, load: loadLz4 },
  zstd: { number: 5, mark: [0x5a, 0x53, 1], level: 5, load: loadZstd },
};

/**
 * The codec of an algorithm and a level (1, fast, to 9, small), null for "none". zlib and ZSTD are
 * always there, LZ4 (of one level) and XZ where their optional packages are installed;
 * `ConfigError` elsewhere.
 */
export async function codecOf(compression: Compression, given?: number): Promise<Codec | null> {
  if (compression === "none") return null;
  const algorithm = algorithms[compression];
  if (algorithm === undefined)
    throw new ConfigError(
      `compression: expected none, ${Object.keys(algorithms).join(", ")}, got "${compression}"`,
    );
  const { number, mark, load } = algorithm;
  const level = given ?? algorithm.level;
  if (!(Number.isInteger(level) && level >= 1 && level <= 9))
    throw new ConfigError(`level: expected an integer from 1 to 9, got ${level}`);
  const compress = await load(level);
  if (compress === null)
    throw new ConfigError(`compression: ${compression} is not installed here; take zlib or zstd`);
  return { setting: 100 * number + level, mark, compress };
}

async function loadZlib(level: number): Promise<Compress> {
  const deflate = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.deflate);
  return (bytes) => deflate(bytes, { level });
}

/** Node's own from 22.15 on, else WebAssembly. */
async function loadZstd(level: number): Promise<Compress> {
  const native: unknown = Reflect.get(zlib, "zstdCompress");
  if (typeof native === "function") {
    const parameter = Reflect.get(zlib.constants, "ZSTD_c_compressionLevel") as number;
    const compress = promisify(native as typeof zlib.deflate) as (
      bytes: Uint8Array,
      options: object,
    ) => Promise<Buffer>;
    return (bytes) => compress(bytes, { params: { [parameter]: level } });
  }
  const { init, compress } = await import("@bokuweb/zstd-wasm");
  await init();
  return (bytes) => compress(bytes, level);
}

interface Lz4Napi {
  /** Puts the unpacked size as four bytes before the data. */
  compress(data: Uint8Array): Promise<Uint8Array>;
}

/** The big-endian XXH64 of the data comes before them. */
async function loadLz4(): Promise<Compress | null> {
  const lz4 = optional<Lz4Napi>("lz4-napi");
  if (lz4 === null) return null;
  const { xxh64 } = await loadChecksums();
  return async (bytes) => {
    const data = (await lz4.compress(bytes)).subarray(4);
    const out = new Uint8Array(8 + data.length);
    new DataView(out.buffer).setBigUint64(0, xxh64(data));
    out.set(data, 8);
    return out;
  };
}

interface NodeLiblzma {
  xzAsync(data: Buffer, options: { preset: number }): Promise<Buffer>;
}

async function loadXz(level: number): Promise<Compress | null> {
  const lzma = optional<NodeLiblzma>("node-liblzma");
  if (lzma === null) return null;
  return ({ buffer, byteOffset, length }) =>
    lzma.xzAsync(Buffer.from(buffer, byteOffset, length), { preset: level });
}

/** An optional package: it is absent where there is no build for the platform. */
function optional<T>(name: string): T | null {
  try {
    return createRequire(import.meta.url)(name) as T;
  } catch {
    return null;
  }
}
