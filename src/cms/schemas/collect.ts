import { DataError } from "../../base/errors.ts";
import { makeCollection, type NumericArray, type ObjectCollection } from "../objects.ts";
import type { CollectionPlan } from "./detect.ts";

/** A branch as a columnar reader gives it. */
export interface BranchColumn {
  readonly name: string;
  readonly values: ArrayLike<unknown>;
  /** Jagged branches: entry e holds values offsets[e] ... offsets[e + 1] - 1; [entries + 1]. */
  readonly offsets?: Uint32Array | undefined;
}

/** The collection from the branches of its plan; `DataError` where they do not fit together. */
export function collect(plan: CollectionPlan, read: readonly BranchColumn[]): ObjectCollection {
  const columns: Record<string, NumericArray> = {};
  let offsets: Uint32Array | undefined;
  let first = "";
  for (const [column, branch] of Object.entries(plan.branches)) {
    const found = branchOf(plan, branch, read);
    if (found.offsets === undefined)
      throw new DataError(`${plan.name}: branch "${branch}" has one value per event, need a list`);
    if (offsets === undefined) [offsets, first] = [found.offsets, branch];
    requireSameLists(plan.name, [first, branch], [offsets, found.offsets]);
    columns[column] = numericValues(plan, branch, found.values);
  }
  return makeCollection(plan.name, offsets ?? new Uint32Array(1), columns);
}

/** Values of one number per event, by column; 64-bit integers stay exact. */
export type EventIds = Readonly<Record<string, NumericArray | BigInt64Array | BigUint64Array>>;

/** The event numbers from the branches of their plan; each [events]. */
export function collectEventIds(plan: CollectionPlan, read: readonly BranchColumn[]): EventIds {
  const ids = Object.entries(plan.branches).map(([column, branch]) => {
    const { values, offsets } = branchOf(plan, branch, read);
    if (offsets !== undefined)
      throw new DataError(`${plan.name}: branch "${branch}" has a list per event, need one value`);
    const exact = values instanceof BigInt64Array || values instanceof BigUint64Array;
    return [column, exact ? values : numericValues(plan, branch, values)] as const;
  });
  for (const [column, values] of ids)
    if (values.length !== ids[0][1].length)
      throw new DataError(
        `${plan.name}: ${ids[0][0]} has ${ids[0][1].length} events, ${column} has ${values.length}`,
      );
  return Object.fromEntries(ids);
}

function branchOf(plan: CollectionPlan, branch: string, read: readonly BranchColumn[]) {
  const found = read.find(({ name }) => name === branch);
  if (found !== undefined) return found;
  throw new DataError(`${plan.name}: branch "${branch}" of ${plan.tree} was not read`);
}

function numericValues(
  plan: CollectionPlan,
  branch: string,
  values: ArrayLike<unknown>,
): NumericArray {
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    return Float64Array.from(values, Number);
  if (ArrayBuffer.isView(values) && !(values instanceof DataView)) return values as NumericArray;
  throw new DataError(`${plan.name}: branch "${branch}" holds no numbers`);
}

function requireSameLists(
  name: string,
  [a, b]: readonly [string, string],
  [x, y]: readonly [Uint32Array, Uint32Array],
): void {
  if (x === y) return;
  if (x.length !== y.length)
    throw new DataError(
      `${name}: "${a}" has ${x.length - 1} events, "${b}" has ${y.length - 1}; read the same events`,
    );
  const e = x.findIndex((offset, i) => offset !== y[i]);
  if (e >= 0)
    throw new DataError(
      `${name}: event ${e - 1} has ${x[e] - x[e - 1]} values of "${a}", ${y[e] - y[e - 1]} of "${b}"`,
    );
}
