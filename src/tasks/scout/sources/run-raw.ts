import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { ConfigError, DataError, isFortyError } from "../../../base/errors.ts";
import { createOrbitReader, type LabeledFrame } from "../../../cms/scouting/orbit-reader.ts";
import { largestPayload } from "../../../cms/scouting/sources.ts";

/** A raw file, plain or gzip, and how it starts. */
export interface RawStart {
  readonly path: string;
  /** Orbits that its header tells. */
  readonly orbits: number;
  /** Source and orbit of its first frame; null where it has none. */
  readonly first: { readonly source: number; readonly orbit: number } | null;
}

/** Names of raw files; those that start with a dot are being written. */
export const isRawName = (name: string) => /^[^.].*\.raw(\.gz)?$/.test(name);

/** Read at a time: a few orbits of the calorimeter. */
const windowBytes = 2 ** 22;
const startBytes = 60;

/**
 * Reads the first bytes of a raw file.
 * @throws DataError where it cannot be read, ConfigError for a source that scouting does not have.
 */
export async function startOfRaw(path: string): Promise<RawStart> {
  const start = Buffer.alloc(startBytes);
  let filled = 0;
  for await (const bytes of chunksOf(path, 2 ** 16)) {
    filled += Buffer.from(bytes).copy(start, filled);
    if (filled === startBytes) break;
  }
  const isRaw = filled >= 32 && start.toString("latin1", 0, 4) === "RAW_";
  const orbits = isRaw ? start.readUInt32LE(12) : 0;
  if (!isRaw || filled < startBytes) return { path, orbits, first: null };
  const first = { orbit: start.readUInt32LE(44), source: start.readUInt32LE(56) };
  if (largestPayload(first.source) === 0)
    throw new ConfigError(
      `${path}: source ${first.source} is none of scouting; give files of GMT (1), calorimeter (2, 22 to 29), BMTF stubs (10 to 21) or towers (32)`,
    );
  return { path, orbits, first };
}

/**
 * The orbits of a raw file, a window at a time. From where it is damaged on, as many orbits as its
 * header tells are dropped as "badFile", one at least.
 * @throws FormatError for a file of another kind.
 */
export async function* readRaw(
  { path, orbits, first }: RawStart,
  onDropped: (reason: string, orbits: number) => void,
): AsyncGenerator<LabeledFrame[], void> {
  const reader = createOrbitReader({ where: basename(path) });
  let given = 0;
  try {
    if (!isGzip(path)) reader.expectBytes(await sizeOf(path));
    for await (const bytes of chunksOf(path, windowBytes)) {
      const frames: LabeledFrame[] = [];
      try {
        for (const frame of reader.read(bytes)) frames.push(frame);
      } finally {
        given += frames.length;
        if (frames.length > 0) yield frames;
      }
    }
    reader.end();
  } catch (error) {
    const isKind = orbits > 0 || first !== null;
    if (!isKind || !(isFortyError(error) || isZlibError(error))) throw error;
    onDropped("badFile", Math.max(1, orbits - given));
  }
}

const isGzip = (path: string) => path.endsWith(".gz");

const isZlibError = (error: unknown) => /^Z_/.test((error as { code?: string }).code ?? "");

/** The bytes of a file, unpacked; each piece has memory of its own. */
async function* chunksOf(path: string, size: number): AsyncGenerator<Uint8Array, void> {
  if (isGzip(path)) {
    const options = { highWaterMark: Math.min(size, 2 ** 18) };
    const stream = pipeline(
      createReadStream(path, options),
      createGunzip({ chunkSize: Math.min(size, 2 ** 20) }),
      () => {}, // an error comes out of the loop
    );
    try {
      for await (const bytes of stream) yield bytes as Uint8Array;
    } catch (error) {
      throw isZlibError(error) ? error : unreadable(path, error);
    }
    return;
  }
  const file = await open(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    yield* windowsOf(file, size);
  } finally {
    await file.close();
  }
}

async function* windowsOf(file: FileHandle, size: number): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(size), 0, size, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

function unreadable(path: string, cause: unknown): DataError {
  const { message } = cause as Error;
  return new DataError(`${path}: cannot be read: ${message}; check the path`, { cause });
}
