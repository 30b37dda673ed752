import { type ConditionContext, createCondition } from "./conditions.ts";
import type { Condition, Expression, GivenCondition, ObjectTerm } from "./language.ts";
import { createPairSearch, isPairCondition, type PairSearch } from "./pair-search.ts";
import { printExpression } from "./print-expression.ts";
import { passTest, type Source, slotOf } from "./sources.ts";

/** Which of the crossings of the block in `active` fulfil a part of an expression, as bits. */
export type Node = (active: number) => number;

/** The AND of bits of the block and of what needs more than bits. */
export interface Answer {
  /** Places of the bits. */
  readonly slots: Int32Array;
  readonly rest: Node | null;
}

/** The functions that answer conditions, each built once however many algorithms use it. */
export interface Answers {
  readonly answerOf: (expression: Expression) => Answer;
  /** Takes the objects of a call of `evaluate`. */
  readonly load: (crossings: number, given: Readonly<Record<string, Uint32Array>>) => void;
  /** To be called for each block of 32 crossings, once its bits are there. */
  readonly startBlock: (block: number) => void;
}

/** Answers from sources whose requirements are all known, with the bits of all. */
export function createAnswers(bits: Int32Array, sourceFor: (term: ObjectTerm) => Source): Answers {
  let block = -1;
  let crossings = 0;
  let given: Readonly<Record<string, Uint32Array>> = {};
  const loads: (() => void)[] = [];
  const context: ConditionContext & { source: (term: ObjectTerm) => Source } = {
    source: sourceFor,
    data: (term) => sourceFor(term).data,
    passes: (term) => passTest(sourceFor(term), term),
    crossings: () => crossings,
  };
  const shared = new Map<string, Answer>();
  const share = (key: string, build: () => Answer): Answer => {
    const answer = shared.get(key) ?? build();
    shared.set(key, answer);
    return answer;
  };
  const nodeOf = (expression: Expression): Node => {
    const { slots, rest } = answerOf(expression);
    return (active) => {
      let left = active;
      for (let k = 0; k < slots.length; k++) left &= bits[slots[k]];
      return left === 0 || rest === null ? left : rest(left);
    };
  };
  const only = (rest: Node): Answer => ({ slots: new Int32Array(0), rest });

  /** Asks crossing by crossing, each at most once a block. */
  const crossingNode = (test: (e: number) => boolean): Node => {
    let [ofBlock, known, value] = [-1, 0, 0];
    loads.push(() => {
      ofBlock = -1;
    });
    return (active) => {
      if (ofBlock !== block) {
        ofBlock = block;
        known = value = 0;
      }
      for (let open = active & ~known; open !== 0; open &= open - 1) {
        const e = 31 - Math.clz32(open & -open);
        if (test(32 * block + e)) value |= 1 << e;
      }
      known |= active;
      return active & value;
    };
  };

  const conditionAnswer = (condition: Condition): Answer => {
    const { objects, cuts } = condition;
    const now = objects.filter(({ bx }) => bx === 0);
    const { slots, isExact } = enoughObjects(now, sourceFor);
    if (isExact && cuts.length === 0 && now.length === objects.length)
      return { slots: Int32Array.from(slots), rest: null };
    if (isPairCondition(condition))
      return { slots: Int32Array.from(slots), rest: pairNode(condition) };
    const { load, test } = createCondition(condition, context);
    loads.push(load);
    return { slots: Int32Array.from(slots), rest: crossingNode(test) };
  };

  const groups = new Map<string, MassGroup>();
  /** Conditions that differ in a lower mass limit alone share the search for the largest mass. */
  const pairNode = (condition: Condition): Node => {
    const cuts = condition.cuts.filter(({ kind }) => !kind.startsWith("MASS"));
    const rest = printExpression({ ...condition, cuts });
    const search = createPairSearch(condition, context);
    const { low, high } = search.pair.limits.mass ?? { low: 0, high: Number.POSITIVE_INFINITY };
    if (high !== Number.POSITIVE_INFINITY || search.pair.limits.mass === null) {
      loads.push(search.load);
      const range = { low, high, stop: 0 };
      return crossingNode((e) => search.best(e, range) >= 0);
    }
    const kind = condition.cuts.find((cut) => cut.kind.startsWith("MASS"))?.kind;
    const key = `${kind} ${rest}`;
    const group = groups.get(key) ?? createMassGroup(search);
    groups.set(key, group);
    if (group.search === search) loads.push(search.load, group.forget);
    group.include(low);
    return crossingNode((e) => group.largest(e) >= low);
  };

  const givenNode = ({ name, bx }: GivenCondition): Node =>
    crossingNode((e) => {
      const at = e + bx;
      return at >= 0 && at < crossings && ((given[name][at >>> 5] >>> (at & 31)) & 1) === 1;
    });

  const answerOf = (expression: Expression): Answer => {
    switch (expression.kind) {
      case "condition":
        return share(printExpression(expression), () => conditionAnswer(expression));
      case "given":
        return share(printExpression(expression), () => only(givenNode(expression)));
      case "not": {
        const term = nodeOf(expression.term);
        return only((active) => active & ~term(active));
      }
      case "and": {
        const answers = expression.terms.map(answerOf);
        const slots = new Set(answers.flatMap((answer) => [...answer.slots]));
        const rests = answers.flatMap(({ rest }) => (rest === null ? [] : [rest]));
        return {
          slots: Int32Array.from(slots),
          rest: rests.length === 0 ? null : allOf(rests),
        };
      }
      case "or":
        return only(anyOf(expression.terms.map(nodeOf)));
      case "xor": {
        const terms = expression.terms.map(nodeOf);
        return only((active) => terms.reduce((odd, term) => odd ^ term(active), 0));
      }
    }
  };
  return {
    answerOf,
    load(n, answers) {
      crossings = n;
      given = answers;
      for (const load of loads) load();
    },
    startBlock(next) {
      block = next;
    },
  };
}

/** The largest mass of a kind of pairs in a crossing, remembered for the last 32 crossings. */
interface MassGroup {
  readonly search: PairSearch;
  readonly include: (low: number) => void;
  readonly largest: (e: number) => number;
  readonly forget: () => void;
}

function createMassGroup(search: PairSearch): MassGroup {
  const range = { low: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY, stop: 0 };
  const crossing = new Int32Array(32).fill(-1);
  const mass = new Float64Array(32);
  return {
    search,
    include(low) {
      range.low = Math.min(range.low, low);
      range.stop = Math.max(range.stop, low);
    },
    largest(e) {
      if (crossing[e & 31] !== e) {
        crossing[e & 31] = e;
        mass[e & 31] = search.best(e, range);
      }
      return mass[e & 31];
    },
    forget: () => crossing.fill(-1),
  };
}

/**
 * Bits that tell whether there are different objects for all terms of a condition. Where the
 * requirements on a source are nested, tightest first, there are exactly if at least k objects
 * fulfil the k-th (Hall's theorem); requirements that exclude each other do not interfere. For
 * others the bits are necessary only.
 */
function enoughObjects(
  objects: readonly ObjectTerm[],
  sourceFor: (term: ObjectTerm) => Source,
): { slots: number[]; isExact: boolean } {
  const slots: number[] = [];
  let isExact = true;
  for (const source of new Set(objects.map(sourceFor))) {
    const { requirements } = source;
    const terms = objects.filter((term) => sourceFor(term) === source);
    for (const bits of apart(
      terms.map((term) => requirements.add(term)),
      source,
    )) {
      const looser = (bit: number) => bits.filter((b) => requirements.implies(bit, b)).length;
      const order = [...bits].sort((x, y) => looser(y) - looser(x));
      const isChain =
        order.length <= 4 &&
        order.every((bit, k) => k === 0 || requirements.implies(order[k - 1], bit));
      isExact &&= isChain;
      order.forEach((bit, k) => {
        if (!isChain || order[k + 1] !== bit) slots.push(slotOf(source, bit, isChain ? k + 1 : 1));
      });
    }
  }
  return { slots, isExact };
}

/** Requirements in groups such that no object fulfils two of different groups. */
function apart(bits: readonly number[], { requirements }: Source): number[][] {
  let groups: number[][] = [];
  for (const bit of bits) {
    const near = groups.filter((group) => group.some((b) => !requirements.excludes(b, bit)));
    groups = [...groups.filter((group) => !near.includes(group)), [...near.flat(), bit]];
  }
  return groups;
}

function allOf(nodes: readonly Node[]): Node {
  if (nodes.length === 1) return nodes[0];
  if (nodes.length === 2) {
    const [first, second] = nodes;
    return (active) => {
      const left = first(active);
      return left === 0 ? 0 : second(left);
    };
  }
  return (active) => {
    let left = active;
    for (let k = 0; left !== 0 && k < nodes.length; k++) left = nodes[k](left);
    return left;
  };
}

function anyOf(nodes: readonly Node[]): Node {
  return (active) => {
    let found = 0;
    for (let k = 0; found !== active && k < nodes.length; k++) found |= nodes[k](active & ~found);
    return found;
  };
}
