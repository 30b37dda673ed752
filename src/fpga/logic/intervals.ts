/** Integers a wire can hold, both ends included. */
export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

/** Bits of a wire with these values: two's complement where lo < 0, 0 for the constant zero. */
export function bitsOf({ lo, hi }: Interval): number {
  if (lo >= 0) return unsignedBits(hi);
  return 1 + Math.max(unsignedBits(hi), unsignedBits(-lo - 1));
}

/** Bits of the unsigned integer n (0 for n <= 0). */
export function unsignedBits(n: number): number {
  if (n <= 0) return 0;
  const log = Math.floor(Math.log2(n));
  return 2 ** log > n ? log : 2 ** (log + 1) <= n ? log + 2 : log + 1;
}

/** Smallest interval with a·x for all x in the interval. */
export const scaled = ({ lo, hi }: Interval, by: number): Interval =>
  by >= 0 ? { lo: lo * by, hi: hi * by } : { lo: hi * by, hi: lo * by };

/** Values of a product; of a square where both sides are the same wire. */
export function product(a: Interval, b: Interval, isSquare: boolean): Interval {
  const ends = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
  if (!isSquare) return { lo: Math.min(...ends) + 0, hi: Math.max(...ends) + 0 };
  const lo = a.lo > 0 ? a.lo * a.lo : a.hi < 0 ? a.hi * a.hi : 0;
  return { lo, hi: Math.max(a.lo * a.lo, a.hi * a.hi) };
}

/** n mod 2^width, read with or without a sign. */
export function wrapped(n: number, width: number, signed: boolean): number {
  const size = 2 ** width;
  const low = n - Math.floor(n / size) * size;
  return signed && low >= size / 2 ? low - size : low;
}
