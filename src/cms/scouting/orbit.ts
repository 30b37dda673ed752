import { ConfigError, FormatError } from "../../base/errors.ts";
import { createOrbitReader } from "./orbit-reader.ts";
import { type FrameLabel, type OrbitFileHeader, type OrbitFrame, rawLayout } from "./raw-layout.ts";

export type { FrameLabel, OrbitFileHeader, OrbitFrame };

/** A file of orbits, checked as a whole but for the blocks. */
export interface OrbitFile extends OrbitFileHeader {
  readonly frames: readonly OrbitFrame[];
  /** Orbits missing between the first and the last. */
  readonly missing: number;
}

/**
 * Splits a raw file into orbits, without copying. Throws `FormatError` where sizes, counts, run,
 * lumi or source disagree, or orbits do not ascend: none can come twice.
 */
export function readOrbitFile(bytes: Uint8Array, where = "orbits"): OrbitFile {
  const reader = createOrbitReader({ where });
  const { fileHeaderBytes } = rawLayout;
  if (bytes.length < fileHeaderBytes)
    throw new FormatError(
      `${where}: byte 0: ${bytes.length} bytes, expected a header of ${fileHeaderBytes}; was it cut?`,
    );
  reader.expectBytes(bytes.length);
  const frames = [...reader.read(bytes)];
  reader.end();
  const { run, lumi } = reader.file();
  const span = frames.length === 0 ? 0 : frames[frames.length - 1].orbit - frames[0].orbit + 1;
  return { run, lumi, orbits: frames.length, frames, missing: span - frames.length };
}

/** The file that `readOrbitFile` reads back; frames must be of one source, in ascending orbits. */
export function writeOrbitFile(frames: readonly OrbitFrame[], label: FrameLabel): Uint8Array {
  const { fileHeaderBytes } = rawLayout;
  const length = frames.reduce((n, frame) => n + frameBytes(frame), fileHeaderBytes as number);
  const bytes = new Uint8Array(length);
  const orbits = frames.length;
  bytes.set(encodeFileHeader({ ...label, orbits, bytes: length }));
  let at: number = fileHeaderBytes;
  frames.forEach((frame, i) => {
    const { orbit, source } = frame;
    const before = frames[i - 1];
    if (before !== undefined && (orbit <= before.orbit || source !== before.source))
      throw new ConfigError(
        `writeOrbitFile: orbit ${orbit} of source ${source} behind orbit ${before.orbit} of ` +
          `source ${before.source}; write one source, in ascending orbits`,
      );
    bytes.set(encodeFrameHeader(frame, label), at);
    at += frameBytes(frame);
    bytes.set(frame.payload, at - frame.payload.length);
  });
  return bytes;
}

/** Bytes of an orbit in a file. */
export const frameBytes = ({ payload }: Pick<OrbitFrame, "payload">): number =>
  rawLayout.frameHeaderBytes + rawLayout.sourceBytes + payload.length;

/** The first 32 bytes of a file of so many orbits and bytes in all. */
export function encodeFileHeader({
  orbits,
  run,
  lumi,
  bytes,
}: OrbitFileHeader & { readonly bytes: number }): Uint8Array {
  const { magic, fileHeaderBytes, dataType } = rawLayout;
  const view = new DataView(new ArrayBuffer(fileHeaderBytes));
  for (let i = 0; i < magic.length; i++) view.setUint8(i, magic.charCodeAt(i));
  view.setUint16(8, fileHeaderBytes, true);
  view.setUint16(10, dataType, true);
  view.setUint32(12, orbits, true);
  view.setUint32(16, run, true);
  view.setUint32(20, lumi, true);
  view.setUint32(24, bytes >>> 0, true);
  view.setUint32(28, Math.floor(bytes / 2 ** 32), true);
  return new Uint8Array(view.buffer);
}

/** What stands before the blocks of an orbit: the frame's header and the source, 28 bytes. */
export function encodeFrameHeader(
  { orbit, source, payload }: OrbitFrame,
  { run, lumi }: FrameLabel,
): Uint8Array {
  const { frameHeaderBytes, frameVersion, sourceBytes } = rawLayout;
  const view = new DataView(new ArrayBuffer(frameHeaderBytes + sourceBytes));
  view.setUint16(0, frameVersion, true);
  view.setUint32(4, run, true);
  view.setUint32(8, lumi, true);
  view.setUint32(12, orbit, true);
  view.setUint32(16, sourceBytes + payload.length, true);
  view.setUint32(frameHeaderBytes, source, true);
  return new Uint8Array(view.buffer);
}
