import { loadChecksums } from "./checksum.ts";

const checksumBytes = 8;
const shortestMatch = 4;

/**
 * The data of ROOT's LZ4 block behind its checksum. Throws `RangeError` where the checksum, the
 * big-endian XXH64 of the data, is another.
 * @see ROOT core/lz4/src/ZipLZ4.cxx
 */
export async function checkLz4(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length < checksumBytes) throw new RangeError(`${bytes.length} bytes`);
  const { xxh64 } = await loadChecksums();
  const data = bytes.subarray(checksumBytes);
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  if (xxh64(data) !== stored) throw new RangeError("its checksum does not match");
  return data;
}

/**
 * Unpacks LZ4 sequences (not frames) to exactly `size` bytes; throws `RangeError` elsewhere.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
export function unpackLz4(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let [from, to] = [0, 0];
  const lengthOf = (nibble: number) => {
    let length = nibble;
    if (nibble < 15) return length;
    for (let byte = 255; byte === 255; length += byte) {
      if (from >= bytes.length) throw new RangeError("ends within a length");
      byte = bytes[from++];
    }
    return length;
  };
  while (from < bytes.length) {
    const token = bytes[from++];
    const literals = lengthOf(token >> 4);
    if (from + literals > bytes.length || to + literals > size)
      throw new RangeError(`${literals} literals at byte ${from}`);
    if (literals <= 16) for (let i = 0; i < literals; i++) out[to + i] = bytes[from + i];
    else out.set(bytes.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === bytes.length) break; // the last sequence has no match
    if (from + 2 > bytes.length) throw new RangeError("ends within an offset");
    const distance = bytes[from] | (bytes[from + 1] << 8);
    from += 2;
    const length = shortestMatch + lengthOf(token & 15);
    if (distance === 0 || distance > to || to + length > size)
      throw new RangeError(`a match of ${length} bytes, ${distance} back from ${to} of ${size}`);
    // A match may overlap what it writes; then it repeats, byte by byte.
    if (distance < length || length <= 32)
      for (let i = 0; i < length; i++) out[to + i] = out[to + i - distance];
    else out.copyWithin(to, to - distance, to - distance + length);
    to += length;
  }
  return out.subarray(0, to);
}
