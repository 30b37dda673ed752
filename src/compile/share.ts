import type { HostArray } from "../base/host-array.ts";
import { type AttrValue, type Node, rewrite, type Tensor } from "../graph/index.ts";

/** Computes equal things once: nodes with the same op, attributes and inputs become one. */
export function share(outputs: readonly Tensor[]): Tensor[] {
  const known = new Map<string, Node>();
  const identities = new Map<object, number>();
  return rewrite(outputs, (node) => {
    if (node.op.opaque) return null;
    const inputs = node.inputs.map((t) => `${t.node.id}.${t.index}`);
    if (node.op.commutative) inputs.sort();
    const key = `${node.op.name}(${inputs}){${attributesKey(node, identities)}}`;
    const twin = known.get(key);
    if (twin) return twin.outputs;
    known.set(key, node);
    return null;
  });
}

function attributesKey(node: Node, identities: Map<object, number>): string {
  return JSON.stringify(node.attrs, (_key, value: AttrValue) => {
    if (typeof value === "function") return identity(value, identities);
    if (value !== null && typeof value === "object" && "data" in value) {
      const { dtype, shape, data } = value as HostArray;
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength); // -0 is not 0
      const content = data.length <= 64 ? bytes.join() : identity(data, identities);
      return `${dtype}[${shape}]${content}`;
    }
    if (Object.is(value, -0)) return "-0";
    if (typeof value === "number" && !Number.isFinite(value)) return String(value);
    return value;
  });
}

function identity(object: object, identities: Map<object, number>): number {
  const id = identities.get(object) ?? identities.size;
  identities.set(object, id);
  return id;
}
