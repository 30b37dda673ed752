import { ConfigError, FormatError } from "../../base/errors.ts";

/** One orbit of one source, as it stands in a file. */
export interface OrbitFrame {
  /** Orbit number, 32 bits. */
  readonly orbit: number;
  /** Source id, see `scoutingSources`. */
  readonly source: number;
  /** The blocks: a view of the file's bytes. */
  readonly payload: Uint8Array;
}

/** What the header of a file says. */
export interface OrbitFileHeader {
  readonly run: number;
  /** Luminosity section: 2^18 orbits. */
  readonly lumi: number;
  readonly orbits: number;
}

/** A file of orbits, checked as a whole but for the blocks. */
export interface OrbitFile extends OrbitFileHeader {
  readonly frames: readonly OrbitFrame[];
  /** Orbits missing between the first and the last. */
  readonly missing: number;
}

const magic = "RAW_0002";
const fileHeaderBytes = 32;
/** Data type of scouting orbits. */
const dataType = 20;
const frameHeaderBytes = 24;
const frameVersion = 6;
const sourceBytes = 4;

/**
 * Splits a raw file of one source into orbits, without copying. Layout, little-endian: "RAW_0002",
 * u16 header bytes 32, u16 data type 20, u32 orbits, u32 run, u32 lumi, u64 file bytes; then for
 * each orbit u16 version 6, u16 flags, u32 run, u32 lumi, u32 orbit, u32 payload bytes, u32 crc
 * (not used), and the payload: u32 source id and the blocks. There is no trailer.
 * Throws `FormatError` where sizes, counts, run, lumi or source disagree, or orbits do not ascend:
 * none can come twice.
 * Source: cmssw IOPool/Streamer FRDFileHeader.h (v2), FRDEventMessage.h (V6),
 * EventFilter/Utilities DAQSourceModelsScoutingRun3.cc.
 */
export function readOrbitFile(bytes: Uint8Array, where = "orbits"): OrbitFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const fail = (at: number, what: string) => new FormatError(`${where}: byte ${at}: ${what}`);
  const require = (at: number, what: string, found: number, expected: number) => {
    if (found !== expected) throw fail(at, `${what} ${found}, expected ${expected}`);
  };
  if (bytes.length < fileHeaderBytes)
    throw fail(0, `${bytes.length} bytes, expected a header of ${fileHeaderBytes}; was it cut?`);
  const found = String.fromCharCode(...bytes.subarray(0, magic.length));
  if (found !== magic)
    throw fail(0, `expected "${magic}", got ${JSON.stringify(found)}; is this a raw orbit file?`);
  require(8, "header bytes", u16(8), fileHeaderBytes);
  require(10, "data type", u16(10), dataType);
  const [orbits, run, lumi] = [u32(12), u32(16), u32(20)];
  require(24, "file bytes", u32(24) + 2 ** 32 * u32(28), bytes.length);
  const frames: OrbitFrame[] = [];
  let at = fileHeaderBytes;
  while (at < bytes.length) {
    const body = at + frameHeaderBytes;
    if (body + sourceBytes > bytes.length)
      throw fail(at, `${bytes.length - at} bytes left, a frame has 28 or more; was it cut?`);
    require(at, "frame version", u16(at), frameVersion);
    require(at + 4, "run", u32(at + 4), run);
    require(at + 8, "lumi", u32(at + 8), lumi);
    const [orbit, size, source] = [u32(at + 12), u32(at + 16), u32(body)];
    if (size < sourceBytes || size % 4 !== 0)
      throw fail(at + 16, `payload of ${size} bytes, expected a multiple of 4 from 4 on`);
    if (body + size > bytes.length)
      throw fail(at + 16, `payload of ${size} bytes, ${bytes.length - body} left; was it cut?`);
    const last = frames.at(-1);
    if (last !== undefined) {
      require(body, "source", source, last.source);
      if (orbit <= last.orbit)
        throw fail(at + 12, `orbit ${orbit} behind orbit ${last.orbit}; orbits must ascend`);
    }
    const payload = bytes.subarray(body + sourceBytes, body + size);
    frames.push({ orbit, source, payload });
    at = body + size;
  }
  require(12, "orbit count", orbits, frames.length);
  const span = frames.length === 0 ? 0 : frames[frames.length - 1].orbit - frames[0].orbit + 1;
  return { run, lumi, orbits, frames, missing: span - frames.length };
}

/** The file that `readOrbitFile` reads back; frames must be of one source, in ascending orbits. */
export function writeOrbitFile(
  frames: readonly OrbitFrame[],
  { run, lumi }: { readonly run: number; readonly lumi: number },
): Uint8Array {
  const payloads = frames.reduce((n, { payload }) => n + payload.length, 0);
  const perFrame = frameHeaderBytes + sourceBytes;
  const bytes = new Uint8Array(fileHeaderBytes + frames.length * perFrame + payloads);
  const view = new DataView(bytes.buffer);
  const put16 = (at: number, value: number) => view.setUint16(at, value, true);
  const put32 = (at: number, value: number) => view.setUint32(at, value, true);
  for (let i = 0; i < magic.length; i++) bytes[i] = magic.charCodeAt(i);
  put16(8, fileHeaderBytes);
  put16(10, dataType);
  put32(12, frames.length);
  put32(16, run);
  put32(20, lumi);
  put32(24, bytes.length >>> 0);
  put32(28, Math.floor(bytes.length / 2 ** 32));
  let at = fileHeaderBytes;
  frames.forEach(({ orbit, source, payload }, i) => {
    const before = frames[i - 1];
    if (before !== undefined && (orbit <= before.orbit || source !== before.source))
      throw new ConfigError(
        `writeOrbitFile: orbit ${orbit} of source ${source} behind orbit ${before.orbit} of ` +
          `source ${before.source}; write one source, in ascending orbits`,
      );
    put16(at, frameVersion);
    put32(at + 4, run);
    put32(at + 8, lumi);
    put32(at + 12, orbit);
    put32(at + 16, sourceBytes + payload.length);
    put32(at + frameHeaderBytes, source);
    bytes.set(payload, at + perFrame);
    at += perFrame + payload.length;
  });
  return bytes;
}
