import { ShapeError } from "../../base/errors.ts";
import type { FloatNetwork } from "../network.ts";
import { evaluateNetwork } from "../onnx/evaluate.ts";
import { prepare } from "./prepare.ts";

/** What one lane was seen to hold. */
export interface LaneRange {
  readonly min: number;
  readonly max: number;
  /** Quantiles 0.1 % and 99.9 %. */
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  /** Root of the mean square, and of the mean square distance to the mean. */
  readonly rms: number;
  readonly spread: number;
  /** Share of values that are exactly zero. */
  readonly zeros: number;
}

/** A sample's numbers at every vector of a prepared network. */
export interface Calibration {
  readonly network: FloatNetwork;
  readonly rows: number;
  /** By vector and lane, [rows]. */
  readonly values: ReadonlyMap<string, readonly Float64Array[]>;
  /** By vector and lane. */
  readonly ranges: Readonly<Record<string, readonly LaneRange[]>>;
  /** Of the weights of each product, by its vector. */
  readonly weights: Readonly<Record<string, LaneRange>>;
}

/** Largest sample that is kept; more rows say nothing new about formats. */
const mostRows = 4096;

/**
 * Runs a sample through a network and keeps what every lane holds.
 * @param inputs - by input name, row-major [n, lanes]; evenly spread rows are taken of more than 4096.
 * @throws ShapeError for inputs that do not fit.
 */
export function calibrate(
  given: FloatNetwork,
  inputs: Readonly<Record<string, Float64Array>>,
): Calibration {
  const sample = Object.fromEntries(
    given.inputs.map(({ name, labels }) => {
      if (!inputs[name])
        throw new ShapeError(
          `calibrate: no values for input ${name} of ${given.name}, expected [n, ${labels.length}]`,
        );
      return [name, spreadRows(inputs[name], labels.length)];
    }),
  );
  const first = given.inputs[0];
  const rows = sample[first.name].length / first.labels.length;
  const lanesOf = (all: Float64Array) => {
    const width = all.length / rows;
    return Array.from({ length: width }, (_, lane) =>
      Float64Array.from({ length: rows }, (_, row) => all[row * width + lane]),
    );
  };
  const spreads = Object.entries(sample).map(([name, all]) => [name, lanesOf(all).map(laneRange)]);
  const network = prepare(given, Object.fromEntries(spreads));
  const values = new Map<string, readonly Float64Array[]>();
  const ranges: Record<string, readonly LaneRange[]> = {};
  evaluateNetwork(network, sample, (name, all) => {
    const lanes = lanesOf(all);
    values.set(name, lanes);
    ranges[name] = lanes.map(laneRange);
  });
  const weights: Record<string, LaneRange> = {};
  for (const node of network.nodes)
    if (node.op === "affine") weights[node.output] = laneRange(node.weights);
  return { network, rows, values, ranges, weights };
}

function spreadRows(values: Float64Array, lanes: number): Float64Array {
  const rows = values.length / lanes;
  if (rows <= mostRows) return values;
  return Float64Array.from({ length: mostRows * lanes }, (_, i) => {
    const row = Math.floor((Math.floor(i / lanes) * rows) / mostRows);
    return values[row * lanes + (i % lanes)];
  });
}

/** Range, quantiles and moments of numbers. */
export function laneRange(values: Float64Array): LaneRange {
  const n = values.length;
  const sorted = Float64Array.from(values).sort();
  let sum = 0;
  let squares = 0;
  let zeros = 0;
  for (const value of sorted) {
    sum += value;
    squares += value * value;
    if (value === 0) zeros++;
  }
  const mean = sum / n;
  let spread = 0;
  for (const value of sorted) spread += (value - mean) ** 2;
  const at = (share: number) => sorted[Math.round(share * (n - 1))];
  return {
    min: sorted[0],
    max: sorted[n - 1],
    low: at(0.001),
    high: at(0.999),
    mean,
    rms: Math.sqrt(squares / n),
    spread: Math.sqrt(spread / n),
    zeros: zeros / n,
  };
}
