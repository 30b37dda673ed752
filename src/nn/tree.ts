import { ConfigError } from "../base/errors.ts";

/** Plain nested objects with values at the leaves; `0.weight` is the path of `tree[0].weight`. */
export type Tree<T> = { readonly [name: string]: T | Tree<T> };

/** Leaves are host arrays and tensors: what has a dtype. */
interface Leaf {
  readonly dtype: string;
}

function isLeaf<T extends Leaf>(value: T | Tree<T>): value is T {
  return typeof value.dtype === "string";
}

/** Paths and leaves in the order of the keys (integer-like keys first, ascending). */
export function leaves<T extends Leaf>(tree: Tree<T>, prefix = ""): [path: string, leaf: T][] {
  return Object.entries(tree).flatMap(([name, value]) =>
    isLeaf<T>(value) ? [[prefix + name, value] as [string, T]] : leaves(value, `${prefix}${name}.`),
  );
}

/** The tree with these leaves; the inverse of `leaves`. */
export function treeOf<T>(entries: Iterable<readonly [path: string, leaf: T]>): Tree<T> {
  const root: Record<string, unknown> = {};
  for (const [path, leaf] of entries) {
    const names = path.split(".");
    const last = names.pop() as string;
    let at = root;
    for (const name of names) {
      at[name] ??= {};
      at = at[name] as Record<string, unknown>;
    }
    at[last] = leaf;
  }
  return root as Tree<T>;
}

/** A tree of the same paths. */
export function mapTree<T extends Leaf, U>(
  tree: Tree<T>,
  f: (leaf: T, path: string) => U,
): Tree<U> {
  return treeOf(leaves(tree).map(([path, leaf]) => [path, f(leaf, path)] as const));
}

/** The subtree below a name, empty where there is none. */
export function subtree<T extends Leaf>(tree: Tree<T>, name: string): Tree<T> {
  const value = tree[name];
  if (value === undefined) return {};
  if (isLeaf<T>(value)) throw new ConfigError(`subtree: "${name}" is a leaf, not a subtree`);
  return value;
}

/** The leaf of a name. @throws ConfigError where it is missing, naming those present. */
export function leaf<T extends Leaf>(tree: Tree<T>, name: string): T {
  const value = tree[name];
  if (value !== undefined && isLeaf<T>(value)) return value;
  throw new ConfigError(
    `variables: no "${name}" here; there are: ${Object.keys(tree).join(", ") || "none"}`,
  );
}
