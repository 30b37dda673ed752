import type { HostArray } from "../base/host-array.ts";
import { formatShape } from "./shape.ts";
import type { AttrValue, Node, Tensor } from "./tensor.ts";
import { toposort } from "./walk.ts";

function formatAttr(value: AttrValue): string {
  if (typeof value === "function") return "custom";
  if (value !== null && typeof value === "object" && "data" in value) {
    const { dtype, shape, data } = value as HostArray;
    return data.length <= 4 ? `${dtype}(${data.join(", ")})` : `${dtype}${formatShape(shape)}`;
  }
  return JSON.stringify(value);
}

/** One line per node, `%3 = add(%1, %2): float32 [batch, 4]`; numbered from zero, so stable. */
export function printGraph(outputs: readonly Tensor[]): string {
  const names = new Map<Node, number>();
  const ref = (t: Tensor) =>
    `%${names.get(t.node)}${t.node.outputs.length > 1 ? `.${t.index}` : ""}`;
  const lines = toposort(outputs).map((node, i) => {
    names.set(node, i);
    const attrs = Object.entries(node.attrs).map(([k, v]) => `${k}=${formatAttr(v)}`);
    const types = node.outputs.map((t) => `${t.dtype} ${formatShape(t.shape)}`);
    return `%${i} = ${node.op.name}(${[...node.inputs.map(ref), ...attrs].join(", ")}): ${types.join(", ")}`;
  });
  return [...lines, `return ${outputs.map(ref).join(", ")}`].join("\n");
}
