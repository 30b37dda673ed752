import { createCondition } from "./conditions.ts";
import type { Condition, ObjectTerm } from "./language.ts";
import type { LiveCrossings } from "./live-crossings.ts";
import { transposeBits } from "./menu-bits.ts";
import { createPairGroup, groupKey, isPairCondition, ordered } from "./pair-group.ts";
import { passTest, type Source } from "./sources.ts";

/** Looks at several objects of a crossing together, for up to 32 conditions, one bit each. */
export interface Search {
  readonly conditions: readonly Condition[];
  /** To be called once per call of `evaluate`, once the sources are loaded. */
  readonly load: () => void;
  /** Which of the asked conditions crossing e, the k-th of the list, fulfils. */
  readonly find: (k: number, e: number, asked: number) => number;
}

/** A condition that bits do not decide, where its answer goes, and where anybody wants it. */
export interface Searched {
  readonly condition: Condition;
  readonly slot: number;
  /** Bits whose AND says so, one list for each algorithm. */
  readonly guards: Int32Array[];
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
): Searches {
  const groups = new Map<string, Searched[]>();
  const tasks: { search: Search; members: Searched[] }[] = [];
  let crossings = 0;
  const context = {
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
      tasks.push({ search: { conditions: [one.condition], load, find }, members: [one] });
    }
  }
  for (const group of groups.values())
    for (let first = 0; first < group.length; first += 32) {
      const members = group.slice(first, first + 32);
      const conditions = members.map(({ condition }) => condition);
      tasks.push({ search: createPairGroup(conditions, sourceFor), members });
    }

  let list: Uint32Array = new Uint32Array(0);
  const wanted = new Int32Array(32);
  return {
    load(live) {
      ({ list, crossings } = live);
      for (const { search } of tasks) search.load();
    },
    fill(bits, start, n) {
      const all = n === 32 ? -1 : (1 << n) - 1;
      for (const { search, members } of tasks) {
        let any = 0;
        for (let c = 0; c < members.length; c++) {
          wanted[c] = wantedBits(members[c].guards, bits) & all;
          any |= wanted[c];
        }
        wanted.fill(0, members.length);
        if (any !== 0) {
          transposeBits(wanted, 0); // by condition to by crossing, and back
          for (let left = any; left !== 0; left &= left - 1) {
            const e = 31 - Math.clz32(left & -left);
            wanted[e] = search.find(start + e, list[start + e], wanted[e]);
          }
          transposeBits(wanted, 0);
        }
        for (let c = 0; c < members.length; c++) bits[members[c].slot] = wanted[c];
      }
    },
  };
}

function wantedBits(guards: readonly Int32Array[], bits: Int32Array): number {
  let wanted = 0;
  for (let g = 0; g < guards.length; g++) {
    const slots = guards[g];
    let left = -1;
    for (let s = 0; s < slots.length; s++) left &= bits[slots[s]];
    wanted |= left;
  }
  return wanted;
}
