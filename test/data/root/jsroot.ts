import { openFile, TSelector, treeProcess } from "jsroot";

/** What the tests use of JSROOT's objects. */
export interface JsBranch {
  readonly _typename: string;
  readonly fName: string;
  readonly fType: number;
  readonly fStreamerType: number;
  readonly fBranches: { readonly arr: readonly JsBranch[] };
}

export interface JsTree {
  readonly fName: string;
  readonly fEntries: number;
  readonly fBranches: { readonly arr: readonly JsBranch[] };
}

interface JsFile {
  readObject(path: string): Promise<unknown>;
}

/** Opens a file with JSROOT. */
export async function openJs(path: string): Promise<JsFile> {
  return openFile(path);
}

/** Values of branches in the first entries as lists, [branch][entry]. */
export async function readJs(
  tree: JsTree,
  branches: readonly JsBranch[],
  entries: number,
): Promise<unknown[][]> {
  return (await readJsTyped(tree, branches, entries)).map((values) => values.map(listed));
}

/** The same, with typed arrays where JSROOT has them: quicker for many values. */
export async function readJsTyped(
  tree: JsTree,
  branches: readonly JsBranch[],
  entries: number,
): Promise<unknown[][]> {
  const selector = new TSelector();
  const values: unknown[][] = branches.map(() => []);
  branches.forEach((branch, i) => {
    selector.addBranch(branch, `b${i}`);
  });
  selector.Process = function (this: { tgtobj: Record<string, unknown> }) {
    for (let i = 0; i < branches.length; i++) values[i].push(flat(this.tgtobj[`b${i}`]));
  };
  await treeProcess(tree, selector, { numentries: entries });
  return values;
}

/** Nested arrays as one list of numbers or strings. */
function flat(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return structuredClone(value); // reused for the next entry
  if (typeof value === "object" && value !== null && Symbol.iterator in value)
    return Array.from(value as Iterable<unknown>, listed).flat();
  if (typeof value === "object" && value !== null && "low" in value) return Number(value);
  return typeof value === "boolean" ? Number(value) : value;
}

function listed(value: unknown): unknown {
  const one = flat(value);
  return ArrayBuffer.isView(one) ? Array.from(one as unknown as ArrayLike<unknown>) : one;
}

/** All branches with the names from the top down. */
export function walkJs(
  branches: readonly JsBranch[],
  above: readonly string[] = [],
): { branch: JsBranch; path: string }[] {
  return branches.flatMap((branch) => {
    const name = branch.fName.replace(/(\[[^\]]*\])+$/, "").replace(/\.$/, "");
    const path = [...above, name];
    return [{ branch, path: path.join("/") }, ...walkJs(branch.fBranches.arr, path)];
  });
}
