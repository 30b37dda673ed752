import { createXXHash3, createXXHash64, type IHasher } from "hash-wasm";

/** Checksums of ROOT's formats, as 64-bit numbers. */
export interface Checksums {
  /** XXH3-64, seed 0: RNTuple's envelopes, anchor and pages. */
  xxh3(bytes: Uint8Array): bigint;
  /** XXH64, seed 0: LZ4 blocks. */
  xxh64(bytes: Uint8Array): bigint;
}

/** Loaded once: WebAssembly instances, which hold no data between calls. */
let checksums: Promise<Checksums> | null = null;

/** Makes the checksum functions ready. */
export function loadChecksums(): Promise<Checksums> {
  checksums ??= load();
  return checksums;
}

async function load(): Promise<Checksums> {
  const [xxh3, xxh64] = await Promise.all([createXXHash3(), createXXHash64()]);
  return { xxh3: hashBy(xxh3), xxh64: hashBy(xxh64) };
}

function hashBy(hasher: IHasher): (bytes: Uint8Array) => bigint {
  return (bytes) => {
    const digest = hasher.init().update(bytes).digest("binary");
    return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0);
  };
}
