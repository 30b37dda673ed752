import type { Tensor } from "../../graph/index.ts";

/** Parameters that are trained differently. Later groups win where several match. */
export interface ParameterGroup {
  readonly match: (path: string) => boolean;
  /** Times the learning rate; 0 freezes, negative ascends. Default 1. */
  readonly lrFactor?: number;
  /** Replaces the optimizer's weight decay. */
  readonly weightDecay?: number;
}

export interface CommonOptions {
  /** Learning rate, before the schedule's factor. */
  readonly lr?: number;
  /** Decoupled weight decay: each step also takes lr · weightDecay · w off. Default 0. */
  readonly weightDecay?: number;
  /** Paths that decay; default kernels. */
  readonly decayOn?: (path: string) => boolean;
  readonly groups?: readonly ParameterGroup[];
  /** Gradients are scaled down to this global L2 norm. */
  readonly clipNorm?: number;
  /** Gradient elements are limited to ± this. */
  readonly clipValue?: number;
}

/**
 * A first-order rule on the flat vector of all parameters. It gives the step d of p' = p - d;
 * clipping, groups and weight decay are applied around it, the same for every rule.
 */
export interface Optimizer {
  /** Name and numbers of the rule, which a checkpoint must match. */
  readonly name: string;
  readonly options: CommonOptions & { readonly lr: number };
  /** Vectors of the parameters' size kept between steps; they start at 0. */
  readonly slots: number;
  /** Scalars of one step, computed on the host in float64; `step` counts from 1. */
  controls(step: number, lr: number): readonly number[];
  /** @param control - one [1] tensor per control. */
  update(
    gradient: Tensor,
    slots: readonly Tensor[],
    control: readonly Tensor[],
  ): { readonly step: Tensor; readonly slots: readonly Tensor[] };
}
