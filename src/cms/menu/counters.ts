import {
  type Code,
  get,
  i32,
  increase,
  load,
  loopWhile,
  set,
  when,
} from "../scouting/wasm-assembler.ts";
import type { Arena } from "./arena.ts";
import { lookupOf, mostLevels, type Source } from "./sources.ts";
import { createKernel, load16, v128 } from "./wasm.ts";

/**
 * "At least so many objects fulfil the requirement", for all requirements on a source, as words of
 * 32 crossings in the arena. A slot is the place of a word: its address / 4.
 */
export interface Counter {
  /** The word of "at least `level` objects fulfil the requirement"; from now on filled. */
  readonly slotOf: (requirement: number, level: number) => number;
  /** To be called once all slots are known. */
  readonly finish: () => void;
  /** Fills the words of the n crossings, at most 32, from `start` on in the list. */
  readonly fill: (start: number, n: number) => void;
}

/** Requirements of one vector: 4 words of 32. */
const width = 128;
const vectorBytes = 16;
/** A crossing each while counting, a requirement each once transposed. */
const levelBytes = 32 * vectorBytes;

export function createCounter(
  source: Source,
  arena: Arena,
  transpose: (address: number) => void,
): Counter {
  const vectors = Math.ceil(source.requirements.size() / width);
  /** Addresses [vectors, levels], 0 where nobody asks. */
  const levels = new Int32Array(vectors * mostLevels);
  let kernels: ((start: number, n: number) => void)[] = [];
  const build = () =>
    Array.from({ length: vectors }, (_, v) => {
      const addresses = levels.subarray(v * mostLevels, (v + 1) * mostLevels);
      const count = createCount(source, arena, v, addresses);
      const used = [...addresses].filter((address) => address > 0);
      return (start: number, n: number) => {
        count(start, n);
        for (let l = 0; l < used.length; l++) transpose(used[l]);
      };
    });
  return {
    slotOf(requirement, level) {
      const at = Math.floor(requirement / width) * mostLevels + level - 1;
      if (levels[at] === 0) levels[at] = arena.reserve(levelBytes);
      const word = (requirement >>> 5) & 3;
      return (levels[at] >>> 2) + 4 * (requirement & 31) + word;
    },
    finish() {
      kernels = build();
    },
    fill(start, n) {
      for (let v = 0; v < kernels.length; v++) kernels[v](start, n);
    },
  };
}

/**
 * Kernel (start, n): saturating counters of all requirements of vector v at once, crossing by
 * crossing; crossings from n to 32 get zeros.
 */
function createCount(source: Source, arena: Arena, v: number, addresses: Int32Array) {
  const [start, n, e, i, end, to, mask, counts] = [0, 1, 2, 3, 4, 5, 6, 7];
  const { cells, name } = source;
  const top = addresses.reduce((most, address, level) => (address > 0 ? level + 1 : most), 0);
  const used = Array.from({ length: top }, (_, level) => level);
  const rows = vectorRows(source, v).map(({ table, words }) => {
    const place = i32.add(load(i32.const(cells.indices[table])), i32.shl(get(i), i32.const(1)));
    return v128.load(i32.shl(load16(place), i32.const(4)), arena.place(words));
  });
  const masks = rows.reduce((all, row) => v128.and(all, row));
  const raise = [...used].reverse().flatMap((level) => {
    const reached = level === 0 ? get(mask) : v128.and(get(counts + level - 1), get(mask));
    return set(counts + level, v128.or(get(counts + level), reached));
  });
  const starts = i32.add(
    load(i32.const(cells.starts)),
    i32.shl(i32.add(get(start), get(e)), i32.const(2)),
  );
  const collect =
    name === "scalars"
      ? [...set(i, load(starts)), ...set(counts, masks)]
      : [
          ...set(i, load(starts)),
          ...set(end, load(starts, 4)),
          ...loopWhile(i32.ltS(get(i), get(end)), [
            ...set(mask, masks),
            ...raise,
            ...increase(i, 1),
          ]),
        ];
  const crossing: Code = [
    ...used.flatMap((level) => set(counts + level, v128.zero)),
    ...when(i32.ltS(get(e), get(n)), collect),
    ...used.flatMap((level) =>
      addresses[level] > 0 ? v128.store(get(to), addresses[level], get(counts + level)) : [],
    ),
    ...increase(to, vectorBytes),
    ...increase(e, 1),
  ];
  return createKernel(arena.memory, {
    parameters: 2,
    locals: { i32: 4, v128: 1 + mostLevels },
    body: [...loopWhile(i32.ltS(get(e), i32.const(32)), crossing), ...i32.const(0)],
  });
}

/** The rows of vector v by table, interleaved [index, 4], without those that let all pass. */
function vectorRows(source: Source, v: number): { table: number; words: Int32Array }[] {
  const size = source.requirements.size();
  const rows = source.tables.map((table) => new Int32Array(4 * table.size));
  const asked = new Set<number>();
  for (let w = 0; w < 4; w++) {
    const first = v * width + w * 32;
    const numbers = Array.from(
      { length: Math.max(0, Math.min(32, size - first)) },
      (_, b) => first + b,
    );
    if (numbers.length === 0) continue;
    const lookup = lookupOf(source, numbers);
    for (const table of lookup.tables) asked.add(table);
    source.tables.forEach((table, t) => {
      table.row(numbers).forEach((word, index) => {
        rows[t][4 * index + w] = word;
      });
    });
  }
  return [...asked].map((table) => ({ table, words: rows[table] }));
}

/**
 * Kernel (address): transposes four 32 x 32 bit matrices at once, one in each word of 32 vectors
 * (Warren, Hacker's Delight, 7-3), those of no set bit left as they are.
 */
export function createTranspose(arena: Arena): (address: number) => void {
  const [address, k, a, swap] = [0, 1, 2, 6];
  const at = (word: number) => i32.add(get(k), i32.const(word * vectorBytes));
  /** Exchanges bits of two words of locals x and y: the high ones of x with the low ones of y. */
  const exchange = (x: number, y: number, shift: number, bits: number): Code => {
    const by = i32.const(shift);
    const different = v128.xor(v128.shrU(get(x), by), get(y));
    return [
      ...set(swap, v128.and(different, v128.splat(i32.const(bits)))),
      ...set(x, v128.xor(get(x), v128.shl(get(swap), by))),
      ...set(y, v128.xor(get(y), get(swap))),
    ];
  };
  /** Two steps on four words `stride` apart, the first between those 2 strides apart. */
  const four = (
    stride: number,
    steps: readonly (readonly [shift: number, bits: number])[],
  ): Code => [
    ...[0, 1, 2, 3].flatMap((w) => set(a + w, v128.load(at(w * stride)))),
    ...exchange(a, a + 2, ...steps[0]),
    ...exchange(a + 1, a + 3, ...steps[0]),
    ...exchange(a, a + 1, ...steps[1]),
    ...exchange(a + 2, a + 3, ...steps[1]),
    ...[0, 1, 2, 3].flatMap((w) => v128.store(at(w * stride), 0, get(a + w))),
  ];
  const two = (stride: number, shift: number, bits: number): Code => [
    ...[0, 1].flatMap((w) => set(a + w, v128.load(at(w * stride)))),
    ...exchange(a, a + 1, shift, bits),
    ...[0, 1].flatMap((w) => v128.store(at(w * stride), 0, get(a + w))),
  ];
  /** The code for k = address + first x 16, ... of `count` words, each `step` words on. */
  const forEach = (first: number, count: number, step: number, body: Code): Code =>
    Array.from({ length: count }, (_, j) => [
      ...set(k, i32.add(get(address), i32.const((first + j * step) * vectorBytes))),
      ...body,
    ]).flat();
  const any = Array.from({ length: 32 }, (_, w) => v128.load(get(address), w * vectorBytes));
  const steps: Code = [
    ...forEach(
      0,
      8,
      1,
      four(8, [
        [16, 0xffff],
        [8, 0xff00ff],
      ]),
    ),
    ...[0, 8, 16, 24].flatMap((first) => [
      ...forEach(first, 4, 1, two(4, 4, 0x0f0f0f0f)),
      ...forEach(
        first,
        2,
        4,
        four(1, [
          [2, 0x33333333],
          [1, 0x55555555],
        ]),
      ),
    ]),
  ];
  const isAny = v128.anyTrue(any.reduce((all, word) => v128.or(all, word)));
  return createKernel(arena.memory, {
    parameters: 1,
    locals: { i32: 1, v128: 5 },
    body: [...when(isAny, steps), ...i32.const(0)],
  });
}
