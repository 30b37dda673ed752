import type { Arena } from "./arena.ts";
import { type CountedSource, enoughObjects } from "./enough-objects.ts";
import type { Condition, Expression, GivenCondition, ObjectTerm } from "./language.ts";
import { printExpression } from "./print-expression.ts";
import type { Searched } from "./searches.ts";

/** The crossings of the block that fulfil a part of an expression, as bits. */
export type Node = () => number;

/** The AND of words of the block, at their slots, and of what needs more than AND. */
export interface Answer {
  /** Places of the words. */
  readonly slots: readonly number[];
  readonly rest: Node | null;
}

/** An answer from outside, and where it goes. */
export interface GivenSlot extends GivenCondition {
  readonly slot: number;
}

/** Joins conditions, each answered once however many algorithms use it. */
export interface Answers {
  readonly answerOf: (expression: Expression) => Answer;
  readonly searched: readonly Searched[];
  readonly given: () => readonly GivenSlot[];
}

interface ConditionSlots {
  /** Necessary, and where nothing is searched sufficient. */
  readonly slots: readonly number[];
  readonly searched: Searched | null;
}

/** Answers from counters of all sources; `bits` gives the words once they are there. */
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

  const wordOf = (expression: Expression): Node => {
    const { slots, rest } = wordsOf(expression);
    return () => {
      const words = arena.bits();
      let left = -1;
      for (let k = 0; k < slots.length; k++) left &= words[slots[k]];
      return rest === null || left === 0 ? left : left & rest();
    };
  };
  const wordsOf = (expression: Expression): Answer => {
    switch (expression.kind) {
      case "condition": {
        const { slots, searched } = conditionSlots(expression);
        return { slots: searched === null ? slots : [searched.slot], rest: null };
      }
      case "given":
        return { slots: [givenSlot(expression)], rest: null };
      case "not": {
        const term = wordOf(expression.term);
        return { slots: [], rest: () => ~term() };
      }
      case "and": {
        const answers = expression.terms.map(wordsOf);
        const rests = answers.flatMap(({ rest }) => rest ?? []);
        return {
          slots: [...new Set(answers.flatMap(({ slots }) => slots))],
          rest: rests.length === 0 ? null : () => rests.reduce((all, rest) => all & rest(), -1),
        };
      }
      default: {
        const terms = expression.terms.map(wordOf);
        return {
          slots: [],
          rest:
            expression.kind === "or"
              ? () => terms.reduce((any, term) => any | term(), 0)
              : () => terms.reduce((odd, term) => odd ^ term(), 0),
        };
      }
    }
  };

  /** Tells the searched conditions where the expression asks for them: where `guard` holds. */
  const guardAll = (expression: Expression, guard: readonly number[]): void => {
    if (expression.kind === "given") return;
    if (expression.kind === "condition") {
      const { slots, searched } = conditionSlots(expression);
      searched?.guards.push(Int32Array.from(new Set([...guard, ...slots])));
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
    answerOf(expression) {
      guardAll(expression, []);
      return wordsOf(expression);
    },
    searched,
    given: () => [...given.values()],
  };
}
