import { createAnswers } from "./answers.ts";
import type { TriggerObjects } from "./crossings.ts";
import type { Condition, Expression } from "./language.ts";
import type { MenuBits } from "./menu-bits.ts";
import { pairColumns } from "./pairs.ts";
import type { Menu } from "./parse-menu.ts";
import { sourceOf } from "./requirements.ts";
import {
  addRequirement,
  createSource,
  fillBlock,
  finishSources,
  loadSource,
  maskChunk,
  type Source,
} from "./sources.ts";

/** Answers to conditions that the objects do not tell: name to bitmap [ceil(crossings / 32)]. */
export type GivenBits = Readonly<Record<string, Uint32Array>>;

/** A menu ready to run. */
export interface CompiledMenu {
  readonly menu: Menu;
  /**
   * Decides all algorithms in all crossings. Algorithms with a condition that is not in `given`
   * stay unset and are listed in `undecided` (places in the menu). Crossings outside the input
   * (bx offsets at its ends) are empty. Throws `ConfigError` where a column is missing.
   */
  readonly evaluate: (objects: TriggerObjects, given?: GivenBits) => MenuDecision;
}

export interface MenuDecision extends MenuBits {
  readonly undecided: readonly number[];
}

/** Objects of so many blocks of 32 crossings are looked up at once, while tables are in cache. */
const blocksPerChunk = 16;

/** Compiles a menu: tables per column, bits per requirement, one function per algorithm. */
export function compileMenu(menu: Menu): CompiledMenu {
  const sources = new Map<string, Source>();
  // requirements that are counted highest first, so that they share words
  const conditions = menu.algorithms.flatMap(({ expression }) => conditionsOf(expression));
  conditions.sort((a, b) => b.objects.length - a.objects.length);
  for (const { objects, cuts } of conditions)
    for (const term of objects) {
      const name = sourceOf(term);
      const source = sources.get(name) ?? createSource(name);
      sources.set(name, source);
      addRequirement(source, term, objects.filter((other) => sourceOf(other) === name).length);
      if (cuts.length > 0)
        for (const column of pairColumns(term, cuts)) source.pairColumns.add(column);
    }
  const bits = finishSources([...sources.values()]);
  const answers = createAnswers(bits, (term) => sources.get(sourceOf(term)) as Source);
  const algorithms = menu.algorithms.map(({ expression }) => ({
    ...answers.answerOf(expression),
    given: givenNames(expression),
  }));

  return {
    menu,
    evaluate(objects, given = {}) {
      const { crossings } = objects;
      const words = Math.ceil(crossings / 32);
      const fired = new Uint32Array(algorithms.length * words);
      for (const source of sources.values()) loadSource(source, objects);
      answers.load(crossings, given);
      const decided: number[] = [];
      const undecided: number[] = [];
      algorithms.forEach((algorithm, a) => {
        const isKnown = algorithm.given.every((name) => Object.hasOwn(given, name));
        (isKnown ? decided : undecided).push(a);
      });
      for (let block = 0; block < words; block++) {
        const n = Math.min(32, crossings - 32 * block);
        if (block % blocksPerChunk === 0) {
          const rest = Math.min(32 * blocksPerChunk, crossings - 32 * block);
          for (const source of sources.values()) maskChunk(source, 32 * block, rest);
        }
        for (const source of sources.values()) fillBlock(source, 32 * block, n);
        answers.startBlock(block);
        const all = n === 32 ? -1 : (1 << n) - 1;
        for (const a of decided) {
          const { slots, rest } = algorithms[a];
          let left = all;
          for (let k = 0; k < slots.length; k++) left &= bits[slots[k]];
          fired[a * words + block] = left === 0 || rest === null ? left : rest(left);
        }
      }
      return { crossings, words, fired, undecided };
    },
  };
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
