import { invariant } from "../../src/base/errors.ts";
import { type HostArray, sizeOf } from "../../src/base/host-array.ts";
import { type Dim, type OpDef, type Shape, type Tensor, toposort } from "../../src/graph/index.ts";
import * as records from "../../src/ops/records.ts";
import { fromHost, type RefArray } from "./array.ts";
import type { Kernel, Kernels } from "./kernel.ts";
import { elementwise } from "./kernels/elementwise.ts";
import { indexing } from "./kernels/indexing.ts";
import { structure } from "./kernels/structure.ts";
import { sums } from "./kernels/sums.ts";

const kernels: Kernels = { ...elementwise, ...indexing, ...structure, ...sums };

const kernelOf = new Map(
  Object.entries(records).map(([name, record]) => [
    record as unknown as OpDef,
    kernels[name as keyof Kernels] as Kernel<never>,
  ]),
);

export type Feeds = Readonly<Record<string, HostArray>>;

/**
 * Computes outputs of a graph in float64, whatever their dtype: slow, simple, and independent of
 * the ops' own shape rules, folding and lowering. It is what other runs are judged by.
 * @param feeds - one array per graph input, by name; they bind the named sizes.
 */
export function evaluate(outputs: readonly Tensor[], feeds: Feeds = {}): RefArray[] {
  const order = toposort(outputs);
  const sizes = bindSizes(
    order.flatMap((node) => node.outputs),
    feeds,
  );
  const size = (dim: Dim) => sizeOfDim(dim, sizes);
  const fed = (name: string) => fromHost(feeds[name]);
  const values = new Map<Tensor, RefArray>();
  for (const node of order) {
    const kernel = kernelOf.get(node.op);
    invariant(kernel, `the reference does not know ${node.op.name}`);
    const inputs = node.inputs.map((t) => values.get(t)!);
    const result = kernel(inputs, node.attrs as never, { size, fed });
    const list = Array.isArray(result) ? (result as RefArray[]) : [result as RefArray];
    node.outputs.forEach((t, i) => {
      const expected = t.shape.map(size);
      const { shape, data, dtype } = list[i];
      const fits = shape.join() === expected.join() && data.length === sizeOf(shape);
      const isSource = node.inputs.length === 0; // float64 may be fed to a float32 input
      invariant(
        fits && (isSource || dtype === t.dtype),
        `${node.op.name}: the rule says ${t.dtype} [${expected}], the reference ${dtype} [${shape}]`,
      );
      values.set(t, { ...list[i], dtype: t.dtype });
    });
  }
  return outputs.map((t) => values.get(t)!);
}

/** Named sizes, from the shapes of what is fed. */
function bindSizes(tensors: readonly Tensor[], feeds: Feeds): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const t of tensors) {
    const name = t.node.inputs.length === 0 ? t.node.attrs.name : undefined;
    if (typeof name !== "string") continue;
    invariant(feeds[name], `input "${name}" is not fed`);
    const { shape } = feeds[name];
    invariant(fitsDeclared(shape, t.shape), `input "${name}" is [${t.shape}], fed [${shape}]`);
    t.shape.forEach((dim, axis) => {
      if (typeof dim !== "string") return;
      const before = sizes.get(dim) ?? shape[axis];
      invariant(before === shape[axis], `"${dim}" is both ${before} and ${shape[axis]}`);
      sizes.set(dim, shape[axis]);
    });
  }
  return sizes;
}

function fitsDeclared(shape: readonly number[], declared: Shape): boolean {
  return (
    shape.length === declared.length &&
    declared.every((d, axis) => typeof d === "string" || d === shape[axis])
  );
}

/** A size as a number; `"a*b"` is the product of two named sizes. */
function sizeOfDim(dim: Dim, sizes: ReadonlyMap<string, number>): number {
  if (typeof dim === "number") return dim;
  return sizeOf(
    dim.split("*").map((name) => {
      const n = /^\d+$/.test(name) ? Number(name) : sizes.get(name);
      invariant(n !== undefined, `size "${name}" is not bound by any input`);
      return n;
    }),
  );
}
