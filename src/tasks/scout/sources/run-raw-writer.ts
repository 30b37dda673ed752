import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError } from "../../../base/errors.ts";
import {
  encodeFileHeader,
  encodeFrameHeader,
  type FrameLabel,
  type OrbitFrame,
} from "../../../cms/scouting/orbit.ts";
import { rawLayout } from "../../../cms/scouting/raw-layout.ts";

/** A raw file that is written orbit by orbit; it is whole under its name, or not there. */
export interface RawWriter {
  /** Frames of one source, in ascending orbits. */
  write(frames: readonly OrbitFrame[]): Promise<void>;
  /** Gives it its name. */
  close(): Promise<{ readonly file: string; readonly orbits: number; readonly bytes: number }>;
  /** Leaves nothing. */
  abort(): Promise<void>;
}

/** @throws DataError where the disk is full or the folder cannot be written, at any time. */
export async function createRawWriter(path: string, label: FrameLabel): Promise<RawWriter> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  const tried = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: NodeJS.ErrnoException) => {
      const reason =
        cause.code === "ENOSPC" ? "no space left on the disk; free some" : cause.message;
      throw new DataError(`${path}: cannot be written: ${reason}`, { cause });
    });
  const file = await tried(open(beside, "wx"));
  let orbits = 0;
  let bytes: number = rawLayout.fileHeaderBytes;
  const header = () => encodeFileHeader({ ...label, orbits, bytes });
  const put = async (data: Uint8Array, at: number | null) => {
    await tried(file.write(data, 0, data.length, at));
  };
  await put(header(), null);
  return {
    async write(frames) {
      const parts = frames.flatMap((frame) => [encodeFrameHeader(frame, label), frame.payload]);
      const all = Buffer.concat(parts);
      await put(all, null);
      orbits += frames.length;
      bytes += all.length;
    },
    async close() {
      await put(header(), 0);
      await tried(file.close());
      await tried(rename(beside, path));
      return { file: path, orbits, bytes };
    },
    async abort() {
      await file.close();
      await rm(beside, { force: true });
    },
  };
}
