/** Which algorithms fired in which crossings: a bitmap per algorithm. */
export interface MenuBits {
  readonly crossings: number;
  /** Words per algorithm, ceil(crossings / 32). */
  readonly words: number;
  /** [algorithms, words]; crossing e is bit e & 31 of word e >> 5. Bits past the end are zero. */
  readonly fired: Uint32Array;
}

/** True where algorithm a (place in the menu, not bit number) fired in crossing e. */
export function firedAt({ words, fired }: MenuBits, a: number, e: number): boolean {
  return ((fired[a * words + (e >>> 5)] >>> (e & 31)) & 1) === 1;
}

/** The bitmap of algorithm a [words], a view. */
export function bitmapOf({ words, fired }: MenuBits, a: number): Uint32Array {
  return fired.subarray(a * words, (a + 1) * words);
}

/** Number of set bits of a 32-bit word. */
export function popcount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  x = (x + (x >>> 4)) & 0x0f0f0f0f;
  return Math.imul(x, 0x01010101) >>> 24;
}

/** Number of crossings in a bitmap. */
export function countBits(bitmap: Uint32Array): number {
  let n = 0;
  for (let w = 0; w < bitmap.length; w++) n += popcount(bitmap[w]);
  return n;
}

/** A bitmap [ceil(crossings / 32)] of the crossings where `holds`. */
export function makeBitmap(crossings: number, holds: (e: number) => boolean): Uint32Array {
  const bitmap = new Uint32Array(Math.ceil(crossings / 32));
  for (let e = 0; e < crossings; e++) if (holds(e)) bitmap[e >>> 5] |= 1 << (e & 31);
  return bitmap;
}

/** Bit `bit` of rows of `halves` 32-bit words [crossings, halves], lowest first, as a bitmap. */
export function columnBitmap(rows: Uint32Array, halves: number, bit: number): Uint32Array {
  const at = (e: number) => rows[e * halves + (bit >>> 5)];
  return makeBitmap(rows.length / halves, (e) => ((at(e) >>> (bit & 31)) & 1) === 1);
}

/**
 * Transposes 32 words as a 32 x 32 bit matrix in place (Warren, Hacker's Delight, 7-3): blocks of
 * 16 and 8 change places among words 8 apart, smaller ones among eight neighbors.
 */
export function transposeBits(words: Int32Array, start: number): void {
  let any = 0;
  for (let k = start; k < start + 32; k++) any |= words[k];
  if (any === 0) return;
  for (let k = start; k < start + 8; k++) {
    let a = words[k];
    let b = words[k + 8];
    let c = words[k + 16];
    let d = words[k + 24];
    let swap = ((a >>> 16) ^ c) & 0xffff;
    a ^= swap << 16;
    c ^= swap;
    swap = ((b >>> 16) ^ d) & 0xffff;
    b ^= swap << 16;
    d ^= swap;
    swap = ((a >>> 8) ^ b) & 0xff00ff;
    words[k] = a ^ (swap << 8);
    words[k + 8] = b ^ swap;
    swap = ((c >>> 8) ^ d) & 0xff00ff;
    words[k + 16] = c ^ (swap << 8);
    words[k + 24] = d ^ swap;
  }
  for (let k = start; k < start + 32; k += 8) transposeEight(words, k);
}

/** The steps of a transposition with blocks of 4, 2 and 1, within eight words. */
function transposeEight(words: Int32Array, k: number): void {
  for (let j = k; j < k + 4; j++) {
    const a = words[j];
    const b = words[j + 4];
    const swap = ((a >>> 4) ^ b) & 0x0f0f0f0f;
    words[j] = a ^ (swap << 4);
    words[j + 4] = b ^ swap;
  }
  for (let j = k; j < k + 8; j += 4) {
    let a = words[j];
    let b = words[j + 1];
    let c = words[j + 2];
    let d = words[j + 3];
    let swap = ((a >>> 2) ^ c) & 0x33333333;
    a ^= swap << 2;
    c ^= swap;
    swap = ((b >>> 2) ^ d) & 0x33333333;
    b ^= swap << 2;
    d ^= swap;
    swap = ((a >>> 1) ^ b) & 0x55555555;
    words[j] = a ^ (swap << 1);
    words[j + 1] = b ^ swap;
    swap = ((c >>> 1) ^ d) & 0x55555555;
    words[j + 2] = c ^ (swap << 1);
    words[j + 3] = d ^ swap;
  }
}
