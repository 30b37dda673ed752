import type { DuckDBVector } from "@duckdb/node-api";
import { DataError, invariant } from "../base/errors.ts";
import type { Column, ColumnType, ColumnValues } from "./table.ts";

type StoredValues = Exclude<ColumnValues, string[]>;
type NumberType = Exclude<ColumnType, "string">;

/** The array that holds a column of each numeric type without missing entries. */
export const storage = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const satisfies Record<NumberType, unknown>;

/** Collects chunks of one result column into one typed array. */
export interface ColumnBuilder {
  /** Adds n entries of a vector, from entry `from` on. */
  append(vector: DuckDBVector, from: number, n: number): void;
  /** The column of all that was added; the builder is then empty again. */
  finish(): Column;
}

/** A builder for vectors that SQL has already cast to one of the six column types. */
export function columnBuilder(name: string, type: ColumnType, unit: string | null): ColumnBuilder {
  return type === "string" ? stringBuilder(name, unit) : numberBuilder(name, type, unit);
}

function stringBuilder(name: string, unit: string | null): ColumnBuilder {
  let values: string[] = [];
  let absent: number[] = [];
  return {
    append(vector, from, n) {
      for (let i = from; i < from + n; i++) {
        const text = vector.getItem(i) as string | null;
        if (text === null) absent.push(values.length);
        values.push(text ?? "");
      }
    },
    finish() {
      const done = { name, unit, type: "string" as const, values };
      const missing = new Uint8Array(absent.length > 0 ? values.length : 0);
      for (const row of absent) missing[row] = 1;
      values = [];
      absent = [];
      return missing.length > 0 ? { ...done, missing } : done;
    },
  };
}

function numberBuilder(name: string, type: NumberType, unit: string | null): ColumnBuilder {
  let values: StoredValues = new storage[type](0);
  let length = 0;
  const reserve = (n: number) => {
    if (n <= values.length) return;
    const larger = emptyLike(values, Math.max(n, 2 * values.length));
    copy(values.subarray(0, length), larger, 0);
    values = larger;
  };
  const widen = () => {
    if (values instanceof Float64Array || values instanceof Float32Array) return;
    const wider = new Float64Array(values.length);
    copy(values, wider, 0);
    values = wider;
  };
  return {
    append(vector, from, n) {
      const validity = rawValidity(vector);
      const isMissing = (i: number) => validity !== null && !(validity[i >> 3] & (1 << (i & 7)));
      reserve(length + n);
      copy(rawItems(vector, type).subarray(from, from + n), values, length);
      if (validity !== null) {
        for (let i = 0; i < n; i++) {
          if (!isMissing(from + i)) continue;
          widen();
          (values as Float64Array)[length + i] = Number.NaN;
        }
      }
      length += n;
    },
    finish() {
      const done = { name, unit, type, values: values.slice(0, length) };
      if (type === "int64" && done.values instanceof Float64Array) requireExact(name, done.values);
      values = new storage[type](0);
      length = 0;
      return done;
    },
  };
}

function emptyLike(values: StoredValues, n: number): StoredValues {
  return new (values.constructor as new (n: number) => StoredValues)(n);
}

function copy(from: StoredValues, to: StoredValues, at: number): void {
  if (from instanceof BigInt64Array && !(to instanceof BigInt64Array)) {
    for (let i = 0; i < from.length; i++) to[at + i] = Number(from[i]);
  } else {
    (to as Float64Array).set(from as Float64Array, at);
  }
}

function requireExact(name: string, values: Float64Array): void {
  const bad = values.findIndex((x) => Math.abs(x) >= 2 ** 53);
  if (bad >= 0)
    throw new DataError(
      `column "${name}": has missing entries beside integers of 2^53 or more (row ${bad + 1}), which float64 cannot hold exactly; leave it out or select rows where it is not null`,
    );
}

/**
 * The memory behind a vector. The binding keeps it in fields its types call private; going through
 * `getItem` instead costs ten times the time where a column has missing entries.
 */
function rawItems(vector: DuckDBVector, type: NumberType): StoredValues {
  if (type === "bool") {
    const view: unknown = Reflect.get(vector, "dataView");
    invariant(view instanceof DataView, "boolean vector without a data view");
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }
  const items: unknown = Reflect.get(vector, "items");
  invariant(items instanceof storage[type], `${type} vector without typed items`);
  return items as StoredValues;
}

/** One bit per entry, 1 where it is valid; null where all are. */
function rawValidity(vector: DuckDBVector): Uint8Array | null {
  const words: unknown = Reflect.get(Reflect.get(vector, "validity") as object, "data");
  if (words === null) return null;
  invariant(words instanceof BigUint64Array, "validity that is not a bit mask");
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
