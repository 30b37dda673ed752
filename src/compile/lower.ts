import { GraphError, invariant } from "../base/errors.ts";
import { type Tensor, toposort } from "../graph/index.ts";
import { Emitter, type ModelProto } from "../onnx/index.ts";

/**
 * Writes a graph as an ONNX model. Outputs are named by their keys, inputs by their own names.
 * @param kept - inputs in the order of the model, listed even where nothing reads them.
 */
export function lower(
  name: string,
  outputs: Readonly<Record<string, Tensor>>,
  kept: readonly Tensor[],
  metadata: Readonly<Record<string, string>>,
): ModelProto {
  if (Object.keys(outputs).length === 0)
    throw new GraphError("compile: there are no outputs; name at least one");
  const stranger = kept.find((t) => !isInput(t.node));
  if (stranger)
    throw new GraphError(`compile.inputs: ${stranger.node.op.name} is no graph input; use input()`);
  const emit = new Emitter();
  const nodes = toposort(Object.values(outputs));
  const inputs = [...new Set([...kept, ...nodes.filter(isInput).map((n) => n.outputs[0])])];
  const inputNames = inputs.map((t) => emit.reserve(t.node.attrs.name as string));
  for (const key of Object.keys(outputs)) {
    if (inputNames.includes(key))
      throw new GraphError(`compile: "${key}" is both an input and an output; rename one`);
    emit.reserve(key);
  }
  const names = new Map<Tensor, string>();
  for (const node of nodes) {
    const read = node.inputs.map((t) => names.get(t) as string);
    const context = { attrs: node.attrs, inputs: node.inputs, outputs: node.outputs };
    const written = node.op.lower(emit, read, context);
    const list = typeof written === "string" ? [written] : written;
    invariant(
      list.length === node.outputs.length,
      `${node.op.name} lowered to ${list.length} values`,
    );
    node.outputs.forEach((t, i) => {
      names.set(t, list[i]);
    });
  }
  for (const [key, t] of Object.entries(outputs)) emit.output(names.get(t) as string, key);
  const value = (key: string, t: Tensor) => ({ name: key, dtype: t.dtype, shape: t.shape });
  return emit.finish(
    name,
    inputs.map((t, i) => value(inputNames[i], t)),
    Object.entries(outputs).map(([key, t]) => value(key, t)),
    metadata,
  );
}

const isInput = (node: Tensor["node"]) =>
  node.inputs.length === 0 && typeof node.attrs.name === "string";
