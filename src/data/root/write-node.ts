import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError } from "../../base/errors.ts";
import { type RootWriter, type RootWriterOptions, rootWriter } from "./write.ts";
import { type Compression, codecOf } from "./write-codecs-node.ts";
import type { Sink } from "./write-file.ts";

/** Settings of a file on disk. */
export interface RootFileOptions extends Omit<RootWriterOptions, "codec"> {
  /** Default zlib. */
  readonly compression?: Compression | undefined;
  /** 1 (fast) to 9 (small); default ROOT's own, 1 for zlib and 5 for ZSTD. */
  readonly level?: number | undefined;
}

/**
 * A writer to a file by its path, or to any sink. A file is written beside its name first, then
 * renamed, so that no half-written one is ever seen. `DataError` where it cannot be written; then
 * and after `abort` nothing is left.
 */
export async function createRootWriter(
  target: string | Sink,
  options: RootFileOptions = {},
): Promise<RootWriter> {
  const { compression = "zlib", level, ...rest } = options;
  const codec = await codecOf(compression, level);
  const sink = typeof target === "string" ? await fileSink(target) : target;
  return rootWriter(sink, { ...rest, codec });
}

/** A sink on disk. */
async function fileSink(path: string): Promise<Sink> {
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  const failed = (cause: unknown) =>
    new DataError(`${path}: cannot be written: ${(cause as Error).message}`, { cause });
  const target = await stat(path).catch(() => null);
  if (target?.isDirectory()) throw new DataError(`${path}: is a folder; name a file in it`);
  let handle: FileHandle | null = await open(temporary, "wx").catch((cause) => {
    throw failed(cause);
  });
  return {
    async write(at, bytes) {
      try {
        for (let done = 0; done < bytes.length; ) {
          const rest = bytes.length - done;
          done += (await handle!.write(bytes, done, rest, at + done)).bytesWritten;
        }
      } catch (cause) {
        throw failed(cause);
      }
    },
    async close() {
      try {
        await handle?.close();
        handle = null;
        await rename(temporary, path);
      } catch (cause) {
        throw failed(cause);
      }
    },
    async abort() {
      await handle?.close().catch(() => {});
      handle = null;
      await rm(temporary, { force: true });
    },
  };
}
