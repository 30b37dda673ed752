import { type HostArray, sizeOf } from "../../src/base/host-array.ts";
import { compile } from "../../src/compile/index.ts";
import { formatShape, type Tensor } from "../../src/graph/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import type { RefArray } from "../reference/array.ts";
import { evaluate, type Feeds } from "../reference/evaluate.ts";
import { exactly, forward, isClose, type Tolerance } from "../tolerances.ts";

const runtime = createNodeRuntime({ threads: 1 });

interface RunOptions {
  readonly optimize?: boolean;
  readonly threads?: number;
}

/** Outputs compiled and loaded in ONNX Runtime on the CPU, to run more than once. */
export async function loadOnnx(
  outputs: readonly Tensor[],
  { optimize = false, threads = 1 }: RunOptions = {},
) {
  const named = Object.fromEntries(outputs.map((t, i) => [`output_${i}`, t]));
  const session = await runtime.load(compile({ name: "test", outputs: named, optimize }), {
    threads,
  });
  return {
    run: async (feeds: Feeds): Promise<HostArray[]> => {
      const results = await session.run(feeds);
      return outputs.map((_, i) => results[`output_${i}`]);
    },
    dispose: () => session.dispose(),
  };
}

/** Compiles, loads and runs outputs once. */
export async function runOnnx(
  outputs: readonly Tensor[],
  feeds: Feeds,
  options: RunOptions = {},
): Promise<HostArray[]> {
  const { run, dispose } = await loadOnnx(outputs, options);
  try {
    return await run(feeds);
  } finally {
    await dispose();
  }
}

/** Fails with the first element that differs, or on another shape or dtype. */
export function expectArray(
  label: string,
  actual: HostArray | RefArray,
  expected: RefArray,
  tolerance: Tolerance,
): void {
  const type = (x: HostArray | RefArray) => `${x.dtype} ${formatShape(x.shape)}`;
  if (type(actual) !== type(expected))
    throw new Error(`${label}: is ${type(actual)}, expected ${type(expected)}`);
  for (let i = 0; i < sizeOf(expected.shape); i++) {
    const value = Number(actual.data[i]);
    if (!isClose(value, expected.data[i], tolerance))
      throw new Error(`${label}: element ${i} is ${value}, expected ${expected.data[i]}`);
  }
}

/** Runs outputs in ONNX Runtime and compares each with the reference. */
export async function expectAgreement(
  label: string,
  outputs: readonly Tensor[],
  feeds: Feeds,
  { optimize = false, loosen = exactly }: { optimize?: boolean; loosen?: Tolerance } = {},
): Promise<void> {
  const expected = evaluate(outputs, feeds);
  const actual = await runOnnx(outputs, feeds, { optimize });
  actual.forEach((array, i) => {
    const usual = forward[array.dtype];
    const isFloat = array.dtype === "float32" || array.dtype === "float64";
    const tolerance = isFloat && loosen.absolute > usual.absolute ? loosen : usual;
    expectArray(`${label}, output ${i}`, array, expected[i], tolerance);
  });
}
