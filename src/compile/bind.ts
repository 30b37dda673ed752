import { ConfigError } from "../base/errors.ts";
import {
  type Attrs,
  type Dim,
  Node,
  type Shape,
  sameShape,
  type Tensor,
  toposort,
} from "../graph/index.ts";

/** Sizes by name, as `{ batch: 256 }`. */
export type DimBindings = Readonly<Record<string, number>>;

/**
 * Gives named sizes their numbers and infers all shapes anew. Names not given stay open.
 * @throws ConfigError for a size that is no positive integer, or a name that the graph has not.
 */
export function bindDims(outputs: readonly Tensor[], dims: DimBindings): Tensor[] {
  const sizes = new Map(Object.entries(dims));
  const nodes = toposort(outputs);
  const names = new Set(nodes.flatMap((node) => shapeOf(node.attrs).flatMap(namesIn)));
  for (const [name, size] of sizes) {
    if (!Number.isInteger(size) || size < 1)
      throw new ConfigError(`compile.dims.${name}: expected a positive integer, got ${size}`);
    if (!names.has(name))
      throw new ConfigError(
        `compile.dims.${name}: no size has this name; named: ${[...names].join(", ") || "none"}`,
      );
  }
  const bound = new Map<Tensor, Tensor>();
  const now = (t: Tensor) => bound.get(t) ?? t;
  for (const node of nodes) {
    const inputs = node.inputs.map(now);
    const attrs = bindAttrs(node.attrs, sizes);
    if (attrs === node.attrs && inputs.every((t, i) => t === node.inputs[i])) continue;
    const rebuilt = new Node(node.op, inputs, attrs);
    node.outputs.forEach((t, i) => {
      bound.set(t, rebuilt.outputs[i]);
    });
  }
  return outputs.map(now);
}

/** Shapes among attributes are always called `shape`. */
const shapeOf = (attrs: Attrs) => (attrs.shape ?? []) as Shape;

/** `"batch*particles"` has two names. */
const namesIn = (d: Dim) => (typeof d === "string" ? d.split("*") : []);

function bindAttrs(attrs: Attrs, sizes: ReadonlyMap<string, number>): Attrs {
  const shape = shapeOf(attrs).map((d) => bindDim(d, sizes));
  return sameShape(shape, shapeOf(attrs)) ? attrs : { ...attrs, shape };
}

function bindDim(dim: Dim, sizes: ReadonlyMap<string, number>): Dim {
  const names = namesIn(dim);
  const known = names.flatMap((name) => sizes.get(name) ?? []);
  if (known.length === 0) return dim;
  if (known.length < names.length)
    throw new ConfigError(`compile.dims: size "${dim}" must be bound as a whole or not at all`);
  return known.reduce((n, size) => n * size, 1);
}
