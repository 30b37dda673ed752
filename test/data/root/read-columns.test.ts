import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { RootColumn } from "../../../src/data/root/column.ts";
import { type DecompressMany, openRoot } from "../../../src/data/root/file.ts";
import { joinFriends } from "../../../src/data/root/friends.ts";
import { bytesSource } from "../../../src/data/root/source.ts";
import type { RootTree } from "../../../src/data/root/tree.ts";
import { createDecompressPool } from "../../../src/data/root/worker-pool.ts";
import { memorySink } from "../../../src/data/root/write.ts";
import { createRootWriter, type RootFileOptions } from "../../../src/data/root/write-node.ts";

/** A file of one tree "Events", in memory. */
async function written(
  columns: readonly RootColumn[],
  options: RootFileOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  const writer = await createRootWriter(sink, options);
  const schema = columns.map(({ name, type, offsets }) => ({
    name,
    type,
    ...(offsets && { counter: "n" }),
  }));
  await writer.tree("Events", schema).append(columns);
  await writer.close();
  return sink.bytes();
}

async function opened(bytes: Uint8Array, decompress?: DecompressMany): Promise<RootTree> {
  const file = await openRoot(bytesSource(bytes, "a.root"), decompress ? { decompress } : {});
  return file.tree("Events");
}

const rng = createRng(11);
const n = 30_000;

/** A jagged column "x"; `share` from 0 to 1 goes along the entries. */
function jagged(lengthOf: (share: number) => number): RootColumn {
  const offsets = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++) offsets[i + 1] = offsets[i] + lengthOf(i / n);
  const values = Float32Array.from({ length: offsets[n] }, () => rng.integer(100));
  return { name: "x", type: "float32", values, offsets, inner: [] };
}

const flat: RootColumn = {
  name: "y",
  type: "int16",
  values: Int16Array.from({ length: n }, (_, i) => i),
  inner: [],
};

test.each([
  ["much alike", () => rng.integer(5)],
  ["small, then large", (share: number) => Math.floor(30 * share ** 8)],
  ["large, then empty", (share: number) => (share < 0.01 ? 100 : 0)],
  ["all empty", () => 0],
])("entries that are %s come back in arrays of about their size", async (_, lengthOf) => {
  const column = jagged(lengthOf);
  const tree = await opened(await written([column, flat], { basketEntries: 500 }));
  const [x, y] = await tree.read(["x", "y"]);
  expect(x).toEqual(column);
  expect(y).toEqual(flat);
  for (const { values } of [x, y]) {
    const { buffer, byteLength } = values as Float32Array;
    expect(buffer.byteLength).toBeLessThanOrEqual(1.15 * byteLength);
  }
  const offsets = column.offsets as Uint32Array;
  const [part] = await tree.read(["x"], { start: 250, stop: 20_300 });
  expect(part.values).toEqual(column.values.slice(offsets[250], offsets[20_300]));
  expect(part.offsets).toEqual(offsets.slice(250, 20_301).map((o) => o - offsets[250]));
});

test("a pool of threads gives the same columns", async () => {
  const column = jagged(() => rng.integer(5));
  const bytes = await written([column, flat], { basketEntries: 500 });
  const pool = createDecompressPool({ threads: 2, worthwhileMs: 0 });
  const tree = await opened(bytes, pool.decompress);
  expect(await tree.read(["y", "x"])).toEqual([flat, column]);
  expect(pool.running).toBe(2);
  await pool.close();
});

test("a tree without entries gives empty columns of the right types", async () => {
  const none = jagged(() => 0);
  const empty = { ...none, values: new Float32Array(0), offsets: new Uint32Array(1) };
  const tree = await opened(await written([empty, { ...flat, values: new Int16Array(0) }]));
  expect(tree.entries).toBe(0);
  expect(await tree.read(["x", "y"])).toEqual([empty, { ...flat, values: new Int16Array(0) }]);
  for await (const _ of tree.batches(["x"], 10)) expect.unreachable();
});

test("a corrupt basket is named by file, branch, basket and byte", async () => {
  const bytes = await written([flat], { basketEntries: 10_000 });
  const mark = [0x5a, 0x4c, 8]; // of a zlib block
  const blocks = Array.from(bytes.keys()).filter((at) =>
    mark.every((byte, k) => bytes[at + k] === byte),
  );
  const second = blocks[1];
  const damaged = (at: number, value: number) => bytes.with(at, value);
  const failure = async (changed: Uint8Array) =>
    opened(changed)
      .then((tree) => tree.read(["y"]))
      .then(String, (error: Error) => `${error.name}: ${error.message}`);
  const place = `FormatError: a.root: tree "Events", branch "y", basket 1, from byte ${second}: `;
  expect(await failure(damaged(second + 9, 0))).toBe(
    `${place}zlib block at byte 0 is corrupt: incorrect header check`,
  );
  expect(await failure(damaged(second, 0x51))).toBe(
    `${place}unknown compression "QL" at byte 0; read are ZL, CS, XZ, L4, ZS`,
  );
  expect(await failure(bytes.slice(0, second + 20))).toMatch(/a\.root: truncated/);
});

test("a missing branch comes with the nearest name", async () => {
  const column = { ...flat, name: "Muon_pt" };
  const tree = await opened(await written([column]));
  await expect(tree.read(["muon_pt"])).rejects.toThrow(
    'a.root: tree "Events": no branch "muon_pt"; did you mean "Muon_pt"?',
  );
});

test("friends of other length are refused", async () => {
  const [long, short] = [
    await opened(await written([flat])),
    await opened(await written([{ ...flat, name: "z", values: new Int16Array(3) }])),
  ];
  expect(() => joinFriends(long, [{ tree: short }])).toThrow(
    'trees "Events" and "Events": 30000 and 3 entries; friends need as many',
  );
});
