import { ConfigError } from "../base/errors.ts";
import { type Attrs, Node, type Shape, type Tensor, toposort } from "../graph/index.ts";

/** Sizes by name, as `{ batch: 256 }`. */
export type DimBindings = Readonly<Record<string, number>>;

/** Gives named sizes their numbers and infers all shapes anew. Names not given stay open. */
export function bindDims(outputs: readonly Tensor[], dims: DimBindings): Tensor[] {
  for (const [name, size] of Object.entries(dims))
    if (!Number.isInteger(size) || size < 1)
      throw new ConfigError(`compile.dims.${name}: expected a positive integer, got ${size}`);
  const bound = new Map<Tensor, Tensor>();
  const now = (t: Tensor) => bound.get(t) ?? t;
  for (const node of toposort(outputs)) {
    const inputs = node.inputs.map(now);
    const attrs = bindAttrs(node.attrs, dims);
    if (attrs === node.attrs && inputs.every((t, i) => t === node.inputs[i])) continue;
    const rebuilt = new Node(node.op, inputs, attrs);
    node.outputs.forEach((t, i) => {
      bound.set(t, rebuilt.outputs[i]);
    });
  }
  return outputs.map(now);
}

/** Shapes among attributes are always called `shape`. */
function bindAttrs(attrs: Attrs, dims: DimBindings): Attrs {
  const shape = attrs.shape as Shape | undefined;
  if (shape === undefined || shape.every((d) => typeof d === "number")) return attrs;
  const result = shape.map((d) => {
    if (typeof d === "number") return d;
    const factors = d.split("*");
    const open = factors.filter((f) => !(f in dims));
    const known = factors.reduce((n, f) => (f in dims ? n * dims[f] : n), 1);
    return open.length === 0 ? known : open.length === factors.length ? d : mixed(d);
  });
  return { ...attrs, shape: result };
}

function mixed(dim: string): never {
  throw new ConfigError(`compile.dims: size "${dim}" must be bound as a whole or not at all`);
}
