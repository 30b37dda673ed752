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
  return fromKey(`${typeof seed}:${seed}`);
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

/** Two independent 32-bit hashes of the text: streams coincide with probability 2^-64. */
function fromKey(text: string): Rng {
  const high = hash(text, 0x9e3779b9);
  const low = hash(text, 0x51ed270b);
  const words = [high, low, high ^ rotate(low, 16), low ^ rotate(high, 11)].map((w, i) =>
    mix((w + Math.imul(i + 1, 0x9e3779b9)) >>> 0),
  );
  return fromState([...words, Number.NaN, high, low]);
}

const rotate = (x: number, k: number) => ((x << k) | (x >>> (32 - k))) >>> 0;

function fromState(saved: readonly number[]): Rng {
  // int32 words: an unsigned word above 2^31 would be a heap number, eight times slower
  const word = Int32Array.from(saved.slice(0, 4), (w) => w | 0);
  let spare = saved[4]; // the second normal of a pair, NaN where none waits
  const key = saved.slice(5);
  const bits = () => {
    const b = word[1];
    const b5 = Math.imul(b, 5);
    const result = Math.imul((b5 << 7) | (b5 >>> 25), 9) >>> 0;
    const c = word[2] ^ word[0];
    const d = word[3] ^ b;
    word[1] = b ^ c;
    word[0] ^= d;
    word[2] = c ^ (b << 9);
    word[3] = (d << 11) | (d >>> 21);
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
    split: (label) => fromKey(`${key}/${label}`),
    state: () => [...Array.from(word, (w) => w >>> 0), spare, ...key],
  };
}
