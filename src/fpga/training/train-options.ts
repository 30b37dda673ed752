import type { HostArray } from "../../base/host-array.ts";
import type { Tensor } from "../../graph/index.ts";
import type { FitEvent, Variables } from "../../nn/index.ts";
import type { FloatNetwork } from "../network.ts";
import type { QuantizationPlan } from "./plan.ts";
import type { QuantizedLayers } from "./quantized-layers.ts";

/** Rows to learn from. */
export interface TrainingRows {
  /** float32 [rows, lanes of the network's input]: raw inputs, hardware integers as they come. */
  readonly x: HostArray;
  /** What the loss compares with, [rows, ...]. */
  readonly y: HostArray;
  /** float32 [rows] */
  readonly weight?: HostArray;
}

/** What a loss is computed from. */
export interface LossInput {
  /**
   * What the last dense layer gives [batch, rows], in the network's own units: rows of all products
   * that read the last ReLU, in the network's order, without what passes them by.
   */
  readonly rows: Tensor;
  /** The network's outputs [batch, lanes] by name, all that follows the layers included. */
  readonly outputs: () => Readonly<Record<string, Tensor>>;
  readonly y: Tensor;
  /** [batch] */
  readonly weight: Tensor | null;
}

/** The same bits everywhere, or a width of its own for each weight and lane under a total. */
export type WidthBudget =
  /** Bits of every weight (with sign) and of every lane. */
  | { readonly bits: number }
  /** Effective bit operations in all; about as many LUTs, or fewer. */
  | { readonly ebops: number };

export interface QuantizedTrainingOptions {
  /** A trained network, whose weights are where training starts. */
  readonly network: FloatNetwork;
  readonly data: TrainingRows;
  readonly validation: TrainingRows;
  /** Scalar loss of a batch, a mean over its (weighted) rows. */
  readonly loss: (given: LossInput) => Tensor;
  readonly budget: WidthBudget;
  /** Default 30. */
  readonly epochs?: number;
  /** Default 512. */
  readonly batchSize?: number;
  /** Learning rate of Adam at its highest; it falls as a cosine. Default 0.004. */
  readonly lr?: number;
  /** Times the learning rate for fraction bits. Default 4. */
  readonly widthRate?: number;
  /** Share of the training after which the budget holds. Default 0.5. */
  readonly annealing?: number;
  /** Share of the training after which widths stay, if the budget is kept. Default 0.75. */
  readonly settling?: number;
  /** Largest step of each of `rows`, in its units. Default 1/64 of its standard deviation. */
  readonly outputSteps?: readonly number[];
  /** Of the shuffling. Default 0. */
  readonly seed?: number;
  /** Threads inside an operator. Default 1: results repeat byte for byte. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: FitEvent) => void;
}

/** One epoch's network. */
export interface QuantizedEpoch {
  /** From 0. */
  readonly epoch: number;
  readonly loss: number;
  readonly validationLoss: number;
  readonly ebops: number;
}

export interface QuantizedTraining {
  /** The best network within the budget: its casts and weights are exactly on their grids. */
  readonly network: FloatNetwork;
  readonly layers: QuantizedLayers;
  readonly best: QuantizedEpoch;
  /** False where no epoch kept the budget; `best` is then the one nearest to it. */
  readonly keepsBudget: boolean;
  readonly history: readonly QuantizedEpoch[];
  /** Epochs that no other one beats in both error and cost, the cheapest first. */
  readonly frontier: readonly (QuantizedEpoch & { readonly network: FloatNetwork })[];
  /** What was trained, to go on from or to run in a graph by `quantizedNetwork`. */
  readonly plan: QuantizationPlan;
  readonly variables: Variables;
}
