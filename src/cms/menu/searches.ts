import { type Code, get, i32, set, store } from "../scouting/wasm-assembler.ts";
import { allOf } from "./answers.ts";
import type { Arena } from "./arena.ts";
import { type ConditionContext, createCondition } from "./conditions.ts";
import type { Condition, ObjectTerm } from "./language.ts";
import type { LiveCrossings } from "./live-crossings.ts";
import { transposeBits } from "./menu-bits.ts";
import { createPairGroup, groupKey, isPairCondition, ordered } from "./pair-group.ts";
import { passTest, type Source } from "./sources.ts";
import { createKernel } from "./wasm.ts";

/** Looks at several objects of a crossing together, for up to 32 conditions, one bit each. */
export interface Search {
  /** To be called once per call of `evaluate`, once the sources are loaded. */
  readonly load: () => void;
  /** Which of the asked conditions crossing e, the k-th of the list, fulfils. */
  readonly find: (k: number, e: number, asked: number) => number;
}

export interface SearchContext extends ConditionContext {
  readonly sourceFor: (term: ObjectTerm) => Source;
  readonly arena: Arena;
}

/** A condition that bits do not decide, where its answer goes, and where anybody wants it. */
export interface Searched {
  readonly condition: Condition;
  readonly slot: number;
  /** Bits whose AND says so, one list for each algorithm. */
  readonly guards: ReadonlySet<number>[];
}

export interface Searches {
  readonly load: (live: LiveCrossings) => void;
  /** Fills the slots of a block of n crossings from `start` on in the list. */
  readonly fill: (bits: Int32Array, start: number, n: number) => void;
}

/** Puts the searched conditions together in as few searches as can be. */
export function createSearches(
  searched: readonly Searched[],
  sourceFor: (term: ObjectTerm) => Source,
  arena: Arena,
): Searches {
  const groups = new Map<string, Searched[]>();
  const tasks: { search: Search; members: Searched[]; slots: number[] }[] = [];
  let crossings = 0;
  const context: SearchContext = {
    arena,
    sourceFor,
    data: sourceFor,
    passes: (term: ObjectTerm) => passTest(sourceFor(term), term),
    crossings: () => crossings,
  };

  for (const one of searched) {
    if (isPairCondition(one.condition)) {
      const condition = ordered(one.condition, sourceFor);
      const key = groupKey(condition, sourceFor);
      const full = groups.get(key) ?? [];
      groups.set(key, full);
      full.push({ ...one, condition });
    } else {
      const { load, test } = createCondition(one.condition, context);
      const find = (_: number, e: number) => (test(e) ? 1 : 0);
      tasks.push({ search: { load, find }, members: [one], slots: [one.slot] });
    }
  }
  for (const group of groups.values())
    for (let first = 0; first < group.length; first += 32) {
      const members = group.slice(first, first + 32);
      const conditions = members.map(({ condition }) => condition);
      const slots = members.map(({ slot }) => slot);
      tasks.push({ search: createPairGroup(conditions, context), members, slots });
    }

  const wantedAt = arena.reserve(4 * 32);
  const wants = tasks.map(({ members }) => createWants(members, wantedAt, arena));
  let list: Uint32Array = new Uint32Array(0);
  return {
    load(live) {
      ({ list, crossings } = live);
      for (const { search } of tasks) search.load();
    },
    fill(bits, start, n) {
      const all = n === 32 ? -1 : (1 << n) - 1;
      const wanted = wantedAt >>> 2;
      for (let t = 0; t < tasks.length; t++) {
        const { search, slots } = tasks[t];
        const any = wants[t](all);
        if (any === 0) {
          for (let c = 0; c < slots.length; c++) bits[slots[c]] = 0;
          continue;
        }
        if (slots.length === 1) {
          let found = 0;
          for (let left = any; left !== 0; left &= left - 1) {
            const e = 31 - Math.clz32(left & -left);
            found |= search.find(start + e, list[start + e], 1) << e;
          }
          bits[slots[0]] = found;
          continue;
        }
        bits.fill(0, wanted + slots.length, wanted + 32);
        transposeBits(bits, wanted); // by condition to by crossing, and back
        for (let left = any; left !== 0; left &= left - 1) {
          const e = 31 - Math.clz32(left & -left);
          bits[wanted + e] = search.find(start + e, list[start + e], bits[wanted + e]);
        }
        transposeBits(bits, wanted);
        for (let c = 0; c < slots.length; c++) bits[slots[c]] = bits[wanted + c];
      }
    },
  };
}

/** Kernel (all): where each condition is wanted, into `to`; returns where any is. */
function createWants(members: readonly Searched[], to: number, arena: Arena) {
  const [all, any, one] = [0, 1, 2];
  const body = members.flatMap(({ guards }, c) => [
    ...set(one, i32.and(get(all), anyOf(guards))),
    ...store(4, i32.const(0), to + 4 * c, get(one)),
    ...set(any, i32.or(get(any), get(one))),
  ]);
  return createKernel(arena.memory, {
    parameters: 1,
    locals: { i32: 2 },
    body: [...body, ...get(any)],
  });
}

/** Code: the OR of the AND of each guard; one that asks for more than another adds nothing. */
function anyOf(guards: readonly ReadonlySet<number>[]): Code {
  const isWithin = (a: ReadonlySet<number>, b: ReadonlySet<number>) =>
    [...a].every((s) => b.has(s));
  const kept = guards.filter((guard, g) =>
    guards.every(
      (other, o) => o === g || !isWithin(other, guard) || (isWithin(guard, other) && g < o),
    ),
  );
  return kept.map((guard) => allOf([...guard])).reduce((any, guard) => i32.or(any, guard));
}
