import { webCodecs } from "./codecs-web.ts";

/** Compression methods of ROOT files. */
export type Method = "zlib" | "old zlib" | "lzma" | "lz4" | "zstd";

/** Unpacks the data of one block, of `size` bytes when unpacked. Throws where it is corrupt. */
export type Unpack = (bytes: Uint8Array, size: number) => Uint8Array | Promise<Uint8Array>;

export type Codecs = Readonly<Record<Method, Unpack>>;

/** Loaded once: what it holds is code, WebAssembly instances and no data. */
let codecs: Promise<Codecs> | null = null;

/** The fastest decoder of each method that is present: native in Node, else portable. */
export function loadCodecs(): Promise<Codecs> {
  codecs ??= load();
  return codecs;
}

async function load(): Promise<Codecs> {
  if (typeof process === "undefined" || !process.versions?.node) return webCodecs;
  const { nodeCodecs } = await import("./codecs-node.ts");
  return { ...webCodecs, ...nodeCodecs() };
}
