/** A compression of ROOT: the bytes that mark its blocks and how to make one. */
export interface Codec {
  /** Algorithm * 100 + level, as files and branches note it: 1 zlib, 2 LZMA, 4 LZ4, 5 ZSTD. */
  readonly setting: number;
  /** First three bytes of each block, such as "ZL" and 8. */
  readonly mark: readonly [number, number, number];
  /** One block of at most 16 MB, without the header. */
  compress(bytes: Uint8Array<ArrayBuffer>): Uint8Array | Promise<Uint8Array>;
}

const headerBytes = 9;
/** Sizes in a block header have three bytes. */
const largestBlock = 0xffffff;

/**
 * A record's payload, compressed block by block where that makes it smaller, else as it is; which
 * of the two, a reader sees from the sizes in the key.
 * @see ROOT core/zip/inc/RZip.h (R__zipMultipleAlgorithm) for the header
 */
export async function packed(
  bytes: Uint8Array<ArrayBuffer>,
  codec: Codec | null,
): Promise<Uint8Array> {
  if (codec === null) return bytes;
  const blocks: Uint8Array[] = [];
  let total = 0;
  for (let from = 0; from < bytes.length; from += largestBlock) {
    const block = bytes.subarray(from, from + largestBlock);
    const small = await codec.compress(block);
    total += headerBytes + small.length;
    if (total >= bytes.length || small.length > largestBlock) return bytes;
    blocks.push(header(codec, small.length, block.length), small);
  }
  const out = new Uint8Array(total);
  let at = 0;
  for (const block of blocks) {
    out.set(block, at);
    at += block.length;
  }
  return total === 0 ? bytes : out;
}

/** The mark, then both sizes in three bytes, little-endian. */
function header({ mark }: Codec, small: number, large: number): Uint8Array {
  const sizes = [small, large].flatMap((n) => [n & 255, (n >> 8) & 255, n >> 16]);
  return Uint8Array.of(...mark, ...sizes);
}
