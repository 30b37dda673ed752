import xz from "xz-decompress";
import { ZSTDDecoder } from "zstddec";
import { checkLz4, unpackLz4 } from "./lz4.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Decoders that run everywhere: the platform's own deflate, WebAssembly, plain code. */
export const webCodecs = {
  zlib: (bytes: Uint8Array, size: number) => inflate("deflate", bytes, size),
  "old zlib": (bytes: Uint8Array, size: number) => inflate("deflate-raw", bytes, size),
  lzma: (bytes: Uint8Array, size: number) =>
    collect(new xz.XzReadableStream(streamOf(bytes)), size),
  async lz4(bytes: Uint8Array, size: number) {
    return unpackLz4(await checkLz4(bytes), size);
  },
  async zstd(bytes: Uint8Array, size: number) {
    const decoder = new ZSTDDecoder();
    await decoder.init(); // the same instance every time
    return decoder.decode(bytes, size);
  },
};

function inflate(format: CompressionFormat, bytes: Uint8Array, size: number): Promise<Uint8Array> {
  return collect(streamOf(bytes).pipeThrough(new DecompressionStream(format)), size);
}

function streamOf(bytes: Uint8Array): ReadableStream<Bytes> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes as Bytes);
      controller.close();
    },
  });
}

/** The bytes of a stream; more than `size` of them end it. */
async function collect(stream: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  const reader = stream.getReader();
  let at = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (at + part.value.length > size) {
      await reader.cancel();
      throw new RangeError(`more than ${size} bytes`);
    }
    out.set(part.value, at);
    at += part.value.length;
  }
  return out.subarray(0, at);
}
