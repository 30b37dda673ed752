import type { TriggerObjects } from "./crossings.ts";
import { firedAt, type MenuBits } from "./menu-bits.ts";
import type { SourceName } from "./requirements.ts";

/** The crossings to decide one by one. All others are empty and share one answer. */
export interface LiveCrossings {
  /** Crossings in order; where some are left out, `empty` follows as the last. */
  readonly list: Uint32Array;
  readonly count: number;
  /** Of the call. */
  readonly crossings: number;
  readonly isAll: boolean;
  /** A crossing without objects whose neighbors have none either, behind all crossings. */
  readonly empty: number;
  /** 0, 1, 2 ..., longer than the crossings. */
  readonly identity: Uint32Array;
}

/** What a menu looks at. */
export interface LiveOptions {
  readonly sources: readonly SourceName[];
  /** Columns of the scalars. */
  readonly scalars: Iterable<string>;
  /** Neighboring crossings on each side. */
  readonly reach: number;
}

/**
 * Finds crossings that are not empty: with an object, a scalar other than 0, an answer from
 * outside, or with such a neighbor. Where most are, all count: that saves taking them apart.
 */
export function createLiveFinder({ sources, scalars, reach }: LiveOptions) {
  let identity = new Uint32Array(0);
  let list = new Uint32Array(0);
  let isLive = new Uint8Array(0);
  const collections = sources.filter((name) => name !== "scalars");

  /** Marks crossings; how many, or all that there are once it is more than half. */
  const mark = (objects: TriggerObjects, given: Iterable<Uint32Array>): number => {
    const { crossings } = objects;
    let marked = 0;
    isLive.fill(0);
    for (const name of collections) {
      const offsets = objects[name]?.offsets;
      if (offsets === undefined) continue;
      for (let e = 0; e < crossings; e++) {
        if (offsets[e + 1] === offsets[e] || isLive[e] === 1) continue;
        isLive[e] = 1;
        marked++;
      }
    }
    if (2 * marked > crossings) return crossings;
    for (const name of scalars) {
      const values = objects.scalars[name] ?? [];
      for (let e = 0; e < crossings; e++) if (values[e] !== 0) isLive[e] = 1;
    }
    for (const bitmap of given)
      for (let w = 0; w < bitmap.length; w++)
        for (let left = bitmap[w]; left !== 0; left &= left - 1)
          isLive[32 * w + 31 - Math.clz32(left & -left)] = 1;
    return marked;
  };

  return (objects: TriggerObjects, given: Iterable<Uint32Array>): LiveCrossings => {
    const { crossings } = objects;
    const empty = crossings + reach;
    if (isLive.length < crossings + 32) {
      const room = 2 * crossings + 32;
      identity = new Uint32Array(room + reach + 1);
      list = new Uint32Array(room);
      isLive = new Uint8Array(room);
      for (let e = 0; e < identity.length; e++) identity[e] = e;
    }
    const everywhere = {
      list: identity,
      count: crossings,
      crossings,
      isAll: true,
      empty,
      identity,
    };
    if (mark(objects, given) === crossings) return everywhere;
    let count = 0;
    let last = -1; // the last live crossing
    for (let e = 0; e < crossings + reach; e++) {
      if (e < crossings && isLive[e] === 1) last = e;
      // e - reach is in the list where something is within `reach` of it
      const center = e - reach;
      if (last >= center - reach && last >= 0 && center >= 0) list[count++] = center;
    }
    if (2 * count > crossings) return everywhere;
    list[count++] = empty;
    return { list, count, crossings, isAll: false, empty, identity };
  };
}

/** The bits of all crossings from those of the list, whose last stands for the rest. */
export function spreadBits(bits: MenuBits, { list, count, crossings }: LiveCrossings): MenuBits {
  const words = Math.ceil(crossings / 32);
  const n = bits.fired.length / bits.words;
  const fired = new Uint32Array(n * words);
  for (let a = 0; a < n; a++) {
    const [from, to] = [a * bits.words, a * words];
    if (firedAt(bits, a, count - 1)) {
      for (let e = 0; e < crossings; e++) fired[to + (e >>> 5)] |= 1 << (e & 31);
      for (let k = 0; k < count - 1; k++)
        if (!firedAt(bits, a, k)) fired[to + (list[k] >>> 5)] &= ~(1 << (list[k] & 31));
      continue;
    }
    for (let w = 0; w < bits.words; w++)
      for (let left = bits.fired[from + w]; left !== 0; left &= left - 1) {
        const e = list[32 * w + 31 - Math.clz32(left & -left)];
        fired[to + (e >>> 5)] |= 1 << (e & 31);
      }
  }
  return { crossings, words, fired };
}
