import type { HostArray } from "../../src/base/host-array.ts";
import { float32, toNumbers } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { compile } from "../../src/compile/index.ts";
import type { Tensor } from "../../src/graph/index.ts";
import type { Layer, Variables } from "../../src/nn/index.ts";
import { mapTree } from "../../src/nn/index.ts";
import { constant } from "../../src/ops/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";

/** CPU, one thread: same seed, same bytes. */
export const runtime = createNodeRuntime({ threads: 1 });

/** Values of tensors whose inputs are all constants, or fed. */
export async function evaluate<K extends string>(
  outputs: Record<K, Tensor>,
  feeds: Record<string, HostArray> = {},
): Promise<Record<K, Float64Array>> {
  const session = await runtime.load(compile({ name: "test", outputs }));
  const results = await session.run(feeds);
  await session.dispose();
  return Object.fromEntries(Object.entries(results).map(([k, v]) => [k, toNumbers(v)])) as never;
}

export function constants(variables: Variables): Variables<Tensor> {
  const fix = (tree: Variables["params"]) => mapTree(tree, (v, path) => constant(v, v.dtype, path));
  return { params: fix(variables.params), state: fix(variables.state) };
}

/** A layer's output and new state for a given input. */
export async function applyLayer(
  layer: Layer,
  variables: Variables,
  x: HostArray,
  context: { training: boolean; seed?: number },
) {
  const seed = context.seed === undefined ? null : constant(context.seed, "int64");
  const { y, state } = layer.apply(constants(variables), constant(x), {
    training: context.training,
    seed,
  });
  return { y, state };
}

/** Standard normal numbers [..shape], times a scale. */
export function normals(seed: number, shape: readonly number[], scale = 1): HostArray {
  const rng = createRng(seed);
  const size = shape.reduce((n, d) => n * d, 1);
  return float32(
    Array.from({ length: size }, () => scale * rng.normal()),
    shape,
  );
}

/** Largest |a - b|. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i] - b[i]);
    worst = Math.max(worst, Number.isNaN(d) ? Infinity : d);
  }
  return worst;
}
