import type { HostArray } from "../base/host-array.ts";
import type { Rng } from "../base/rng.ts";
import type { Tensor } from "../graph/index.ts";
import type { Tree } from "./tree.ts";

/** What a layer owns: `params` are trained by gradient, `state` is kept by the layer itself. */
export interface Variables<T = HostArray> {
  readonly params: Tree<T>;
  readonly state: Tree<T>;
}

/** How a layer is being used. */
export interface Context {
  /** Batch statistics and dropout as in training; else the deterministic inference form. */
  readonly training: boolean;
  /** int64 scalar, another one each step; null where no randomness is available. */
  readonly seed: Tensor | null;
}

export interface Applied {
  readonly y: Tensor;
  /** The new `state`, of the same paths. */
  readonly state: Tree<Tensor>;
}

/** y = scale x + shift per feature. */
export interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** A layer with its variables. */
export interface Bound {
  readonly layer: Layer;
  readonly variables: Variables;
}

/** A network or a piece of one: pure functions, no hidden state. */
export interface Layer {
  /** Fresh variables. */
  init(rng: Rng): Variables;
  apply(variables: Variables<Tensor>, x: Tensor, context: Context): Applied;
  /** For a layer that in inference only scales and shifts features: those numbers. */
  affine?(variables: Variables): Affine;
  /** The layer with an affine after it as one layer of the same kind. */
  absorb?(variables: Variables, after: Affine): Bound;
  /** A simpler network that gives the same in inference. */
  fold?(variables: Variables): Bound;
}

/** The inference form of a network: every batch norm that follows a dense layer becomes part of it. */
export function foldBatchNorm(layer: Layer, variables: Variables): Bound {
  return layer.fold?.(variables) ?? { layer, variables };
}

/** Kernels are what penalties and weight decay act on by default: leaves named `weight`. */
export function isKernel(path: string): boolean {
  return path === "weight" || path.endsWith(".weight");
}
