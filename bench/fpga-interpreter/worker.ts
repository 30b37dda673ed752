/** A thread that evaluates a 4-32-32-32-3 network; a message (kind, rows) gives the seconds. */
import { parentPort } from "node:worker_threads";
import { createRng } from "../../src/base/rng.ts";
import { fixed, ufixed } from "../../src/fpga/format.ts";
import { fixedNetwork } from "../../src/fpga/interpret/fixed-network.ts";
import { interpret } from "../../src/fpga/interpret/run.ts";
import { createEvaluator } from "../../src/fpga/interpret/wasm.ts";

/** Six bits for weights and activations, none of them zero: nothing can be left out. */
const rng = createRng("fpga-interpreter");
const sizes = [4, 32, 32, 32, 3];
const program = fixedNetwork({
  name: "muons",
  inputs: Array.from({ length: 4 }, (_, i) => ({ label: `x${i}`, format: fixed(10, 4) })),
  layers: sizes.slice(1).map((outputs, layer) => ({
    weights: Array.from({ length: outputs }, () =>
      Array.from({ length: sizes[layer] }, () => (1 + rng.integer(31)) * (rng.integer(2) * 2 - 1)),
    ),
    weightFormat: fixed(6, 1),
    bias: Array.from({ length: outputs }, () => rng.integer(64) - 32),
    biasFormat: fixed(6, 1),
    ...(layer === 3
      ? { resultFormat: fixed(12, 6, "RND", "SAT"), activation: "none" as const }
      : { activation: "relu" as const, activationFormat: ufixed(6, 2, "RND", "SAT") }),
  })),
});
const evaluator = createEvaluator(program);
const ways = {
  wasm: (inputs: { x: Int32Array }) => evaluator.run(inputs),
  plain: (inputs: { x: Int32Array }) => interpret(program, inputs).outputs,
};

export interface Task {
  readonly kind: keyof typeof ways;
  readonly rows: number;
}
export interface Outcome {
  readonly kind: string;
  readonly seconds: number;
  /** Sum of all results, the same for every way. */
  readonly sum: number;
}

parentPort?.on("message", ({ kind, rows }: Task) => {
  const draw = createRng(rows);
  const x = Int32Array.from({ length: 4 * rows }, () => draw.integer(1024) - 512);
  const start = performance.now();
  const { y } = ways[kind]({ x });
  const seconds = (performance.now() - start) / 1e3;
  const sum = y.reduce((total, value) => total + value, 0);
  const isFallback = kind === "wasm" && evaluator.kind !== "wasm";
  parentPort?.postMessage({
    kind: isFallback ? "plain" : kind,
    seconds,
    sum,
  } satisfies Outcome);
});
