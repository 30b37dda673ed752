import { type DType, fromNumbers, type HostArray, sizeOf } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import type { Tensor } from "../../src/graph/index.ts";
import { input } from "../../src/ops/index.ts";
import type { Case } from "./sampling.ts";

/** A case with its dtype and sizes chosen: a graph, and what to feed it. */
export interface Instance {
  readonly label: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly feeds: Readonly<Record<string, HostArray>>;
}

const isNamed = ({ inputs }: Case) =>
  inputs.some(({ shape }) => shape.some((d) => typeof d === "string"));

/** The batch sizes to try a case with: two where a size has a name. */
export const batchSizes = (sample: Case) => (isNamed(sample) ? [2, 5] : [1]);

/** Builds a case; its numbers depend on label and batch size alone. */
export function instantiate(label: string, sample: Case, dtype: DType, batch: number): Instance {
  const sizes: Readonly<Record<string, number>> = { batch, n: 3 };
  const inputs = sample.inputs.map(({ shape, dtype: own }, i) =>
    input(`x${i}`, own === "float" ? dtype : own, shape),
  );
  const feeds = sample.inputs.map(({ shape, sample: draw }, i) => {
    const fixed = shape.map((d) => (typeof d === "number" ? d : sizes[d]));
    const rng = createRng(`${label}/${batch}/${i}`);
    return [`x${i}`, fromNumbers(inputs[i].dtype, fixed, draw(rng, sizeOf(fixed)))] as const;
  });
  const built = sample.build(inputs, dtype);
  return {
    label: `${label}, ${dtype}, batch ${batch}`,
    inputs,
    outputs: Array.isArray(built) ? (built as Tensor[]) : [built as Tensor],
    feeds: Object.fromEntries(feeds),
  };
}
