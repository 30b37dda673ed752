import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchingNames } from "../../src/data/name-pattern.ts";
import { openNamedTree } from "../../src/data/read-root.ts";
import type { RootColumn } from "../../src/data/root/column.ts";
import { createRootWriter } from "../../src/data/root/write-node.ts";
import { type RootField, schemaOfColumns } from "../../src/data/root/write-schema.ts";
import { selectEntries } from "../../src/data/select-entries.ts";
import { type ChainOptions, openTreeChain } from "../../src/data/tree-chain.ts";
import { createTreeWriter } from "../../src/data/write.ts";
import { writeAll } from "../../src/data/write-all.ts";
import { temporaryFolder } from "./folder.ts";
import { allTypes, entriesOf, extremes, makeRootColumn } from "./root/write-columns.ts";

const { path: folder, at } = temporaryFolder();

async function write(name: string, columns: readonly RootColumn[], schema?: RootField[]) {
  const writer = await createRootWriter(at(name));
  await writer.tree("Events", schema ?? schemaOfColumns(columns)).append(columns);
  await writer.text("origin", name);
  await writer.close();
  return at(name);
}

async function copy(inputs: readonly string[], out: string, options?: ChainOptions) {
  const chain = await openTreeChain(inputs.map(at), options);
  const writer = await createTreeWriter(at(out), chain.fields, { metadata: chain.metadata });
  const rows = await writeAll(writer, chain.batches(), { task: "copy", out });
  return { ...chain, rows };
}

async function read(name: string): Promise<Map<string, RootColumn>> {
  const { tree, close } = await openNamedTree(at(name));
  const columns = await tree.read(tree.branches.map((b) => b.name));
  await close();
  return new Map(columns.map((c) => [c.name, c]));
}

async function refusal(inputs: readonly string[], options?: ChainOptions): Promise<string> {
  return copy(inputs, "never.root", options).then(
    () => "no error",
    (error: Error) => `${error.name}: ${error.message.replaceAll(`${folder}/`, "")}`,
  );
}

const counts = [2, 0, 1];
const numbers = allTypes.filter((type) => type !== "string");
/** Three entries of every shape and type. */
const every: readonly RootColumn[] = [
  makeRootColumn("text", "string", ["a", "", "b c"]),
  ...numbers.flatMap((type) => {
    const values = (n: number) =>
      Array.from({ length: n }, (_, i) => extremes[type][i % extremes[type].length]);
    return [
      makeRootColumn(`flat_${type}`, type, values(3)),
      makeRootColumn(`fixed_${type}`, type, values(12), { inner: [2, 2] }),
      makeRootColumn(`list${type}_x`, type, values(3), { counts }),
      makeRootColumn(`list${type}_p`, type, values(9), { counts, inner: [3] }),
    ];
  }),
];

describe("a copy of a tree", () => {
  test("has all branches with their own types, inner axes, counters and texts", async () => {
    await write("every.root", every);
    const { fields, leftOut, rows, metadata } = await copy(["every.root"], "every-copy.root");
    expect([rows, leftOut, metadata.origin]).toEqual([3, [], "every.root"]);
    const [before, after] = [await read("every.root"), await read("every-copy.root")];
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    expect(fields.length).toBe(before.size);
    for (const [name, column] of before) expect(after.get(name), name).toEqual(column);
  });

  test("of several files has their entries one below the other, across batches", async () => {
    const n = 70_000; // a batch has at most 65,536 entries
    const piece = (from: number): RootColumn[] => [
      makeRootColumn(
        "i",
        "uint32",
        Array.from({ length: n }, (_, k) => from + k),
      ),
      makeRootColumn(
        "x_i",
        "int32",
        Array.from({ length: n }, (_, k) => -from - k),
        {
          counts: Array.from({ length: n }, (_, k) =>
            k % 4 === 0 ? 2 : k % 4 === 1 ? 1 : k % 4 === 2 ? 0 : 1,
          ),
        },
      ),
    ];
    await write("one.root", piece(0));
    await write("two.root", piece(n));
    expect((await copy(["one.root", "two.root"], "both.root")).rows).toBe(2 * n);
    const both = await read("both.root");
    const parts = [await read("one.root"), await read("two.root")];
    for (const name of ["i", "x_i", "nx"]) {
      const expected = parts.flatMap((part) => entriesOf(part.get(name) as RootColumn));
      expect(entriesOf(both.get(name) as RootColumn)).toEqual(expected);
    }
  });

  test("keeps the entries that pass a condition on flat branches, lists and all", async () => {
    const flat = makeRootColumn("run", "uint32", [1, 2, 3]);
    await write("where.root", [flat, ...every]);
    const options = { where: "run <> 2 AND nlistint8 > 0" };
    expect((await copy(["where.root"], "some.root", options)).rows).toBe(2);
    const [before, after] = [await read("where.root"), await read("some.root")];
    for (const [name, column] of before) {
      const [first, , third] = entriesOf(column);
      expect(entriesOf(after.get(name) as RootColumn), name).toEqual([first, third]);
    }
    expect((await copy(["where.root"], "all.root", { where: "1 = 1" })).rows).toBe(3);
  });

  test("of chosen branches has them in that order behind their counters", async () => {
    await write("choose.root", every);
    const columns = ["text", "listint8_*", "flat_int64"];
    const { fields } = await copy(["choose.root"], "chosen.root", { columns });
    expect(fields.map((field) => field.name)).toEqual([
      "nlistint8",
      "text",
      "listint8_x",
      "listint8_p",
      "flat_int64",
    ]);
    const [before, after] = [await read("choose.root"), await read("chosen.root")];
    for (const [name, column] of after) expect(column).toEqual(before.get(name));
  });

  test("is counted by branches in their own type, and by made ones where a name is taken", async () => {
    const schema: RootField[] = [
      { name: "n", type: "uint8" },
      { name: "x", type: "float32", counter: "n" },
    ];
    await write("small.root", [makeRootColumn("x", "float32", [1, 2, 3], { counts })], schema);
    await copy(["small.root"], "small-copy.root");
    const copied = await read("small-copy.root");
    expect(copied.get("n")).toMatchObject({ type: "uint8", values: Uint8Array.from(counts) });
    expect(entriesOf(copied.get("x") as RootColumn)).toEqual([[1, 2], [], [3]]);
  });
});

describe("what does not go together is named", () => {
  test("missing, mistyped and unequal branches, empty selections", async () => {
    await write("a.root", [
      makeRootColumn("x", "int32", [1]),
      makeRootColumn("y_z", "float32", [1, 2], { counts: [2] }),
    ]);
    await write("b.root", [
      makeRootColumn("x", "int64", [1n]),
      makeRootColumn("y_z", "float32", [1]),
    ]);
    expect(await refusal(["a.root"], { columns: ["xx"] })).toBe(
      'DataError: a.root: no column "xx"; there are x, ny, y_z; did you mean "x"?',
    );
    expect(await refusal(["a.root"], { columns: ["jet*"] })).toBe(
      "DataError: a.root: no column is called like \"jet*\"; see 'forty info'",
    );
    expect(await refusal(["a.root", "b.root"], { columns: ["x"] })).toBe(
      'DataError: branch "x" is int32 in a.root and int64 in b.root; choose others with --columns',
    );
    expect(await refusal(["a.root", "b.root"], { columns: ["y_z"] })).toMatch(
      /branch "y_z" is float32\[ny\] in a\.root and float32 in b\.root/,
    );
    expect(await refusal(["a.root", "b.root"])).toMatch(/branch "x"|no column "ny"/);
    expect(await refusal(["a.root"], { where: "x > 3" })).toBe(
      'DataError: a.root: no entry passes "x > 3" (1 before); loosen the selection',
    );
    expect(await refusal(["a.root"], { where: "y_z > 3" })).toMatch(
      /cannot select "y_z > 3": .*more than one value a row: y_z \(float32\[ny\]\)/,
    );
  });
});

test("entries of columns of any shape are selected as lists are", () => {
  const shapes = fc.record({
    lengths: fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }),
    inner: fc.constantFrom([], [2], [2, 3]),
    picks: fc.array(fc.nat(7), { maxLength: 10 }),
  });
  fc.assert(
    fc.property(shapes, ({ lengths, inner, picks }) => {
      const size = inner.reduce((n, d) => n * d, 1);
      const n = lengths.reduce((sum, k) => sum + k, 0) * size;
      const values = Array.from({ length: n }, (_, i) => i);
      const chosen = picks.map((p) => p % lengths.length);
      const column = makeRootColumn("x", "int16", values, { inner, counts: lengths });
      const [selected] = selectEntries([column], chosen);
      const lists = entriesOf(column);
      expect(entriesOf(selected)).toEqual(chosen.map((i) => lists[i]));
    }),
    { seed: 3 },
  );
});

test("patterns stand for all names that fit, each once, in the order of the file", () => {
  const known = ["run", "Muon_pt", "Muon_eta", "nMuon", "a.b", "aXb"];
  expect(matchingNames("f", ["Muon_*", "run", "*pt"], known)).toEqual([
    "Muon_pt",
    "Muon_eta",
    "run",
  ]);
  expect(matchingNames("f", ["a.*"], known)).toEqual(["a.b"]);
  expect(matchingNames("f", ["unknown"], known)).toEqual(["unknown"]);
  expect(matchingNames("f", ["*"], known)).toEqual(known);
});
