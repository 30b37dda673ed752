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

/** Transposes 32 words as a 32 x 32 bit matrix in place (Warren, Hacker's Delight, 7-3). */
export function transposeBits(words: Int32Array, start: number): void {
  let any = 0;
  for (let k = start; k < start + 32; k++) any |= words[k];
  if (any === 0) return;
  for (let j = 16, mask = 0x0000ffff; j !== 0; j >>>= 1, mask ^= mask << j)
    for (let k = 0; k < 32; k = (k + j + 1) & ~j) {
      const low = words[start + k];
      const high = words[start + k + j];
      const swap = ((low >>> j) ^ high) & mask;
      words[start + k] = low ^ (swap << j);
      words[start + k + j] = high ^ swap;
    }
}
