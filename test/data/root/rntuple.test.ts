import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { Reader } from "../../../src/data/root/buffer.ts";
import { decompressMany } from "../../../src/data/root/compression.ts";
import { openRoot, type RootFile } from "../../../src/data/root/file.ts";
import { readNtuple } from "../../../src/data/root/rntuple.ts";
import { bytesSource } from "../../../src/data/root/source.ts";
import type { RootColumn, RootTree } from "../../../src/data/root/tree.ts";
import { type Cluster, type Node, writeNtuple } from "./ntuple-writer.ts";

const samplePath = "../shared/data/dimuon/doublemuparked_2012_1000ev_rntuple.root";
const sample = existsSync(samplePath) ? new Uint8Array(readFileSync(samplePath)) : null;
if (sample === null) console.warn(`skipped: ${samplePath} is absent`);

const leaf = (name: string, type: string, code: number, bits: number): Node => ({
  ...{ name, type, kind: "leaf" },
  column: { code, bits },
});

const fields: readonly Node[] = [
  leaf("i64", "std::int64_t", 0x15, 64),
  leaf("u64", "std::uint64_t", 0x16, 64),
  leaf("i32", "std::int32_t", 0x13, 32),
  leaf("u32", "std::uint32_t", 0x14, 32),
  leaf("i16", "std::int16_t", 0x11, 16),
  leaf("u16", "std::uint16_t", 0x12, 16),
  leaf("i8", "std::int8_t", 0x03, 8),
  leaf("plain16", "std::int16_t", 0x05, 16),
  leaf("bit", "bool", 0x00, 1),
  leaf("half", "float", 0x0b, 16),
  leaf("f", "float", 0x18, 32),
  leaf("d", "double", 0x19, 64),
  leaf("low", "double", 0x18, 32),
  leaf("truncated", "float", 0x1c, 20),
  {
    ...{ name: "quantized", type: "float", kind: "leaf" },
    column: { code: 0x1d, bits: 12, range: [-2, 2] },
  },
  { name: "text", type: "std::string", kind: "text", index: 0x1b },
  {
    ...{ name: "list", type: "std::vector<float>", kind: "list", index: 0x1b },
    item: leaf("_0", "float", 0x0c, 32),
  },
  {
    ...{ name: "lists", type: "std::vector<std::vector<std::int32_t>>", kind: "list", index: 0x1a },
    item: {
      ...{ name: "_0", type: "std::vector<std::int32_t>", kind: "list", index: 0x0e },
      item: leaf("_0", "std::int32_t", 0x07, 32),
    },
  },
  {
    ...{ name: "names", type: "std::vector<std::string>", kind: "list", index: 0x0f },
    item: { name: "_0", type: "std::string", kind: "text", index: 0x1a },
  },
  {
    ...{ name: "point", type: "std::array<double,3>", kind: "array", size: 3 },
    item: leaf("_0", "double", 0x0d, 64),
  },
  {
    ...{ name: "jets", type: "std::vector<Jet>", kind: "list", index: 0x1b },
    item: {
      ...{ name: "_0", type: "Jet", kind: "record" },
      members: [leaf("pt", "float", 0x18, 32), leaf("n", "std::uint8_t", 0x04, 8)],
    },
  },
];
/** What JSROOT is not asked for. */
const others: readonly Node[] = [
  leaf("splitHalf", "float", 0x17, 16),
  { name: "variant", type: "std::variant<int,float>", kind: "variant" },
  { ...leaf("late", "std::int32_t", 0x13, 32), kind: "leaf", late: true } as Node,
];

/** Values of all fields for n entries. */
function cluster(n: number, seed: number): Cluster {
  const rng = createRng(seed);
  const integer = (bits: number) => Math.floor((rng.uniform() - 0.5) * 2 ** bits);
  const many = <T>(make: () => T) => Array.from({ length: rng.integer(6) }, make);
  const float = () => Math.fround(rng.normal());
  const makers: (() => unknown)[] = [
    () => BigInt(integer(50)) * 8191n,
    () => BigInt(rng.integer(2 ** 50)) * 16383n,
    () => integer(32),
    () => rng.integer(2 ** 32),
    () => integer(16),
    () => rng.integer(2 ** 16),
    () => integer(8),
    () => integer(16),
    () => rng.integer(2) === 1,
    () => (rng.integer(2) - 0.5) * 2 ** integer(4),
    float,
    () => rng.normal(),
    float,
    () => Math.round(rng.normal() * 64) / 64,
    () => -2 + (4 * rng.integer(4096)) / 4095,
    () => "ab\u00e9de".slice(0, rng.integer(6)),
    () => many(float),
    () => many(() => many(() => integer(32))),
    () => many(() => "muon".slice(0, rng.integer(5))),
    () => [rng.normal(), rng.normal(), rng.normal()],
    () => many(() => [float(), rng.integer(256)]),
    () => 2 ** integer(3),
    () => null,
    () => integer(32),
  ];
  return makers.map((make) => Array.from({ length: n }, make));
}

/** An RNTuple without a file around it. */
async function open(nodes: readonly Node[], groups: readonly Cluster[][]): Promise<RootTree> {
  const { bytes, anchor } = await writeNtuple(nodes, groups, 0);
  return readNtuple(fileOf(bytes, anchor), "ntuple");
}

function fileOf(bytes: Uint8Array, anchor: Uint8Array): RootFile {
  return {
    name: "memory",
    source: bytesSource(bytes),
    decompress: decompressMany,
    key: () => ({ className: "ROOT::RNTuple" }),
    payload: async () => new Reader(anchor, { where: "memory: anchor" }),
  } as unknown as RootFile; // the part that is used
}

/** A column as nested lists per entry. */
function entriesOf({ values, offsets, innerOffsets, inner, type }: RootColumn): unknown[] {
  const all: readonly unknown[] = Array.from(values as ArrayLike<unknown>, (v) =>
    type === "bool" ? v === 1 : v,
  );
  const cut = (items: readonly unknown[], at: Uint32Array) =>
    Array.from({ length: at.length - 1 }, (_, i) => items.slice(at[i], at[i + 1]));
  const size = inner.reduce((a, b) => a * b, 1);
  const axes = inner.length > 0 ? cut(all, indices(all.length / size + 1, size)) : all;
  const items = innerOffsets ? cut(axes, innerOffsets) : axes;
  return offsets ? cut(items, offsets) : [...items];
}

const indices = (n: number, step: number) => Uint32Array.from({ length: n }, (_, i) => i * step);

/** What should be read of written values: records become columns. */
function expected(nodes: readonly Node[], clusters: readonly Cluster[]): Map<string, unknown[]> {
  const columns = new Map<string, unknown[]>();
  nodes.forEach(({ name, kind }, f) => {
    const values = clusters.flatMap((c) => c[f]);
    if (name === "jets")
      ["pt", "n"].forEach((member, m) => {
        const pick = (jets: unknown) => (jets as unknown[][]).map((jet) => jet[m]);
        columns.set(`jets.${member}`, values.map(pick));
      });
    else if (name === "late")
      columns.set(name, [...clusters[0][f].map(() => 0), ...values.slice(clusters[0][f].length)]);
    else if (name === "quantized")
      columns.set(
        name,
        values.map((x) => Math.fround(x as number)),
      );
    else if (kind !== "variant") columns.set(name, values);
  });
  return columns;
}

const nodes = [...fields, ...others];
const groups = [
  [cluster(11, 1), cluster(0, 2), cluster(7, 3)],
  [cluster(0, 4)],
  [cluster(9, 5), cluster(1, 6)],
];
const truth = expected(nodes, groups.flat());
const names = [...truth.keys()];

describe("a written RNTuple", async () => {
  const tree = await open(nodes, groups);

  test("gives every value of all cluster groups, empty clusters among them", async () => {
    expect(tree.entries).toBe(28);
    const columns = await tree.read(names);
    for (const column of columns)
      expect(entriesOf(column), column.name).toEqual(truth.get(column.name));
  });

  test("gives any range of entries", async () => {
    const rng = createRng(11);
    for (let k = 0; k < 40; k++) {
      const [start, stop] = [rng.integer(29), rng.integer(29)].sort((a, b) => a - b);
      for (const column of await tree.read(names, { start, stop }))
        expect(entriesOf(column), `${column.name} ${start} ${stop}`).toEqual(
          truth.get(column.name)?.slice(start, stop),
        );
    }
  });

  test("comes in batches that join to the whole", async () => {
    const parts: unknown[] = [];
    for await (const [column] of tree.batches(["lists"], 5)) parts.push(...entriesOf(column));
    expect(parts).toEqual(truth.get("lists"));
  });

  test("names what it does not read, and near misses", async () => {
    const unread = tree.branches.filter(({ readable }) => readable !== true);
    expect(unread.map(({ name, readable }) => [name, readable])).toEqual([
      ["variant", "a variant"],
    ]);
    await expect(tree.read(["variant"])).rejects.toThrow("not read: a variant");
    await expect(tree.read(["jets.pz"])).rejects.toThrow('did you mean "jets.pt"?');
  });
});

interface Selector {
  tgtobj: Record<string, unknown>;
}

/** All entries as JSROOT reads them. */
async function byJsroot(bytes: Uint8Array, fieldNames: readonly string[]) {
  const { openFile, TSelector } = await import("jsroot");
  const { rntupleProcess } = await import("jsroot/rntuple" as string);
  const file = await openFile(bytes.slice().buffer as never);
  const ntuple = await file.readObject("Events");
  const selector = new TSelector();
  for (const name of fieldNames) selector.addBranch(name);
  const rows: Record<string, unknown>[] = [];
  selector.Process = function (this: Selector) {
    rows.push(structuredClone(Object.fromEntries(fieldNames.map((n) => [n, this.tgtobj[n]]))));
  } as never;
  await rntupleProcess(ntuple, selector);
  return rows;
}

describe.skipIf(sample === null)("against JSROOT", () => {
  const file = sample ?? new Uint8Array();

  test("values and sizes of a CMS file agree", async () => {
    const tree = await readNtuple(await openRoot(bytesSource(file)), "Events");
    const members = ["pt", "eta", "phi", "mass", "charge"].map((member) => `Muon_${member}`);
    // JSROOT reads no projected fields: of the collection it gives where each entry ends (there is
    // one cluster), of its members one value after the other.
    const rows = await byJsroot(file, ["_collection0", ...members]);
    const [counts, ...columns] = await tree.read(["nMuon", ...members]);
    expect(rows.length).toBe(1000);
    for (const { name, values, offsets = [] } of columns) {
      expect(
        Array.from({ length: 1000 }, (_, i) => values[i]),
        name,
      ).toEqual(rows.map((row) => row[name]));
      const ends = rows.map((row) => row._collection0);
      expect(Array.from(offsets), name).toEqual([0, ...ends]);
      expect(Array.from(counts.values as Uint32Array, (n, i) => offsets[i] + n)).toEqual(ends);
    }
  });

  test("every value of a written RNTuple agrees", async () => {
    const { bytes } = await written();
    const root = await openRoot(bytesSource(bytes));
    const tree = await readNtuple(root, "Events");
    const asked = fields.map(({ name }) => name).filter((name) => name !== "jets");
    const rows = await byJsroot(bytes, asked);
    expect(rows.length).toBe(28);
    for (const column of await tree.read(asked)) {
      const read = entriesOf(column).map((v) => (typeof v === "bigint" ? Number(v) : v));
      const theirs = rows.map((row) =>
        column.name === "quantized" ? Math.fround(row.quantized as number) : row[column.name],
      );
      if (column.name === "text") continue; // JSROOT does not decode UTF-8
      // Of lists of lists, JSROOT 7.11 reads only the first cluster right: it does not begin to
      // count anew in the next.
      const isNested = column.name === "lists" || column.name === "names";
      const n = isNested ? groups[0][0][0].length : 28;
      expect(read.slice(0, n), column.name).toEqual(theirs.slice(0, n));
    }
  });

  /** The CMS file with another RNTuple behind its anchor. */
  async function written(): Promise<{ bytes: Uint8Array }> {
    const ntuple = await writeNtuple(fields, [groups.flat()], file.length);
    const [key] = (await openRoot(bytesSource(file))).keys();
    const bytes = new Uint8Array(file.length + ntuple.bytes.length);
    bytes.set(file);
    bytes.set(ntuple.bytes, file.length);
    bytes.set(ntuple.anchor, key.seek + key.keyLength);
    new DataView(bytes.buffer).setInt32(12, bytes.length);
    return { bytes };
  }
});

describe("corrupt RNTuples", async () => {
  const { bytes, anchor } = await writeNtuple(nodes, groups, 0);
  const readAll = async (data: Uint8Array, head: Uint8Array) => {
    const tree = await readNtuple(fileOf(data, head), "ntuple");
    return tree.read(names);
  };

  test("any flipped bits give an error of ours or columns of the right length", async () => {
    const rng = createRng(13);
    let errors = 0;
    for (let i = 0; i < 600; i++) {
      const data = bytes.slice();
      const head = anchor.slice();
      const target = i % 10 === 0 ? head : data;
      target[rng.integer(target.length)] ^= 1 << rng.integer(8);
      try {
        const columns = await readAll(data, head);
        for (const column of columns) expect(entriesOf(column).length).toBe(28);
      } catch (error) {
        expect((error as Error).name, String((error as Error).stack)).toBe("FormatError");
        errors++;
      }
    }
    expect(errors).toBeGreaterThan(300);
  });

  test("a wrong checksum is named with its place", async () => {
    const data = bytes.slice();
    data[3] ^= 1; // in the first page of the first field
    await expect(readAll(data, anchor)).rejects.toThrow(
      'memory: RNTuple "ntuple", field "i64", cluster 0, page 0: the checksum does not match',
    );
    const head = anchor.slice();
    head[7] = 0;
    await expect(readAll(bytes, head)).rejects.toThrow("format version 0.0.0.0; only 1.x");
  });
});
