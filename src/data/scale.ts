import { DataError, invariant, ShapeError } from "../base/errors.ts";
import { numericColumn, type Table } from "./table.ts";

/** Features as one float array: [rows, features] row by row, or [features, rows]. */
export interface FeatureMatrix {
  readonly values: Float32Array | Float64Array;
  /** Feature names; their number is the number of features. */
  readonly names: readonly string[];
  /** `rows`: the features of one row lie together; `features`: the rows of one feature do. */
  readonly major: "rows" | "features";
}

/** x' = (x - offset) * scale per feature; plain JSON. */
export interface Scaler {
  readonly kind: "standard" | "minMax";
  readonly names: readonly string[];
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

/** Columns of a table as a matrix; float64, row by row, unless told otherwise. */
export function featureMatrix(
  table: Table,
  names: readonly string[],
  options: { major?: FeatureMatrix["major"]; dtype?: "float32" | "float64" } = {},
): FeatureMatrix {
  const { major = "rows", dtype = "float64" } = options;
  const size = table.rows * names.length;
  const values = dtype === "float32" ? new Float32Array(size) : new Float64Array(size);
  const matrix = { values, names, major };
  names.forEach((name, j) => {
    const column = numericColumn(table, name);
    const { start, step } = strideOf(matrix, j);
    for (let i = 0; i < column.length; i++) values[start + i * step] = column[i];
  });
  return matrix;
}

/**
 * To mean 0 and standard deviation 1 (of the population: divided by rows), accumulated in float64
 * over two passes. `DataError` for a feature that is constant or not finite.
 */
export function standardScaler(matrix: FeatureMatrix): Scaler {
  return fitFeatures("standard", matrix, (feature, n) => {
    let sum = 0;
    feature((x) => {
      sum += x;
    });
    const mean = sum / n;
    let squares = 0;
    feature((x) => {
      squares += (x - mean) ** 2;
    });
    return { offset: mean, scale: 1 / Math.sqrt(squares / n) };
  });
}

/** To [0, 1] from the smallest to the largest value. `DataError` as `standardScaler`. */
export function minMaxScaler(matrix: FeatureMatrix): Scaler {
  return fitFeatures("minMax", matrix, (_feature, _n, min, max) => ({
    offset: min,
    scale: 1 / (max - min),
  }));
}

type Visit = (see: (x: number) => void) => void;
type Rule = (
  feature: Visit,
  n: number,
  min: number,
  max: number,
) => { offset: number; scale: number };

function fitFeatures(kind: Scaler["kind"], matrix: FeatureMatrix, rule: Rule): Scaler {
  const { names, values } = matrix;
  const rows = rowsOf(matrix);
  const fitted = names.map((name, j) => {
    const { start, step } = strideOf(matrix, j);
    const feature: Visit = (see) => {
      for (let i = 0; i < rows; i++) see(values[start + i * step]);
    };
    let min = Infinity;
    let max = -Infinity;
    let finite = true;
    feature((x) => {
      if (x < min) min = x;
      if (x > max) max = x;
      finite &&= Number.isFinite(x);
    });
    if (!finite) throw new DataError(`${kind}Scaler: feature "${name}" has NaN or infinite values`);
    if (!(min < max))
      throw new DataError(
        `${kind}Scaler: feature "${name}" is ${rows > 0 ? `${min} in all ${rows} rows` : "empty"}; leave it out`,
      );
    return rule(feature, rows, min, max);
  });
  const offset = fitted.map((f) => f.offset);
  return { kind, names, offset, scale: fitted.map((f) => f.scale) };
}

/** Scaled values, in the layout and precision of the input; computed in float64. */
export function applyScaler(scaler: Scaler, matrix: FeatureMatrix): FeatureMatrix {
  return map(scaler, matrix, (x, offset, scale) => (x - offset) * scale);
}

/** The values before scaling. */
export function invertScaler(scaler: Scaler, matrix: FeatureMatrix): FeatureMatrix {
  return map(scaler, matrix, (x, offset, scale) => x / scale + offset);
}

function map(
  scaler: Scaler,
  matrix: FeatureMatrix,
  rule: (x: number, offset: number, scale: number) => number,
): FeatureMatrix {
  if (scaler.names.join("\n") !== matrix.names.join("\n"))
    throw new ShapeError(
      `scaler: fitted on features ${scaler.names.join(", ")}, got ${matrix.names.join(", ")}`,
    );
  const rows = rowsOf(matrix);
  const values = matrix.values.slice();
  scaler.names.forEach((_, j) => {
    const { start, step } = strideOf(matrix, j);
    const offset = scaler.offset[j];
    const scale = scaler.scale[j];
    for (let i = start, k = 0; k < rows; i += step, k++) values[i] = rule(values[i], offset, scale);
  });
  return { ...matrix, values };
}

function rowsOf({ values, names }: FeatureMatrix): number {
  const rows = values.length / names.length;
  if (names.length === 0 || !Number.isInteger(rows))
    throw new ShapeError(`scaler: ${values.length} values do not fill ${names.length} features`);
  return rows;
}

/** Where feature j starts, and how far apart its rows are. */
function strideOf(matrix: FeatureMatrix, j: number): { start: number; step: number } {
  invariant(j < matrix.names.length, "feature outside the matrix");
  if (matrix.major === "rows") return { start: j, step: matrix.names.length };
  return { start: j * (matrix.values.length / matrix.names.length), step: 1 };
}
