import { ConfigError, ShapeError } from "../base/errors.ts";
import { allocate, type HostArray, type TypedData } from "../base/host-array.ts";
import { createRng } from "../base/rng.ts";
import { sameShape } from "../graph/index.ts";
import type { Columns } from "./train-step.ts";

/** Rows to learn from: arrays of the same first axis, `weight` float32 [rows] where there is one. */
export type Data = Readonly<Record<string, HostArray>>;

/** Types of the columns. */
export function columnsOf(data: Data): Columns {
  return Object.fromEntries(
    Object.entries(data).map(([name, { dtype, shape }]) => [
      name,
      { dtype, shape: shape.slice(1) },
    ]),
  );
}

/** Number of rows. @throws ShapeError where columns differ in it, ConfigError where there are none. */
export function rowsOf(where: string, data: Data): number {
  const lengths = Object.entries(data).map(([name, a]) => [name, a.shape[0] ?? 0] as const);
  const rows = lengths[0]?.[1] ?? 0;
  if (rows === 0) throw new ConfigError(`${where}: no rows`);
  if (lengths.some(([, n]) => n !== rows))
    throw new ShapeError(
      `${where}: columns differ in rows: ${lengths.map((l) => l.join(" ")).join(", ")}`,
    );
  const weight = data.weight;
  if (weight && (weight.dtype !== "float32" || weight.shape.length !== 1))
    throw new ShapeError(
      `${where}: weight must be float32 [rows], got ${weight.dtype} [${weight.shape}]`,
    );
  return rows;
}

/** @throws ShapeError unless data has the columns (a weight may be missing) of those types. */
export function requireColumns(where: string, data: Data, columns: Columns): void {
  for (const [name, { dtype, shape }] of Object.entries(columns)) {
    const column = data[name];
    if (!column && name === "weight") continue;
    if (column?.dtype !== dtype || !sameShape(column.shape.slice(1), shape))
      throw new ShapeError(
        `${where}: column "${name}" must be ${dtype} [rows${shape.map((d) => `, ${d}`).join("")}], got ${column ? `${column.dtype} [${column.shape.join(", ")}]` : "nothing"}`,
      );
  }
}

/** The order of rows in an epoch: a pure function of seed and epoch. */
export function epochOrder(seed: number, epoch: number, rows: number): Uint32Array {
  return createRng(seed).split("shuffle").split(epoch).permutation(rows);
}

/** Buffers for one batch of rows, filled in place by `gatherRows` and `copyRows`. */
export function batchBuffers(columns: Columns, rows: number): Record<string, HostArray> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, { dtype, shape }]) => {
      const size = shape.reduce((n, d) => n * d, rows);
      return [name, { dtype, shape: [rows, ...shape], data: allocate(dtype, size) }];
    }),
  );
}

/** Fills the buffers with the rows order[start], order[start + 1], …. */
export function gatherRows(data: Data, order: Uint32Array, start: number, into: Data): void {
  for (const name in into) {
    const rows = into[name].shape[0];
    const source = data[name].data as Float32Array;
    const target = into[name].data as Float32Array;
    const width = target.length / rows;
    // short rows: a plain loop beats the call overhead of set()
    if (width > 32) {
      for (let i = 0; i < rows; i++) {
        const from = order[start + i] * width;
        target.set(source.subarray(from, from + width), i * width);
      }
    } else {
      let at = 0;
      for (let i = 0; i < rows; i++) {
        const from = order[start + i] * width;
        for (let j = 0; j < width; j++) target[at++] = source[from + j];
      }
    }
  }
}

/** Fills the buffers with rows start … start + count - 1 and repeats the last one after them; columns not in data stay. */
export function copyRows(data: Data, start: number, count: number, into: Data): void {
  for (const name in into) {
    if (!data[name]) continue;
    const target = into[name].data;
    const width = target.length / into[name].shape[0];
    const source = data[name].data.subarray(start * width, (start + count) * width);
    copyInto(target, source, 0);
    for (let i = count; i < into[name].shape[0]; i++)
      copyInto(target, source.subarray(source.length - width), i * width);
  }
}

function copyInto(target: TypedData, source: TypedData, at: number): void {
  (target as Float32Array).set(source as Float32Array, at);
}
