import { describe, expect, it } from "vitest";
import { vjp } from "../../src/autodiff/index.ts";
import type { DType } from "../../src/base/host-array.ts";
import { type OpDef, type Tensor, toposort } from "../../src/graph/index.ts";
import * as records from "../../src/ops/records.ts";
import { gradient } from "../tolerances.ts";
import { checkTwice, project } from "./differences.ts";
import { batchSizes, type Instance, instantiate } from "./instance.ts";
import { missingKernels } from "./missing-kernels.ts";
import { expectAgreement } from "./run.ts";
import { samples } from "./samples.ts";

const recordOf: ReadonlyMap<string, unknown> = new Map(Object.entries(records));
type RecordName = keyof typeof samples;
const names = Object.keys(samples) as RecordName[];
const isFloat = (t: Tensor) => t.dtype === "float32" || t.dtype === "float64";

/** Every case of a row at every batch size. */
function instances(name: RecordName, dtype: DType, sizes = batchSizes) {
  return samples[name].flatMap((sample, i) =>
    sizes(sample).map((n) => ({ sample, instance: instantiate(`${name} ${i}`, sample, dtype, n) })),
  );
}

/** What a gradient check needs: float outputs with a path to float inputs. */
function differentiable({ inputs, outputs }: Instance) {
  return { ys: outputs.filter(isFloat), xs: inputs.filter(isFloat) };
}

describe.each(names)("%s", (name) => {
  const record = recordOf.get(name) as OpDef;

  it("stands in the graph of each of its samples", () => {
    for (const { instance } of instances(name, "float32"))
      expect(toposort(instance.outputs).map((node) => node.op)).toContain(record);
  });

  it.each(["float32", "float64"] as const)(
    "gives in ONNX Runtime what the reference gives, %s",
    async (dtype) => {
      const missing = missingKernels[name]?.includes(dtype) ?? false;
      for (const { sample, instance } of instances(name, dtype)) {
        const { label, outputs, feeds } = instance;
        const run = expectAgreement(
          label,
          outputs,
          feeds,
          sample.tolerance && { loosen: sample.tolerance },
        );
        if (missing)
          await expect(run, `${label} has a kernel now`).rejects.toThrow(
            "Could not find an implementation",
          );
        else await run;
      }
    },
  );

  const cases = samples[name].filter((sample) => sample.differentiable ?? true);
  if (!record.vjp || cases.length === 0) return;

  it("has gradients of order 1 and 2 that agree with central differences", () => {
    for (const { sample, instance } of instances(name, "float64", () => [3])) {
      const { ys, xs } = differentiable(instance);
      if (!(sample.differentiable ?? true) || ys.length === 0 || xs.length === 0) continue;
      checkTwice(instance.label, project(`${instance.label}/outputs`, ys, instance.feeds), xs);
    }
  });

  it("has gradients that run in ONNX Runtime, simplified, at any batch size", async () => {
    for (const { instance } of instances(name, "float32")) {
      const { ys, xs } = differentiable(instance);
      if (ys.length === 0 || xs.length === 0) continue;
      const gradients = vjp(ys, ys, xs); // the outputs serve as cotangents: any of their shape do
      await expectAgreement(`${instance.label}, gradient`, gradients, instance.feeds, {
        optimize: true,
        loosen: gradient.float32,
      });
    }
  });
});
