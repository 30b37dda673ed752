/** Pieces of a list that is too long for memory, from the start each time it is called. */
export type Pieces = () => AsyncIterable<Float32Array>;

/**
 * The exact median of positive numbers in bounded memory, NaN where there is none; of an even
 * number, the mean of the two in the middle. The bit patterns of positive floats are ordered as
 * their values, so one pass finds the upper 16 bits by counting and a second one the lower 16.
 */
export async function streamedMedian(pieces: Pieces): Promise<number> {
  let n = 0;
  for await (const piece of pieces()) n += piece.length;
  if (n === 0) return Number.NaN;
  const low = await ranked(pieces, Math.floor((n - 1) / 2));
  return n % 2 === 1 ? low : (low + (await ranked(pieces, n / 2))) / 2;
}

/** The value with `rank` smaller or equal ones before it. */
async function ranked(pieces: Pieces, rank: number): Promise<number> {
  let left = rank;
  let bits = 0;
  for (const shift of [16, 0]) {
    const counts = new Float64Array(1 << 16);
    for await (const piece of pieces())
      for (const word of new Uint32Array(piece.buffer, piece.byteOffset, piece.length))
        if (shift === 16 || word >>> 16 === bits) counts[(word >>> shift) & 0xffff]++;
    let half = 0;
    while (left >= counts[half]) left -= counts[half++];
    bits = shift === 16 ? half : ((bits << 16) | half) >>> 0;
  }
  return new Float32Array(Uint32Array.of(bits).buffer)[0];
}
