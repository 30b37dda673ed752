import type { Requirement } from "./requirements.ts";

/**
 * Some columns of an object as one index: values that no requirement tells apart share a class,
 * and the index numbers the combinations of classes.
 */
export interface RequirementTable {
  /** The index is the sum of classes[value & (classes.length - 1)]. */
  readonly columns: readonly { readonly column: string; readonly classes: Uint16Array }[];
  /** Number of combinations. */
  readonly size: number;
  /**
   * For each index the requirements that these columns let pass [size]: bit b is requirement
   * numbers[b], at most 32.
   */
  readonly row: (numbers: readonly number[]) => Int32Array;
}

/** Combinations in a table at most, so that it stays in the nearest cache. */
const widest = 1024;

/** Tables of the columns that requirements cut on, few and small. */
export function createTables(requirements: readonly Requirement[]): RequirementTable[] {
  const columns = new Set(requirements.flatMap(({ accepts }) => [...accepts.keys()]));
  const classified = [...columns].map((column) => classesOf(column, requirements));
  classified.sort((a, b) => b.examples.length - a.examples.length);
  const groups: { size: number; parts: ColumnClasses[] }[] = [];
  for (const part of classified) {
    const count = part.examples.length;
    const near = groups.find(({ size }) => size * count <= widest);
    if (near === undefined) groups.push({ size: count, parts: [part] });
    else {
      near.size *= count;
      near.parts.push(part);
    }
  }
  return groups.map(({ size, parts }) => tableOf(parts, size, requirements));
}

/** The classes of the values of a column. */
interface ColumnClasses {
  readonly column: string;
  /** [2 ** bits] */
  readonly classes: Uint16Array;
  /** A value of each class. */
  readonly examples: readonly number[];
}

/** Splits the values by one requirement after the other. */
function classesOf(column: string, requirements: readonly Requirement[]): ColumnClasses {
  const accepted = requirements.flatMap(({ accepts }) => accepts.get(column) ?? []);
  const classes = new Uint16Array(accepted[0].length);
  let examples = [0];
  for (const accepts of accepted) {
    const next = new Int32Array(2 * examples.length).fill(-1);
    examples = [];
    for (let value = 0; value < classes.length; value++) {
      const part = 2 * classes[value] + accepts[value];
      if (next[part] < 0) next[part] = examples.push(value) - 1;
      classes[value] = next[part];
    }
  }
  return { column, classes, examples };
}

function tableOf(
  parts: readonly ColumnClasses[],
  size: number,
  requirements: readonly Requirement[],
): RequirementTable {
  let next = 1;
  const strides = parts.map(({ examples }) => {
    const stride = next;
    next *= examples.length;
    return stride;
  });
  const columns = parts.map(({ column, classes }, p) => ({
    column,
    classes: classes.map((c) => c * strides[p]),
  }));
  const row = (numbers: readonly number[]) => {
    const words = new Int32Array(size).fill(numbers.length === 32 ? -1 : 2 ** numbers.length - 1);
    parts.forEach(({ column, examples }, p) => {
      const ofClass = Int32Array.from(examples, () => 0);
      numbers.forEach((r, b) => {
        const accepts = requirements[r].accepts.get(column);
        examples.forEach((value, c) => {
          if (accepts === undefined || accepts[value] === 1) ofClass[c] |= 1 << b;
        });
      });
      for (let index = 0; index < size; index++)
        words[index] &= ofClass[Math.floor(index / strides[p]) % examples.length];
    });
    return words;
  };
  return { columns, size, row };
}
