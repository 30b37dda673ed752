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

/**
 * The order of rows in an epoch: a pure function of seed and epoch. Fisher-Yates over sfc32
 * (Doty-Humphrey, PractRand), whose state stays in registers: several times the speed of `Rng`.
 */
export function epochOrder(seed: number, epoch: number, rows: number): Uint32Array {
  const rng = createRng(seed).split("shuffle").split(epoch);
  let [a, b, c, counter] = [rng.bits() | 0, rng.bits() | 0, rng.bits() | 0, 1];
  const order = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) order[i] = i;
  for (let i = rows - 1; i > 0; i--) {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    const j = Math.floor(((t >>> 0) / 2 ** 32) * (i + 1));
    const other = order[j];
    order[j] = order[i];
    order[i] = other;
  }
  return order;
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
    const rows = order.subarray(start, start + into[name].shape[0]);
    gatherColumn(data[name].data as Float32Array, rows, into[name].data as Float32Array);
  }
}

/** One column; a function of its own, so that the engine compiles the loop for its array type. */
function gatherColumn(source: Float32Array, rows: Uint32Array, target: Float32Array): void {
  const width = target.length / rows.length;
  if (width === 1) {
    for (let i = 0; i < rows.length; i++) target[i] = source[rows[i]];
  } else if (width <= 32) {
    let at = 0;
    for (let i = 0; i < rows.length; i++) {
      const from = rows[i] * width;
      for (let j = 0; j < width; j++) target[at++] = source[from + j];
    }
  } else {
    for (let i = 0; i < rows.length; i++)
      target.set(source.subarray(rows[i] * width, (rows[i] + 1) * width), i * width);
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
