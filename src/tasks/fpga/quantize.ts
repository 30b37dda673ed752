import { ConfigError } from "../../base/errors.ts";
import { float32 } from "../../base/host-array.ts";
import {
  type Calibration,
  calibrate,
  correctBiases,
  type FixedProgram,
  type FloatNetwork,
  findChain,
  lowerNetwork,
  planUniform,
  type QuantizationPlan,
  type QuantizedTraining,
  type TrainingRows,
  trainQuantized,
} from "../../fpga/index.ts";
import type { FitEvent } from "../../nn/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Dataset } from "../recalibration/prepare.ts";
import { type Quantity, quantityText } from "../recalibration/quantities.ts";
import type { DesignConfig } from "./config.ts";
import { calibrationLoss, targetsOf } from "./loss.ts";
import type { PortRows } from "./ports.ts";

/** A network with all of its formats chosen. */
export interface Quantized {
  readonly program: FixedProgram;
  /** Of the network that was lowered, trained with its bits or not. */
  readonly calibration: Calibration;
  readonly plan: QuantizationPlan;
  readonly training: QuantizedTraining | null;
}

/** Bits of outputs, tables and everything that training leaves open. */
const openBits = 12;
/** Bits where a network is only rounded and nothing else is asked for. */
export const roundedBits = 8;

/** Rounds a network after training: one width for all, each layer's range by the sample. */
export function roundNetwork(
  network: FloatNetwork,
  sample: PortRows,
  config: Pick<DesignConfig, "bits">,
  outputSteps: Readonly<Record<string, number>> = {},
): Quantized {
  const calibration = calibrate(network, sample.ports);
  const bits = config.bits ?? roundedBits;
  const options = { bits, steps: outputSteps };
  const plan = correctBiases(network, planUniform(network, calibration, options), calibration);
  return { program: lowerNetwork(network, plan), calibration, plan, training: null };
}

/** What quantized training of a recalibration needs. */
export interface LearningRows {
  readonly data: Dataset;
  readonly train: { readonly rows: Uint32Array; readonly ports: PortRows };
  readonly validation: { readonly rows: Uint32Array; readonly ports: PortRows };
  /** Of the float model on the validation part: what an error counts in. */
  readonly floatErrors: Partial<Readonly<Record<Quantity, number>>>;
  readonly minimize: "relative" | "delta" | "width";
  /** Physical value of one unit of an output. */
  readonly units: Readonly<Record<string, number>>;
}

/** True for dense layers with ReLU between them, which can be trained with their bits. */
export function isTrainable(network: FloatNetwork): boolean {
  try {
    return findChain(network).layers.length > 1;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

/** Products of a float network: multiplications by weights per inference. */
export function productsOf(network: FloatNetwork): number {
  return network.nodes.reduce((sum, node) => {
    if (node.op !== "affine") return sum;
    const positions = node.gather ? node.gather.length / node.columns : 1;
    return sum + positions * node.rows * node.columns;
  }, 0);
}

/** Trains a network with its bits, from its float weights on. */
export async function trainNetwork(
  runtime: Runtime,
  network: FloatNetwork,
  learning: LearningRows,
  options: {
    readonly budget: { readonly bits: number } | { readonly ebops: number };
    readonly config: DesignConfig;
    readonly signal?: AbortSignal;
    readonly onEvent?: (event: FitEvent) => void;
  },
): Promise<Quantized> {
  const { data, train, validation } = learning;
  const { budget, config, signal, onEvent } = options;
  const batchSize = Math.min(512, train.rows.length);
  const rowsOf = ({ rows, ports }: LearningRows["train"]): TrainingRows => {
    const [values] = Object.values(ports.ports);
    return {
      x: float32(Float32Array.from(values), [ports.rows, values.length / ports.rows]),
      y: targetsOf(data, rows),
    };
  };
  const training = await trainQuantized(runtime, {
    network,
    data: rowsOf(train),
    validation: rowsOf(validation),
    loss: calibrationLoss(data, network, learning),
    outputSteps: stepsOf(data, learning),
    budget,
    epochs: Math.max(config.epochs, Math.ceil((config.steps * batchSize) / train.rows.length)),
    batchSize,
    seed: config.seed,
    ...(signal ? { signal } : {}),
    ...(onEvent ? { onEvent } : {}),
  });
  const calibration = calibrate(training.network, validation.ports.ports);
  const plan = planUniform(training.network, calibration, { bits: openBits });
  return { program: lowerNetwork(training.network, plan), calibration, plan, training };
}

/** A sixteenth of the error of each quantity, in units of the output; pt by its logarithm. */
function stepsOf(
  { quantities }: Dataset,
  { floatErrors, minimize, units }: LearningRows,
): number[] {
  return quantities.map((q) => {
    const isRatio = q === "pt" && minimize !== "delta";
    const unit = isRatio ? 1 : (units[quantityText[q].output] ?? 1);
    return (floatErrors[q] as number) / 16 / unit;
  });
}
