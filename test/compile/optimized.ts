import { compile, type DimBindings } from "../../src/compile/index.ts";
import type { Tensor } from "../../src/graph/index.ts";

/** Outputs by the names `output_0`, `output_1`, ... */
export function named(outputs: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(outputs.map((t, i) => [`output_${i}`, t]));
}

/** What the passes of the compiler make of outputs. */
export function optimized(outputs: readonly Tensor[], dims: DimBindings = {}): readonly Tensor[] {
  let last = outputs;
  compile({
    name: "test",
    outputs: named(outputs),
    dims,
    onPass: (_, tensors) => {
      last = tensors;
    },
  });
  return last;
}
