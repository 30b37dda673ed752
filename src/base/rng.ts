/**
 * Seeded random numbers: xoshiro128** (Blackman and Vigna, 2018), seeded by SplitMix32.
 * `split(label)` gives an independent stream that does not move this one, so that adding a
 * consumer does not change what the others draw.
 */
export interface Rng {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal (Marsaglia polar). */
  normal(): number;
  /** Exponential with mean 1. */
  exponential(): number;
  /** Integer in [0, n). */
  integer(n: number): number;
  /** 32 random bits as an unsigned integer. */
  bits(): number;
  /** A random permutation of 0 … n-1 (Fisher-Yates). */
  permutation(n: number): Uint32Array;
  /** An independent stream, a pure function of this stream's seed and the label. */
  split(label: string | number): Rng;
  /** The state, for exact resume. */
  state(): readonly number[];
}

/** A stream from a seed (any finite number or string) or from a saved `state()`. */
export function createRng(seed: number | string | readonly number[]): Rng {
  if (typeof seed === "object") return fromState(seed);
  const key = typeof seed === "string" ? hash(seed, 0x9e3779b9) : hash(String(seed), 0);
  return fromKey(key);
}

/** FNV-1a with a final avalanche: 32 bits from a string. */
function hash(text: string, start: number): number {
  let h = (0x811c9dc5 ^ start) >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return mix(h);
}

function mix(x: number): number {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad) >>> 0;
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97) >>> 0;
  return (h ^ (h >>> 15)) >>> 0;
}

function fromKey(key: number): Rng {
  const words = [1, 2, 3, 4].map((i) => mix((key + Math.imul(i, 0x9e3779b9)) >>> 0));
  return fromState([...words, Number.NaN, key]);
}

function fromState(saved: readonly number[]): Rng {
  let [a, b, c, d] = saved;
  let spare = saved[4]; // the second normal of a pair, NaN where none waits
  const key = saved[5];
  const rotl = (x: number, k: number) => ((x << k) | (x >>> (32 - k))) >>> 0;
  const bits = () => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const t = (b << 9) >>> 0;
    c = (c ^ a) >>> 0;
    d = (d ^ b) >>> 0;
    b = (b ^ c) >>> 0;
    a = (a ^ d) >>> 0;
    c = (c ^ t) >>> 0;
    d = rotl(d, 11);
    return result;
  };
  const uniform = () => ((bits() >>> 5) * 67108864 + (bits() >>> 6)) / 9007199254740992;
  const normal = () => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const factor = Math.sqrt((-2 * Math.log(s)) / s);
        spare = v * factor;
        return u * factor;
      }
    }
  };
  const integer = (n: number) => Math.floor(uniform() * n);
  return {
    uniform,
    normal,
    exponential: () => -Math.log1p(-uniform()),
    integer,
    bits,
    permutation(n) {
      const p = Uint32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = integer(i + 1);
        const t = p[i];
        p[i] = p[j];
        p[j] = t;
      }
      return p;
    },
    split: (label) => fromKey(hash(`${key}/${label}`, 0x51ed270b)),
    state: () => [a, b, c, d, spare, key],
  };
}
