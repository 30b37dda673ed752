import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RootColumn } from "../../../src/data/root/column.ts";
import { openRoot } from "../../../src/data/root/file.ts";
import { bytesSource } from "../../../src/data/root/source.ts";
import type { Compression } from "../../../src/data/root/write-codecs-node.ts";
import { createRootWriter, type RootFileOptions } from "../../../src/data/root/write-node.ts";
import { type RootField, schemaOfColumns } from "../../../src/data/root/write-schema.ts";
import { temporaryFolder } from "../folder.ts";
import { type JsBranch, type JsTree, openJs, readJs } from "./jsroot.ts";
import { allTypes, anyValue, entriesOf, extremes, makeRootColumn } from "./write-columns.ts";

const { at } = temporaryFolder();

async function write(
  path: string,
  pieces: readonly (readonly RootColumn[])[],
  options: RootFileOptions = {},
  schema: readonly RootField[] = schemaOfColumns(pieces[0]),
): Promise<void> {
  const writer = await createRootWriter(path, options);
  const tree = writer.tree("Events", schema);
  for (const columns of pieces) await tree.append(columns);
  await writer.close();
}

async function jsTree(path: string): Promise<JsTree> {
  return (await (await openJs(path)).readObject("Events")) as JsTree;
}

/** All branches by name, as JSROOT reads them. */
async function readBack(path: string): Promise<Record<string, unknown[]>> {
  const tree = await jsTree(path);
  const values = await readJs(tree, tree.fBranches.arr, tree.fEntries);
  return Object.fromEntries(tree.fBranches.arr.map((b, i) => [b.fName, values[i]]));
}

/** What both readers must give: JSROOT entry by entry, ours in the columns that were written. */
async function expectBack(path: string, columns: readonly RootColumn[]): Promise<void> {
  const back = await readBack(path);
  for (const column of columns)
    if (!isText(column)) expect(back[column.name]).toEqual(entriesOf(column));
  const file = await openRoot(bytesSource(await readFile(path)));
  const tree = await file.tree("Events");
  expect(await tree.read(columns.map((c) => c.name))).toEqual(columns);
}

/** JSROOT takes fixed arrays of int8 for text. */
const isText = ({ type, inner }: RootColumn) => type === "int8" && inner.length > 0;

describe("branches", () => {
  test.each(allTypes)("%s: every extreme value comes back", async (type) => {
    const column = makeRootColumn("x", type, extremes[type]);
    await write(at(`${type}.root`), [[column]]);
    await expectBack(at(`${type}.root`), [column]);
  });

  test("a bool is 1 whatever byte is not 0", async () => {
    await write(at("bools.root"), [[makeRootColumn("x", "bool", [0, 1, 2, 255])]]);
    expect((await readBack(at("bools.root"))).x).toEqual([0, 1, 1, 1]);
  });

  test("jagged columns of a name share a counter, others have their own", async () => {
    const counts = [0, 2, 0, 0, 3, 1, 0];
    const columns = [
      makeRootColumn("run", "uint64", [1n, 1n, 1n, 2n, 2n, 2n, 3n]),
      makeRootColumn("Muon_pt", "float32", [1.5, 2.5, 3.5, 4.5, 5.5, 6.5], { counts }),
      makeRootColumn("Muon_charge", "int8", [1, -1, 1, -1, 1, -1], { counts }),
      makeRootColumn("hits", "uint16", [7, 8], { counts: [0, 0, 0, 0, 0, 0, 2] }),
    ];
    await write(at("shared.root"), [columns]);
    await expectBack(at("shared.root"), columns);
    const back = await readBack(at("shared.root"));
    expect(Object.keys(back)).toEqual(["run", "nMuon", "Muon_pt", "Muon_charge", "nhits", "hits"]);
    expect(back.nMuon).toEqual(counts);
    expect(back.nhits).toEqual([0, 0, 0, 0, 0, 0, 2]);
  });

  test("a counter of any integer type may be given and must count", async () => {
    const counts = [1, 0, 2];
    const pt = makeRootColumn("pt", "float64", [1, 2, 3], { counts });
    for (const type of ["uint8", "int16", "uint32", "int64"] as const) {
      const schema: RootField[] = [
        { name: "pt", type: "float64", counter: "n" },
        { name: "n", type },
      ];
      await write(at("counter.root"), [[pt]], {}, schema);
      expect((await readBack(at("counter.root"))).n.map(Number)).toEqual(counts);
      const given = type === "int64" ? counts.map(BigInt) : counts;
      const n = makeRootColumn("n", type, given);
      await write(at("counter.root"), [[n, pt]], {}, schema);
      await expectBack(at("counter.root"), [pt, n]);
      const wrong = makeRootColumn("n", type, type === "int64" ? [1n, 1n, 2n] : [1, 1, 2]);
      await expect(write(at("counter.root"), [[wrong, pt]], {}, schema)).rejects.toThrow(
        'tree "Events": counter "n" is 1 in entry 1, which has 0 elements',
      );
    }
  });

  test("inner dimensions come back, flat and jagged", async () => {
    const columns = [
      makeRootColumn(
        "matrix",
        "int16",
        Array.from({ length: 18 }, (_, i) => -i),
        { inner: [2, 3] },
      ),
      makeRootColumn(
        "tracks",
        "float64",
        Array.from({ length: 12 }, (_, i) => i / 8),
        {
          inner: [4],
          counts: [1, 0, 2],
        },
      ),
    ];
    await write(at("inner.root"), [columns]);
    await expectBack(at("inner.root"), columns);
  });

  test("a tree of no entries and one of one entry can be read", async () => {
    for (const n of [0, 1]) {
      const columns = [
        makeRootColumn("x", "float32", Array(n).fill(2.5)),
        makeRootColumn("list", "int32", [], { counts: Array(n).fill(0) }),
        makeRootColumn("text", "string", Array(n).fill("hello")),
      ];
      await write(at("few.root"), [columns]);
      const tree = await jsTree(at("few.root"));
      expect(tree.fEntries).toBe(n);
      const file = await openRoot(bytesSource(await readFile(at("few.root"))));
      expect(await (await file.tree("Events")).read(["x", "list", "text"])).toEqual(columns);
      if (n > 0) await expectBack(at("few.root"), columns);
    }
  });
});

describe("baskets", () => {
  const rows = 2000;
  const counts = Array.from({ length: rows }, (_, i) => (i * 7) % 4);
  const items = counts.reduce((n, c) => n + c, 0);
  const columns = [
    makeRootColumn(
      "x",
      "float64",
      Array.from({ length: rows }, (_, i) => Math.sin(i)),
    ),
    makeRootColumn(
      "Jet_pt",
      "float32",
      Array.from({ length: items }, (_, i) => i),
      { counts },
    ),
    makeRootColumn(
      "text",
      "string",
      Array.from({ length: rows }, (_, i) => "ab".repeat(i % 9)),
    ),
    makeRootColumn(
      "flag",
      "bool",
      Array.from({ length: rows }, (_, i) => i & 1),
    ),
  ];
  const basketsOf = async (path: string) => {
    const branches = (await jsTree(path)).fBranches.arr as readonly (JsBranch & {
      fWriteBasket: number;
      fBasketEntry: ArrayLike<number>;
    })[];
    return branches.map((b) => Array.from(b.fBasketEntry).slice(0, b.fWriteBasket + 1));
  };

  test.each([1, 40, 4096])("baskets of %i bytes bring all entries back", async (basketBytes) => {
    const some = basketBytes === 1 ? piece(columns, 0, 300) : columns;
    await write(at("small.root"), [some], { basketBytes, compression: "none" });
    await expectBack(at("small.root"), some);
    const [starts] = await basketsOf(at("small.root"));
    expect(starts[1]).toBe(Math.max(1, Math.floor(basketBytes / 8)));
  });

  test("baskets end after a number of entries where it is given", async () => {
    await write(at("entries.root"), [columns], { basketEntries: 450 });
    await expectBack(at("entries.root"), columns);
    for (const starts of await basketsOf(at("entries.root")))
      expect(starts).toEqual([0, 450, 900, 1350, 1800, 2000]);
  });

  test("what is appended in pieces is cut as if it came at once", async () => {
    const pieces = [0, 1, 2, 700, 700, 1999].map((start, i, all) =>
      piece(columns, start, all[i + 1] ?? rows),
    );
    await write(at("pieces.root"), pieces, { basketBytes: 4096 });
    await expectBack(at("pieces.root"), columns);
    await write(at("whole.root"), [columns], { basketBytes: 4096 });
    expect(await basketsOf(at("pieces.root"))).toEqual(await basketsOf(at("whole.root")));
  });

  test.each<Compression>(["none", "zlib", "zstd", "lz4", "xz"])(
    "%s: all entries come back, smaller than without",
    async (compression) => {
      await write(at("packed.root"), [columns], { compression, basketBytes: 10_000 });
      const file = await openRoot(bytesSource(await readFile(at("packed.root"))));
      const tree = await file.tree("Events");
      expect(await tree.read(columns.map((c) => c.name))).toEqual(columns);
      // JSROOT 7.11 stops with "corrupted input" on XZ.
      if (compression !== "xz") await expectBack(at("packed.root"), columns);
      const { length } = await readFile(at("packed.root"));
      await write(at("plain.root"), [columns], { compression: "none", basketBytes: 10_000 });
      const plain = (await readFile(at("plain.root"))).length;
      if (compression === "none") expect(length).toBe(plain);
      else expect(length).toBeLessThan(0.8 * plain);
    },
  );

  test("a basket beyond 16 MB is compressed in several blocks", async () => {
    const large = makeRootColumn("x", "int32", []);
    const values = Int32Array.from({ length: 4_300_000 }, (_, i) => i >> 4);
    await write(at("large.root"), [[{ ...large, values }]], { basketBytes: 30_000_000 });
    const file = await openRoot(bytesSource(await readFile(at("large.root"))));
    const [back] = await (await file.tree("Events")).read(["x"]);
    expect(Buffer.compare(bytesOf(back.values), bytesOf(values))).toBe(0);
    const { x: theirs } = await readBack(at("large.root"));
    expect(theirs.length).toBe(values.length);
    expect(theirs.every((x, i) => x === i >> 4)).toBe(true);
  });

  test("same input, same bytes", async () => {
    await write(at("first.root"), [columns]);
    await write(at("second.root"), [columns]);
    expect((await readFile(at("first.root"))).equals(await readFile(at("second.root")))).toBe(true);
  });
});

test("any columns in any pieces and baskets come back", async () => {
  const shape = fc.record({
    type: fc.constantFrom(...allTypes),
    inner: fc.constantFrom<readonly number[]>([], [], [2], [3, 2]),
    isJagged: fc.boolean(),
  });
  const made = fc
    .tuple(fc.array(shape, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 30 }))
    .chain(([shapes, rows]) =>
      fc.tuple(
        ...shapes.map(({ type, inner: given, isJagged }, i) => {
          const inner = type === "string" ? [] : given;
          const size = inner.reduce((n, d) => n * d, 1);
          const most = isJagged && type !== "string" ? 4 : 1;
          const least = most === 4 ? 0 : 1;
          return fc
            .array(fc.integer({ min: least, max: most }), { minLength: rows, maxLength: rows })
            .chain((counts) => {
              const n = size * counts.reduce((sum, c) => sum + c, 0);
              return fc
                .array(anyValue(type), { minLength: n, maxLength: n })
                .map((values) =>
                  makeRootColumn(`c${i}`, type, values, most === 4 ? { inner, counts } : { inner }),
                );
            });
        }),
      ),
    );
  await fc.assert(
    fc.asyncProperty(
      made,
      fc.integer({ min: 1, max: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (columns, basketBytes, split) => {
        const rows = entriesOf(columns[0]).length;
        const middle = Math.floor(rows * split);
        const pieces = [piece(columns, 0, middle), piece(columns, middle, rows)];
        await write(at("any.root"), pieces, { basketBytes });
        await expectBack(at("any.root"), columns);
      },
    ),
    { numRuns: 25, seed: 17 },
  );
});

/** The entries from `start` to before `stop`. */
function piece(columns: readonly RootColumn[], start: number, stop: number): RootColumn[] {
  return columns.map((column) => {
    const size = column.inner.reduce((n, d) => n * d, 1);
    const { offsets, values } = column;
    const cut = (from: number, to: number) =>
      values.slice(from * size, to * size) as RootColumn["values"];
    if (offsets === undefined) return { ...column, values: cut(start, stop) };
    const first = offsets[start];
    return {
      ...column,
      values: cut(first, offsets[stop]),
      offsets: offsets.slice(start, stop + 1).map((o) => o - first),
    };
  });
}

function bytesOf(values: RootColumn["values"]): Uint8Array {
  const { buffer, byteOffset, byteLength } = values as Int32Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}
