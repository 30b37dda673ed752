import { type Code, i32, load } from "../scouting/wasm-assembler.ts";
import type { Arena } from "./arena.ts";
import { type CountedSource, enoughObjects } from "./enough-objects.ts";
import type { Condition, Expression, GivenCondition, ObjectTerm } from "./language.ts";
import { printExpression } from "./print-expression.ts";
import type { Searched } from "./searches.ts";
import { not, xor } from "./wasm.ts";

/** An answer from outside, and where it goes. */
export interface GivenSlot extends GivenCondition {
  readonly slot: number;
}

/**
 * Conditions as words of the arena, 32 crossings each, answered once however many algorithms use
 * them; and expressions as the code that joins these words.
 */
export interface Answers {
  readonly codeOf: (expression: Expression) => Code;
  readonly searched: readonly Searched[];
  readonly given: () => readonly GivenSlot[];
}

interface ConditionSlots {
  /** Necessary, and where nothing is searched sufficient. */
  readonly slots: readonly number[];
  readonly searched: Searched | null;
}

/** Answers from counters of all sources. */
export function createAnswers(
  arena: Arena,
  countedFor: (term: ObjectTerm) => CountedSource,
): Answers {
  const searched: Searched[] = [];
  const given = new Map<string, GivenSlot>();
  const conditions = new Map<string, ConditionSlots>();
  const givenSlot = (condition: GivenCondition): number => {
    const key = printExpression(condition);
    const known = given.get(key) ?? { ...condition, slot: arena.reserve(4) >>> 2 };
    given.set(key, known);
    return known.slot;
  };
  const conditionSlots = (condition: Condition): ConditionSlots => {
    const key = printExpression(condition);
    const known = conditions.get(key);
    if (known !== undefined) return known;
    const { objects, cuts } = condition;
    const now = objects.filter(({ bx }) => bx === 0);
    const { slots, isExact } = enoughObjects(now, countedFor);
    let own: Searched | null = null;
    if (!isExact || cuts.length > 0 || now.length < objects.length) {
      own = { condition, slot: arena.reserve(4) >>> 2, guards: [] };
      searched.push(own);
    }
    const answer = { slots, searched: own };
    conditions.set(key, answer);
    return answer;
  };

  const codeOf = (expression: Expression): Code => {
    switch (expression.kind) {
      case "condition": {
        const { slots, searched } = conditionSlots(expression);
        return allOf(searched === null ? slots : [searched.slot]);
      }
      case "given":
        return allOf([givenSlot(expression)]);
      case "not":
        return not(codeOf(expression.term));
      default: {
        const join = { and: i32.and, or: i32.or, xor }[expression.kind];
        return expression.terms.map(codeOf).reduce((left, right) => join(left, right));
      }
    }
  };

  /** Tells the searched conditions where the expression asks for them: where `guard` holds. */
  const guardAll = (expression: Expression, guard: readonly number[]): void => {
    if (expression.kind === "given") return;
    if (expression.kind === "condition") {
      const { slots, searched } = conditionSlots(expression);
      searched?.guards.push(new Set([...guard, ...slots]));
    } else if (expression.kind === "and") {
      const known = expression.terms.flatMap((term) => {
        if (term.kind === "condition") return conditionSlots(term).slots;
        return term.kind === "given" ? [givenSlot(term)] : [];
      });
      for (const term of expression.terms) guardAll(term, [...guard, ...known]);
    } else
      for (const term of "term" in expression ? [expression.term] : expression.terms)
        guardAll(term, guard);
  };
  return {
    codeOf(expression) {
      guardAll(expression, []);
      return codeOf(expression);
    },
    searched,
    given: () => [...given.values()],
  };
}

/** Code: the AND of the words at the slots. */
export function allOf(slots: readonly number[]): Code {
  const words = slots.map((slot) => load(i32.const(4 * slot)));
  return words.length === 0 ? i32.const(-1) : words.reduce((all, word) => i32.and(all, word));
}
