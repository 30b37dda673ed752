import { inferLanes, interpret } from "../interpret/index.ts";
import type { FloatNetwork } from "../network.ts";
import { evaluateNetwork } from "../onnx/evaluate.ts";
import type { FixedProgram } from "../program.ts";

/** What quantization changes at one output, in physical units. */
export interface OutputDifference {
  readonly name: string;
  readonly physical: string | null;
  /** Root of the mean square of fixed - float over all rows and lanes. */
  readonly rms: number;
  readonly largest: number;
  readonly mean: number;
  /** Standard deviation of the float model's values, to compare with. */
  readonly spread: number;
  /** Smallest step of the output. */
  readonly step: number;
}

/**
 * Runs a sample through both and compares. Angles that wrap are compared around the circle.
 * @param inputs - by input name, row-major [n, lanes], as the network takes them.
 */
export function compareWithFloat(
  network: FloatNetwork,
  program: FixedProgram,
  inputs: Readonly<Record<string, Float64Array>>,
): readonly OutputDifference[] {
  const lanes = inferLanes(program);
  const float = evaluateNetwork(network, inputs);
  const fixed = interpret(program, programInputs(program, inputs)).outputs;
  return program.outputs.map(({ name, from, unit, physical }) => {
    const steps = lanes.get(from)!.map(({ fraction }) => Math.abs(unit) * 2 ** -fraction);
    const period = periodOf(network, name);
    let squares = 0;
    let sum = 0;
    let largest = 0;
    let [total, totalSquares] = [0, 0];
    fixed[name].forEach((n, i) => {
      let difference = n * Math.sign(unit) * steps[i % steps.length] - float[name][i];
      if (period) difference -= period * Math.round(difference / period);
      total += float[name][i];
      totalSquares += float[name][i] ** 2;
      squares += difference ** 2;
      sum += difference;
      largest = Math.max(largest, Math.abs(difference));
    });
    const n = float[name].length;
    const [rms, mean] = [Math.sqrt(squares / n), sum / n];
    const spread = Math.sqrt(Math.max(0, totalSquares / n - (total / n) ** 2));
    return { name, physical, rms, largest, mean, spread, step: Math.min(...steps) };
  });
}

/** Numbers of the network as the integers of the ports, rounded and held within them. */
export function programInputs(
  program: FixedProgram,
  inputs: Readonly<Record<string, Float64Array>>,
): Record<string, Float64Array> {
  return Object.fromEntries(
    program.inputs.map(({ name, lanes }) => [
      name,
      inputs[name].map((value, i) => {
        const { fraction, lo, hi } = lanes[i % lanes.length];
        return Math.min(hi, Math.max(lo, Math.round(value * 2 ** fraction))) + 0;
      }),
    ]),
  );
}

/** Period of an output that wraps, looked for through picks. */
function periodOf({ nodes, outputs }: FloatNetwork, name: string): number | null {
  let from = outputs.find((output) => output.name === name)!.from;
  for (const node of [...nodes].reverse()) {
    if (node.output !== from) continue;
    if (node.op === "modulo") return node.period;
    if (node.op !== "pick" || node.inputs.length !== 1) return null;
    from = node.inputs[0];
  }
  return null;
}
