import { type Code, get, i32, set, store } from "../scouting/wasm-assembler.ts";
import { createAnswers } from "./answers.ts";
import { type Arena, createArena } from "./arena.ts";
import { createCounter, createTranspose } from "./counters.ts";
import type { TriggerObjects } from "./crossings.ts";
import type { CountedSource } from "./enough-objects.ts";
import type { Condition, Expression, GivenCondition, ObjectTerm } from "./language.ts";
import { createLiveFinder, type LiveCrossings, spreadBits } from "./live-crossings.ts";
import type { MenuBits } from "./menu-bits.ts";
import { pairColumns } from "./pairs.ts";
import type { Menu } from "./parse-menu.ts";
import { type SourceName, sourceOf } from "./requirements.ts";
import { createSearches } from "./searches.ts";
import { createSource, finishSource, loadSource, type Source } from "./sources.ts";
import { createKernel } from "./wasm.ts";

/** Answers to conditions that the objects do not tell: name to bitmap [ceil(crossings / 32)]. */
export type GivenBits = Readonly<Record<string, Uint32Array>>;

/** A menu ready to run. */
export interface CompiledMenu {
  readonly menu: Menu;
  /**
   * Decides all algorithms in all crossings. Algorithms with a condition that is not in `given`
   * stay unset and are listed in `undecided` (places in the menu). Crossings outside the input
   * (bx offsets at its ends) are empty. Where most crossings are empty they cost next to nothing.
   * Throws `ConfigError` where a column is missing.
   */
  readonly evaluate: (objects: TriggerObjects, given?: GivenBits) => MenuDecision;
}

export interface MenuDecision extends MenuBits {
  readonly undecided: readonly number[];
}

/** Compiles a menu: tables per column, bits per requirement, slots of bits per algorithm. */
export function compileMenu(menu: Menu): CompiledMenu {
  const conditions = menu.algorithms.flatMap(({ expression }) => conditionsOf(expression));
  const arena = createArena();
  const sources = sourcesOf(conditions, arena);
  const transpose = createTranspose(arena);
  const counted = new Map<string, CountedSource>();
  for (const source of sources.values())
    counted.set(source.name, { source, counter: createCounter(source, arena, transpose) });
  const countedFor = (term: ObjectTerm) => counted.get(sourceOf(term)) as CountedSource;
  const answers = createAnswers(arena, countedFor);
  const algorithms = menu.algorithms.map(({ expression }) => {
    return { code: answers.codeOf(expression), given: givenNames(expression) };
  });
  const given = answers.given();
  const join = createJoin(
    algorithms.map(({ code }) => code),
    arena,
  );
  const searches = createSearches(answers.searched, (term) => countedFor(term).source, arena);
  for (const { counter } of counted.values()) counter.finish();
  const findLive = createLiveFinder({
    sources: [...sources.keys()],
    scalars: sources.get("scalars")?.needed ?? [],
    reach: Math.max(
      ...[0, ...conditions.flatMap((c) => c.objects.map(({ bx }) => Math.abs(bx)))],
      ...given.map(({ bx }) => Math.abs(bx)),
    ),
  });

  return {
    menu,
    evaluate(objects, answered = {}) {
      const known = given.filter(({ name }) => Object.hasOwn(answered, name));
      const live = findLive(objects, new Set(known.map(({ name }) => answered[name])));
      arena.release();
      const views = [...sources.values()].map((source) =>
        loadSource(source, objects, { arena, live }),
      );
      const firedAt = arena.take(algorithms.length * Math.ceil(live.count / 32) * 4);
      for (const view of views) view();
      searches.load(live);
      const words = Math.ceil(live.count / 32);
      const bits = arena.bits();
      for (let block = 0; block < words; block++) {
        const n = Math.min(32, live.count - 32 * block);
        for (const { counter } of counted.values()) counter.fill(32 * block, n);
        for (const condition of known)
          bits[condition.slot] = givenWord(condition, answered, { live, block, n });
        searches.fill(bits, 32 * block, n);
        join(firedAt + 4 * block, 4 * words, n === 32 ? -1 : (1 << n) - 1);
      }
      const fired = new Uint32Array(arena.words(firedAt, algorithms.length * words));
      const undecided = algorithms.flatMap((algorithm, a) =>
        algorithm.given.every((name) => Object.hasOwn(answered, name)) ? [] : [a],
      );
      for (const a of undecided) fired.fill(0, a * words, (a + 1) * words);
      const own = { crossings: live.count, words, fired };
      return { ...(live.isAll ? own : spreadBits(own, live)), undecided };
    },
  };
}

/** Kernel (to, stride, all): decides all algorithms for one block, each `stride` bytes on. */
function createJoin(codes: readonly Code[], arena: Arena) {
  const [to, stride, all] = [0, 1, 2];
  const body = codes.flatMap((code) => [
    ...store(4, get(to), 0, i32.and(get(all), code)),
    ...set(to, i32.add(get(to), get(stride))),
  ]);
  return createKernel(arena.memory, {
    parameters: 3,
    locals: {},
    body: [...body, ...i32.const(0)],
  });
}

/** The sources of conditions with all requirements on them. */
function sourcesOf(conditions: readonly Condition[], arena: Arena): Map<SourceName, Source> {
  const sources = new Map<SourceName, Source>();
  // requirements that are counted highest first, so that they share words
  const byCount = [...conditions].sort((a, b) => b.objects.length - a.objects.length);
  for (const { objects, cuts } of byCount)
    for (const term of objects) {
      const name = sourceOf(term);
      const source = sources.get(name) ?? createSource(name);
      sources.set(name, source);
      source.requirements.add(term);
      if (cuts.length > 0)
        for (const column of pairColumns(term, cuts)) source.pairColumns.add(column);
    }
  for (const source of sources.values()) finishSource(source, arena);
  return sources;
}

/** The answer from outside for the n crossings of a block. */
function givenWord(
  { name, bx }: GivenCondition,
  answered: GivenBits,
  { live, block, n }: { readonly live: LiveCrossings; readonly block: number; readonly n: number },
): number {
  const bitmap = answered[name];
  let word = 0;
  for (let k = 0; k < n; k++) {
    const e = live.list[32 * block + k] + bx;
    if (e >= 0 && e < live.crossings) word |= ((bitmap[e >>> 5] >>> (e & 31)) & 1) << k;
  }
  return word;
}

function conditionsOf(expression: Expression): Condition[] {
  if (expression.kind === "condition") return [expression];
  if (expression.kind === "given") return [];
  const terms = expression.kind === "not" ? [expression.term] : expression.terms;
  return terms.flatMap(conditionsOf);
}

/** Names of the conditions that the caller must answer. */
export function givenNames(expression: Expression): readonly string[] {
  if (expression.kind === "given") return [expression.name];
  if (expression.kind === "condition") return [];
  const terms = expression.kind === "not" ? [expression.term] : expression.terms;
  return [...new Set(terms.flatMap(givenNames))];
}
