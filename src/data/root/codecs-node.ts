import { createRequire } from "node:module";
import * as zlib from "node:zlib";
import type { Codecs } from "./codecs.ts";
import { checkLz4 } from "./lz4.ts";

interface Lz4Napi {
  /** Takes the unpacked size as four bytes before the data. */
  uncompressSync(data: Uint8Array): Uint8Array;
}

interface NodeLiblzma {
  unxzSync(container: Buffer): Buffer;
  parseFileIndex(container: Buffer): { readonly uncompressedSize: number };
}

const require = createRequire(import.meta.url);

/** Native decoders, as many as this Node and the installed packages have. */
export function nodeCodecs(): Partial<Codecs> {
  const lz4 = optional<Lz4Napi>("lz4-napi");
  const lzma = optional<NodeLiblzma>("node-liblzma");
  let sized = new Uint8Array(0); // one for all: a new one for each block costs as much as unpacking
  const zstd: unknown = Reflect.get(zlib, "zstdDecompressSync"); // from Node 22.15 on
  return {
    zlib: (bytes, size) => plain(zlib.inflateSync(bytes, limits(size))),
    "old zlib": (bytes, size) => plain(zlib.inflateRawSync(bytes, limits(size))),
    ...(typeof zstd === "function" && {
      zstd: (bytes, size) => plain(zstd(bytes, limits(size))),
    }),
    ...(lz4 && {
      async lz4(bytes, size) {
        const data = await checkLz4(bytes);
        if (sized.length < 4 + data.length) sized = new Uint8Array(4 + 2 * data.length);
        new DataView(sized.buffer).setUint32(0, size, true);
        sized.set(data, 4);
        return plain(lz4.uncompressSync(sized.subarray(0, 4 + data.length)));
      },
    }),
    ...(lzma && {
      lzma({ buffer, byteOffset, length }, size) {
        const container = Buffer.from(buffer, byteOffset, length);
        // The index at its end tells the size before anything is unpacked.
        const { uncompressedSize } = lzma.parseFileIndex(container);
        if (uncompressedSize !== size) throw new RangeError(`${uncompressedSize} bytes`);
        return plain(lzma.unxzSync(container));
      },
    }),
  };
}

/** One chunk for all of it, with room to see that a stream gives too much. */
function limits(size: number): { chunkSize: number; maxOutputLength: number } {
  return { chunkSize: size + 64, maxOutputLength: size + 64 };
}

/** A `Buffer` without its different `slice`. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

/** An optional package: it is absent where there is no build for the platform. */
function optional<T>(name: string): T | null {
  try {
    return require(name) as T;
  } catch {
    return null;
  }
}
