import { FormatError } from "../../base/errors.ts";
import { type FrameLabel, type OrbitFileHeader, type OrbitFrame, rawLayout } from "./raw-layout.ts";
import { largestPayload } from "./sources.ts";

/** An orbit with the run and luminosity section of its file. */
export interface LabeledFrame extends OrbitFrame, FrameLabel {}

/** Splits raw files into orbits as their bytes come; see `createOrbitReader`. */
export interface OrbitReader {
  /**
   * Gives the orbits that are whole with these bytes; those that lie in one piece are not copied.
   * Throws `FormatError` at the first that is broken, after those before it; then it is of no use.
   */
  read(bytes: Uint8Array): Generator<LabeledFrame>;
  /** There are no more bytes: throws `FormatError` in the middle of a file. */
  end(): void;
  /** What all bytes of the file must be, asked before the first of them. */
  expectBytes(bytes: number): void;
  /** The file that it is in, or the last one. */
  file(): OrbitFileHeader;
  /** Orbits that the header tells and that have not come. */
  orbitsLeft(): number;
  /** Between two files, or before the first: nothing is missing. */
  isBetweenFiles(): boolean;
  /** In the middle of an orbit or of a header. */
  isInPiece(): boolean;
}

export interface OrbitReaderOptions {
  /** Named in errors. */
  readonly where: string;
  /** Whether several files may come, one behind the other (default no). */
  readonly files?: boolean;
}

/**
 * A strict reader of raw files that come in pieces of any size, in one file or in several one behind
 * the other. Every size is checked before it is used: no payload is larger than its source can make.
 * All frames are of one source; orbits ascend within a file.
 */
export function createOrbitReader({ where, files = false }: OrbitReaderOptions): OrbitReader {
  const { fileHeaderBytes, frameHeaderBytes, sourceBytes } = rawLayout;
  let header: OrbitFileHeader = { run: 0, lumi: 0, orbits: 0 };
  let left = -1; // bytes of the file that have not come, -1 before its header
  let frames = 0;
  let last: OrbitFrame | null = null;
  let lastInFile: OrbitFrame | null = null;
  let next: { orbit: number; source: number; size: number } | null = null; // whose payload comes
  let position = 0;
  let total: number | null = null;
  let bytes: Uint8Array = new Uint8Array(0);
  let at = 0;
  let piece: { readonly bytes: Uint8Array; filled: number } | null = null;

  const fail = (offset: number, what: string) =>
    new FormatError(`${where}: byte ${position + offset}: ${what}`);
  const require = (offset: number, what: string, found: number, expected: number) => {
    if (found !== expected) throw fail(offset, `${what} ${found}, expected ${expected}`);
  };

  /** The next n bytes, or null where they have not all come; what has come is kept. */
  function take(n: number): Uint8Array | null {
    if (piece === null && bytes.length - at >= n) {
      at += n;
      return bytes.subarray(at - n, at);
    }
    if (piece === null && at === bytes.length) return null;
    piece ??= { bytes: new Uint8Array(n), filled: 0 };
    const more = bytes.subarray(at, at + n - piece.filled);
    piece.bytes.set(more, piece.filled);
    piece.filled += more.length;
    at += more.length;
    if (piece.filled < n) return null;
    const whole = piece.bytes;
    piece = null;
    return whole;
  }

  function startFile(given: Uint8Array): void {
    const view = viewOf(given);
    const u32 = (offset: number) => view.getUint32(offset, true);
    const { magic, dataType } = rawLayout;
    const found = String.fromCharCode(...given.subarray(0, magic.length));
    if (found !== magic)
      throw fail(0, `expected "${magic}", got ${JSON.stringify(found)}; is this a raw orbit file?`);
    require(8, "header bytes", view.getUint16(8, true), fileHeaderBytes);
    require(10, "data type", view.getUint16(10, true), dataType);
    const size = u32(24) + 2 ** 32 * u32(28);
    if (total !== null) require(24, "file bytes", size, total);
    if (size < fileHeaderBytes) throw fail(24, `file bytes ${size}, the header alone has 32`);
    header = { orbits: u32(12), run: u32(16), lumi: u32(20) };
    left = size - fileHeaderBytes;
    frames = 0;
    lastInFile = null;
    position += fileHeaderBytes;
    endFile();
  }

  function startFrame(given: Uint8Array): void {
    const view = viewOf(given);
    const u32 = (offset: number) => view.getUint32(offset, true);
    require(0, "frame version", view.getUint16(0, true), rawLayout.frameVersion);
    require(4, "run", u32(4), header.run);
    require(8, "lumi", u32(8), header.lumi);
    const [orbit, size, source] = [u32(12), u32(16), u32(frameHeaderBytes)];
    if (size < sourceBytes || size % 4 !== 0)
      throw fail(16, `payload of ${size} bytes, expected a multiple of 4 from 4 on`);
    if (size > left - frameHeaderBytes)
      throw fail(16, `payload of ${size} bytes, ${left - frameHeaderBytes} left; was it cut?`);
    if (last !== null) require(frameHeaderBytes, "source", source, last.source);
    if (lastInFile !== null && orbit <= lastInFile.orbit)
      throw fail(12, `orbit ${orbit} behind orbit ${lastInFile.orbit}; orbits must ascend`);
    const largest = largestPayload(source);
    if (size - sourceBytes > largest)
      throw fail(16, `payload of ${size} bytes, source ${source} makes ${largest} at most`);
    next = { orbit, source, size };
  }

  function endFile(): void {
    if (left > 0) return;
    if (frames !== header.orbits)
      throw new FormatError(
        `${where}: byte ${files ? position : 12}: orbit count ${header.orbits}, expected ${frames}`,
      );
    if (files) left = -1;
  }

  function* read(given: Uint8Array): Generator<LabeledFrame> {
    bytes = given;
    at = 0;
    for (;;) {
      if (next !== null) {
        const { orbit, source, size } = next;
        const payload = size > sourceBytes ? take(size - sourceBytes) : new Uint8Array(0);
        if (payload === null) return;
        position += frameHeaderBytes + size;
        left -= frameHeaderBytes + size;
        next = null;
        frames++;
        last = lastInFile = { orbit, source, payload: new Uint8Array(0) };
        const { run, lumi } = header;
        yield { run, lumi, orbit, source, payload };
        endFile();
      } else if (left < 0) {
        const whole = take(fileHeaderBytes);
        if (whole === null) return;
        startFile(whole);
      } else {
        if (left === 0) {
          if (at < bytes.length) throw fail(0, `${bytes.length - at} bytes behind the end`);
          return;
        }
        if (left < frameHeaderBytes + sourceBytes)
          throw fail(0, `${left} bytes left, a frame has 28 or more; was it cut?`);
        const whole = take(frameHeaderBytes + sourceBytes);
        if (whole === null) return;
        startFrame(whole);
      }
    }
  }

  const isInPiece = () => piece !== null || next !== null;
  const isBetweenFiles = () => !isInPiece() && (files ? left < 0 : left === 0);
  return {
    read,
    end() {
      if (isBetweenFiles()) return;
      throw fail(0, `the bytes end with ${header.orbits - frames} orbits to come; was it cut?`);
    },
    expectBytes: (n) => {
      total = n;
    },
    file: () => header,
    orbitsLeft: () => Math.max(0, header.orbits - frames),
    isBetweenFiles,
    isInPiece,
  };
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array) =>
  new DataView(buffer, byteOffset, length);
