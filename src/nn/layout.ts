import { ShapeError } from "../base/errors.ts";
import { float32, type HostArray, sizeOf, toNumbers } from "../base/host-array.ts";
import { formatShape, sameShape, type Tensor } from "../graph/index.ts";
import { reshape, split } from "../ops/index.ts";
import { stack } from "./stack.ts";
import { leaves, type Tree, treeOf } from "./tree.ts";

/** Where each leaf of a tree lies in one flat float32 vector. */
export interface Layout {
  readonly entries: readonly Entry[];
  readonly size: number;
}

export interface Entry {
  readonly path: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/**
 * Leaves in tree order, or first by their last name: then all means of batch norms are neighbors.
 * @throws ShapeError for a leaf that is not float32.
 */
export function layoutOf(tree: Tree<HostArray>, order: "tree" | "name" = "tree"): Layout {
  let offset = 0;
  const all = leaves(tree);
  if (order === "name") all.sort(([a], [b]) => compare(lastName(a), lastName(b)));
  const entries = all.map(([path, { dtype, shape }]) => {
    if (dtype !== "float32")
      throw new ShapeError(`layout: "${path}" is ${dtype}; variables must be float32`);
    const size = sizeOf(shape);
    const entry = { path, shape, offset, size };
    offset += size;
    return entry;
  });
  return { entries, size: offset };
}

const lastName = (path: string) => path.slice(path.lastIndexOf(".") + 1);
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Writes a tree into a flat vector. @throws ShapeError where a leaf is missing or misshapen. */
export function pack(layout: Layout, tree: Tree<HostArray>, into: Float32Array, at = 0): void {
  const values = new Map(leaves(tree));
  for (const { path, shape, offset } of layout.entries) {
    const value = values.get(path);
    if (!value || !sameShape(value.shape, shape))
      throw new ShapeError(
        `layout: "${path}" must be ${formatShape(shape)}, got ${value ? formatShape(value.shape) : "nothing"}`,
      );
    into.set(value.data instanceof Float32Array ? value.data : toNumbers(value), at + offset);
  }
}

/** Copies a tree out of a flat vector. */
export function unpack(layout: Layout, data: Float32Array, at = 0): Tree<HostArray> {
  return treeOf(
    layout.entries.map(({ path, shape, offset, size }) => {
      const values = data.slice(at + offset, at + offset + size);
      return [path, float32(values, shape)] as const;
    }),
  );
}

/** The tree as pieces of a flat vector of the graph: one split. */
export function unpackGraph({ entries }: Layout, flat: Tensor | null): Tree<Tensor> {
  if (!flat) return {};
  const pieces = split(
    flat,
    entries.map((e) => e.size),
    0,
  );
  return treeOf(entries.map(({ path, shape }, i) => [path, reshape(pieces[i], shape)] as const));
}

/** A tree of the graph as flat pieces in layout order, to be joined. */
export function packGraph(layout: Layout, tree: Tree<Tensor>): Tensor | null {
  const values = new Map(leaves(tree));
  const pieces = layout.entries.map(({ path, shape, size }) => {
    const value = values.get(path);
    if (!value || !sameShape(value.shape, shape))
      throw new ShapeError(
        `layout: new state of "${path}" must be ${formatShape(shape)}, got ${value ? formatShape(value.shape) : "nothing"}`,
      );
    return reshape(value, [size]);
  });
  return pieces.length === 0 ? null : stack(pieces);
}
