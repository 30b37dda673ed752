import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openRoot } from "../../../src/data/root/file.ts";
import { openFileSource } from "../../../src/data/root/source-node.ts";
import type { RootColumn, RootTree } from "../../../src/data/root/tree.ts";
import { type JsBranch, type JsTree, openJs, readJsTyped, walkJs } from "./jsroot.ts";

const shared = "../shared/data";
const present = existsSync(shared);
if (!present) console.warn(`skipped: ${shared} is absent, no real ROOT files to compare`);

/** JSROOT 7.11 stops with "corrupted input" on XZ; RNTuples have their own test. */
const unreadByJsroot = ["run3_2024_l1nano_100ev.root", "pfnano_mc_10ev.root"];

const files = !present
  ? []
  : readdirSync(shared, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".root") && !name.includes("rntuple"))
      .filter((name) => !unreadByJsroot.some((other) => name.endsWith(other)));

/** Of the one long tree; all of them with FORTY_FULL=1. */
const mostEntries = process.env.FORTY_FULL ? Number.POSITIVE_INFINITY : 20_000;

const compared = { files: 0, branches: 0, values: 0 };

describe.skipIf(!present)("branches of real files", () => {
  test.each(files)("%s: every branch of basic type has JSROOT's values", async (name) => {
    const path = join(shared, name);
    const file = await openRoot(await openFileSource(path));
    const js = await openJs(path);
    for (const key of file.keys().filter(({ className }) => className === "TTree")) {
      const tree = await file.tree(key.path, key.cycle);
      const jsTree = (await js.readObject(`${key.path};${key.cycle}`)) as JsTree;
      expect(tree.entries).toBe(jsTree.fEntries);
      if (tree.entries > 0) await compareTree(tree, jsTree);
    }
    await file.close();
    compared.files++;
  });

  afterAll(() => {
    if (compared.files === files.length) expect(compared.branches).toBeGreaterThan(4000);
  });
});

async function compareTree(tree: RootTree, jsTree: JsTree): Promise<void> {
  const unread = new Set(
    tree.branches.flatMap(({ name, readable }) =>
      readable === "class vector<map<string,int>> is not read" ? [name] : [],
    ),
  );
  const pairs = walkJs(jsTree.fBranches.arr).filter(
    ({ branch, path }) => comparable(branch) && !unread.has(path.replaceAll("/", ".")),
  );
  const range = { start: 0, stop: Math.min(tree.entries, mostEntries) };
  for (let i = 0; i < pairs.length; i += 200) {
    const some = pairs.slice(i, i + 200);
    const branches = some.map(({ branch }) => branch);
    const ours = await tree.read(
      some.map(({ path }) => path),
      range,
    );
    const theirs = await readJsTyped(jsTree, branches, range.stop);
    some.forEach(({ path }, k) => {
      compareColumn(path, ours[k], theirs[k]);
    });
  }
}

const objects = [61, 62, 81];

/** Branches of basic values: not the objects around them nor classes that both sides skip. */
function comparable(branch: JsBranch): boolean {
  if (branch._typename !== "TBranchElement") return true;
  const { fType, fStreamerType, fBranches, fName } = branch;
  // JSROOT does not skip the process number behind the bits of a referenced object
  if (fName.endsWith(".fBits") || fName === "fBits") return false;
  return (
    fBranches.arr.length === 0 && fType !== 3 && fType !== 4 && !objects.includes(fStreamerType)
  );
}

function compareColumn(path: string, ours: RootColumn, theirs: readonly unknown[]): void {
  const { offsets, innerOffsets, inner, values } = ours;
  const per = inner.reduce((a, b) => a * b, 1);
  const place = (item: number) => (innerOffsets === undefined ? item : innerOffsets[item]) * per;
  for (let entry = 0; entry < theirs.length; entry++) {
    const theirEntry = theirs[entry];
    const isList = Array.isArray(theirEntry) || ArrayBuffer.isView(theirEntry);
    const list = (isList ? theirEntry : [theirEntry]) as ArrayLike<number>;
    const start = place(offsets === undefined ? entry : offsets[entry]);
    const end = place(offsets === undefined ? entry + 1 : offsets[entry + 1]);
    if (end - start !== list.length)
      expect.fail(`${path}, entry ${entry}: ${end - start} values, JSROOT has ${list.length}`);
    for (let k = 0; k < list.length; k++) {
      const value = values[start + k];
      const same =
        typeof value === "bigint" ? value === BigInt(list[k]) : Object.is(value, list[k]);
      if (!same)
        expect.fail(`${path}, entry ${entry}, value ${k}: ${value}, JSROOT has ${list[k]}`);
    }
    compared.values += list.length;
  }
  compared.branches++;
}
