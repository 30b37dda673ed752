import { GraphError } from "../base/errors.ts";
import { formatShape, sameShape } from "./shape.ts";
import type { Node, Tensor, TensorType } from "./tensor.ts";
import { toposort } from "./walk.ts";

/**
 * Checks that a graph is legal: every node's stored types are what its op infers now, every input
 * belongs to its node, names of graph inputs are unique, and the outputs kept their types.
 * @throws GraphError naming the stage that broke it.
 */
export function verify(
  stage: string,
  outputs: readonly Tensor[],
  expected?: readonly TensorType[],
): void {
  const names = new Map<string, number>();
  for (const node of toposort(outputs)) {
    const list = inferAgain(stage, node);
    node.outputs.forEach((t, i) => {
      if (t.node !== node || t.index !== i || !matches(t, list[i]))
        throw new GraphError(
          `${stage}: node ${node.op.name} says ${t.dtype} ${formatShape(t.shape)}, its rule ${list[i]?.dtype} ${formatShape(list[i]?.shape ?? [])}`,
        );
    });
    const name = node.inputs.length === 0 ? node.attrs.name : undefined;
    if (typeof name !== "string") continue;
    if (names.has(name) && names.get(name) !== node.id)
      throw new GraphError(`${stage}: two inputs are named "${name}"`);
    names.set(name, node.id);
  }
  expected?.forEach((type, i) => {
    if (!matches(outputs[i], type))
      throw new GraphError(
        `${stage}: output ${i} changed from ${type.dtype} ${formatShape(type.shape)} to ${outputs[i].dtype} ${formatShape(outputs[i].shape)}`,
      );
  });
}

function matches(a: TensorType, b: TensorType | undefined): boolean {
  return b !== undefined && a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

function inferAgain(stage: string, node: Node): readonly TensorType[] {
  try {
    const types = node.op.infer(node.inputs, node.attrs);
    return Array.isArray(types) ? (types as TensorType[]) : [types as TensorType];
  } catch (cause) {
    const { message } = cause as Error;
    throw new GraphError(`${stage}: node ${node.op.name} no longer fits its inputs: ${message}`, {
      cause,
    });
  }
}
