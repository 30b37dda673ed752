import { ConfigError, DataError, ShapeError } from "../base/errors.ts";
import { type HostArray, hostArray } from "../base/host-array.ts";

/** Some consecutive rows: x [rows, features], y [rows, targets], weight [rows] >= 0. */
export interface RowBlock {
  readonly x: HostArray;
  readonly y: HostArray;
  readonly weight?: HostArray;
}

/** Rows read block by block, so that they need not fit in memory. Any block may be read again. */
export interface RowSource {
  readonly rows: number;
  readonly features: number;
  readonly targets: number;
  readonly isWeighted: boolean;
  /** Rows start … start + count - 1, in arrays that stay as they are until the second next call. */
  read(start: number, count: number): RowBlock | Promise<RowBlock>;
}

/**
 * Arrays as a row source.
 * @throws ShapeError where shapes do not fit together, ConfigError without rows.
 */
export function rowSource({ x, y, weight }: RowBlock): RowSource {
  const rows = x.shape[0] ?? 0;
  if (x.shape.length !== 2 || y.shape.length !== 2 || y.shape[0] !== rows)
    throw new ShapeError(
      `falkon: expected x [rows, features] and y [rows, targets], got [${x.shape}] and [${y.shape}]`,
    );
  if (weight && (weight.shape.length !== 1 || weight.shape[0] !== rows))
    throw new ShapeError(`falkon: expected weight [${rows}], got [${weight.shape}]`);
  if (rows === 0) throw new ConfigError("falkon: no rows");
  return {
    rows,
    features: x.shape[1],
    targets: y.shape[1],
    isWeighted: weight !== undefined,
    read: (start, count) => ({
      x: rowRange(x, start, count),
      y: rowRange(y, start, count),
      ...(weight ? { weight: rowRange(weight, start, count) } : {}),
    }),
  };
}

/** Rows as a view, without copying. */
export function rowRange({ dtype, shape, data }: HostArray, start: number, count: number) {
  const [rows, ...rest] = shape;
  const width = data.length / rows;
  return hostArray(dtype, [count, ...rest], data.subarray(start * width, (start + count) * width));
}

/** The float type in which blocks are computed. */
export type Precision = "float32" | "float64";

/** The float type that an array is computed in: its own, or float32. */
export function precisionOf({ dtype }: HostArray): Precision {
  return dtype === "float64" ? "float64" : "float32";
}

/** The array in another float type; itself where it has it. */
export function toPrecision(array: HostArray, precision: Precision): HostArray {
  if (array.dtype === precision) return array;
  const source = array.data as Float32Array;
  const data = precision === "float32" ? new Float32Array(source) : new Float64Array(source);
  return hostArray(precision, array.shape, data);
}

/** A block in one float type, checked. */
export interface CheckedBlock {
  readonly rows: number;
  readonly x: HostArray;
  readonly y: HostArray;
  readonly weight: HostArray | null;
}

/**
 * Reads a block and checks it.
 * @throws DataError for values that are not finite and weights below 0, with the first such row.
 */
export async function readBlock(
  source: RowSource,
  start: number,
  count: number,
  precision: Precision,
): Promise<CheckedBlock> {
  const { x, y, weight } = await source.read(start, count);
  const block = {
    rows: count,
    x: toPrecision(x, precision),
    y: toPrecision(y, precision),
    weight: weight ? toPrecision(weight, precision) : null,
  };
  requireShape("x", block.x, [count, source.features]);
  requireShape("y", block.y, [count, source.targets]);
  if (block.weight) requireShape("weight", block.weight, [count]);
  requireFinite("x", block.x, start);
  requireFinite("y", block.y, start);
  if (block.weight) requireFinite("weight", block.weight, start, 0);
  return block;
}

function requireShape(name: string, { shape }: HostArray, expected: readonly number[]): void {
  if (shape.join() !== expected.join())
    throw new ShapeError(`falkon: ${name} must be [${expected}], got [${shape}]`);
}

function requireFinite(name: string, { shape, data }: HostArray, start: number, low = -1e300) {
  const values = data as Float32Array;
  for (let i = 0; i < values.length; i++)
    if (!(values[i] >= low && values[i] < Number.POSITIVE_INFINITY)) {
      const row = start + Math.floor(i / (values.length / shape[0]));
      throw new DataError(
        `falkon: ${name} of row ${row} is ${values[i]}; every value must be finite${low === 0 ? " and >= 0" : ""}`,
      );
    }
}

/** Starts and sizes of the blocks that cover all rows. */
export function* blocksOf(rows: number, blockRows: number): Generator<[number, number]> {
  for (let start = 0; start < rows; start += blockRows)
    yield [start, Math.min(blockRows, rows - start)];
}
