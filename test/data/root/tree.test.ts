import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { BasketTable } from "../../../src/data/root/basket.ts";
import { openRoot, type RootFile } from "../../../src/data/root/file.ts";
import { joinFriends } from "../../../src/data/root/friends.ts";
import type { Described, EntryLayout, Stored } from "../../../src/data/root/layout.ts";
import { type ReadableBranch, readColumns } from "../../../src/data/root/read-columns.ts";
import type { ByteSource } from "../../../src/data/root/source.ts";
import { openFileSource } from "../../../src/data/root/source-node.ts";
import type { BranchInfo, RootColumn, RootTree } from "../../../src/data/root/tree.ts";
import { bytesOf, keyBytes, sparseSource } from "./build.ts";

const shared = "../shared/data";
const present = existsSync(shared);
if (!present) console.warn(`skipped: ${shared} is absent, no real trees to read`);

const opened: RootFile[] = [];

async function openTree(file: string, path: string): Promise<RootTree> {
  const root = await openRoot(await openFileSource(join(shared, file)));
  opened.push(root);
  return root.tree(path);
}

afterAll(async () => {
  for (const file of opened) await file.close();
});

const count = (column: RootColumn, value: number) =>
  (column.values as Int32Array).reduce((n, v) => n + (v === value ? 1 : 0), 0);

describe.skipIf(!present)("real trees", () => {
  test("XZ files hold the objects of their description", async () => {
    const nano = await openTree("l1-nano/run3_2024_l1nano_100ev.root", "Events");
    expect(nano.entries).toBe(100);
    expect(nano.branches.every(({ readable }) => readable === true)).toBe(true);
    const [muon, jet, eg, tau, sum, towers] = await nano.read([
      "L1Mu_bx",
      "L1Jet_bx",
      "L1EG_bx",
      "L1Tau_bx",
      "L1EtSum_bx",
      "L1EmulCaloTower_iet",
    ]);
    expect([count(muon, 0), count(jet, 0)]).toEqual([154, 280]);
    const sizes = [muon, jet, eg, tau, sum, towers].map(({ values }) => values.length);
    expect(sizes).toEqual([227, 883, 1875, 4307, 8500, 138_787]);
    const pf = await openTree("particle-flow/pfnano_mc_10ev.root", "Events");
    const [candidates, gen, jets] = await pf.read(["PFCands_pt", "GenCands_pt", "Jet_pt"]);
    expect([candidates, gen, jets].map(({ values }) => values.length)).toEqual([18_197, 4528, 64]);
  });

  test("a range of entries and batches of any size give the parts of the whole", async () => {
    const tree = await openTree("dimuon/hzz_2421ev.root", "events");
    const names = ["Muon_Px", "NMuon", "EventWeight"];
    const [whole] = await tree.read(names);
    const offsets = whole.offsets as Uint32Array;
    const [part] = await tree.read(names, { start: 1000, stop: 1007 });
    expect(part.values).toEqual(whole.values.slice(offsets[1000], offsets[1007]));
    expect(part.offsets).toEqual(offsets.slice(1000, 1008).map((o) => o - offsets[1000]));
    for (const size of [1, 700, 5000]) {
      const values: number[] = [];
      let entries = 0;
      const limit = size === 1 ? 20 : tree.entries;
      for await (const [muon, n] of tree.batches(names, size)) {
        values.push(...(muon.values as Float32Array));
        entries += n.values.length;
        if (entries >= limit) break;
      }
      expect(entries).toBe(limit);
      expect(values).toEqual(Array.from((whole.values as Float32Array).slice(0, offsets[limit])));
    }
    const [none] = await tree.read(["Muon_Px"], { start: 5, stop: 5 });
    expect([none.values.length, none.offsets]).toEqual([0, new Uint32Array(1)]);
    await expect(tree.read(names, { start: 7, stop: 3 })).rejects.toThrow(
      "no entries 7 to 3; it has 2421",
    );
    await expect(tree.batches(names, 0).next()).rejects.toThrow("batches of 0 entries");
  });

  test("reading one branch fetches its baskets and little else", async () => {
    const source = await openFileSource(join(shared, "dimuon/hzz_2421ev.root"));
    let bytes = 0;
    const counting: ByteSource = {
      ...source,
      read: (offset, length) => {
        bytes += length;
        return source.read(offset, length);
      },
    };
    const tree = await (await openRoot(counting)).tree("events");
    const { zippedBytes } = tree.branches.find(({ name }) => name === "Muon_Px") as BranchInfo;
    bytes = 0;
    await tree.read(["Muon_Px"]);
    const whole = bytes;
    expect(whole).toBeLessThan(1.05 * zippedBytes);
    bytes = 0;
    await tree.read(["Muon_Px"], { start: 2400 });
    expect(bytes).toBeLessThan(0.9 * whole); // the last of its baskets
    await source.close();
  });

  test("members of split objects go by their path, short names where they are unique", async () => {
    const tree = await openTree(
      "l1-ntuple/zerobias_2018_l1ntuple_200ev.root",
      "l1UpgradeTree/L1UpgradeTree",
    );
    const [byName, byPath, bySlash] = await tree.read(["egEt", "L1Upgrade.egEt", "L1Upgrade/egEt"]);
    expect(byName.values.length).toBe(1381);
    expect(byPath.values).toEqual(byName.values);
    expect(bySlash.values).toEqual(byName.values);
    const fcc = await openTree("particle-flow/fcc_edm4hep_2023.root", "events");
    const info = fcc.branches.find(({ name }) => name === "ReconstructedParticles.covMatrix");
    expect(info).toMatchObject({ typeName: "float32", jagged: true, inner: [10], readable: true });
    expect(info?.counter).toBe("ReconstructedParticles");
  });

  test("classes that are not read are named, a missing branch comes with the nearest", async () => {
    const tree = await openTree("jets/delphes_pf_10ev.root", "Delphes");
    await expect(tree.read(["Jet.Area"])).rejects.toThrow(
      'branch "Jet.Area": class TLorentzVector is not read',
    );
    await expect(tree.read(["Jet.Pt1"])).rejects.toThrow(
      'no branch "Jet.Pt1"; did you mean "Jet.PT"?',
    );
    const bits = await tree.read(["Particle.fBits", "Particle.PT"]);
    expect(bits[0].offsets).toEqual(bits[1].offsets);
  });

  test("an empty tree gives empty columns", async () => {
    const tree = await openTree(
      "l1-ntuple/run3_mc_l1ntuple_1ev.root",
      "l1MuonRecoTree/Muon2RecoTree",
    );
    const [pt] = await tree.read(["pt"]);
    expect([tree.entries, pt.values.length, pt.offsets?.length]).toEqual([0, 0, 1]);
  });

  test("an abort signal stops reading", async () => {
    const tree = await openTree("dimuon/zmumu_2304ev.root", "events");
    const signal = AbortSignal.abort();
    await expect(tree.read(["M"], {}, { signal })).rejects.toMatchObject({
      name: "CancelledError",
    });
  });

  test("friends of equal length read as one tree", async () => {
    const tree = await openTree("dimuon/zmumu_2304ev.root", "events");
    const joined = joinFriends(tree, [{ tree, prefix: "friend." }]);
    const [mass, other] = await joined.read(["friend.M", "pt1"]);
    const [wanted, pt] = await tree.read(["M", "pt1"]);
    expect([mass.name, mass.values, other.values]).toEqual(["friend.M", wanted.values, pt.values]);
    const hzz = await openTree("dimuon/hzz_2421ev.root", "events");
    expect(() => joinFriends(tree, [{ tree: hzz }])).toThrow("2304 and 2421 entries");
    expect(() => joinFriends(tree, [{ tree }])).toThrow('both have a branch "Type"');
  });
});

const int16: Stored = { type: "int16", bytes: 2, packed: null };
const float32: Stored = { type: "float32", bytes: 4, packed: null };

/** A branch of one basket at 5 GB, uncompressed; offsets of the entries where given. */
function branchOf(
  layout: EntryLayout,
  data: Uint8Array,
  options: { entries: number; starts?: readonly number[]; counter?: () => ReadableBranch },
): { branch: ReadableBranch; source: ByteSource } {
  const { entries, starts, counter = null } = options;
  const name = "x";
  const keyLength = 18 + 16 + "TBasket".length + name.length + 3 + 19;
  const tail =
    starts === undefined
      ? []
      : [[starts.length, 4] as const, ...starts.map((s) => [s + keyLength, 4] as const)];
  const payload = bytesOf(data, ...tail);
  const extra = bytesOf(
    [3, 2],
    [32000, 4],
    [4, 4],
    [entries, 4],
    [keyLength + data.length, 4],
    [0, 1],
  );
  const seek = 5e9;
  const bytes = keyBytes({ name, className: "TBasket", payload }, seek, true, extra);
  const table: BasketTable = {
    entry: [0, entries],
    seek: [seek],
    bytes: [bytes.length],
    kept: [null],
  };
  const described: Described & { layout: EntryLayout } = {
    typeName: "",
    type:
      layout.kind === "text"
        ? "string"
        : "stored" in layout
          ? (layout.stored?.type ?? "string")
          : "uint32",
    inner: [],
    jagged: layout.kind !== "fixed",
    counter: null,
    layout,
  };
  return {
    branch: { name, where: "built, branch x", described, table, counter },
    source: sparseSource(new Map([[seek, bytes]])),
  };
}

async function readBuilt(...args: Parameters<typeof branchOf>): Promise<RootColumn> {
  const { branch, source } = branchOf(...args);
  const decompress = async (jobs: readonly { bytes: Uint8Array }[]) =>
    jobs.map(({ bytes }) => bytes);
  const [column] = await readColumns({ source, decompress }, [branch], {
    start: 0,
    stop: args[2].entries,
  });
  return column;
}

describe("entry layouts, from bytes written by hand", () => {
  test("leaves of one branch lie interleaved, entry by entry", async () => {
    const entry = (a: number, b: number) => bytesOf([a, 2], [b, 4]);
    const data = bytesOf(entry(1, 0x3f800000), entry(-2, 0x40000000));
    const first = { kind: "fixed", stored: int16, count: 1, stride: 6, offset: 0 } as const;
    const second = { kind: "fixed", stored: float32, count: 1, stride: 6, offset: 2 } as const;
    expect((await readBuilt(first, data, { entries: 2 })).values).toEqual(Int16Array.of(1, -2));
    expect((await readBuilt(second, data, { entries: 2 })).values).toEqual(Float32Array.of(1, 2));
  });

  test("a vector of vectors has offsets on both axes", async () => {
    const body = bytesOf([2, 4], [1, 4], [7, 2], [2, 4], [8, 2], [9, 2]);
    const entry = bytesOf([0x40000000 + body.length + 2, 4], [1, 2], body);
    const empty = bytesOf([0x40000006, 4], [1, 2], [0, 4]);
    const layout = { kind: "vector", stored: int16, depth: 2 } as const;
    const data = bytesOf(entry, empty);
    const column = await readBuilt(layout, data, { entries: 2, starts: [0, entry.length, 0] });
    expect(column.values).toEqual(Int16Array.of(7, 8, 9));
    expect(column.offsets).toEqual(Uint32Array.of(0, 2, 2));
    expect(column.innerOffsets).toEqual(Uint32Array.of(0, 1, 3));
  });

  test("a vector of strings and plain strings keep their bytes", async () => {
    const long = "x".repeat(300);
    const strings = bytesOf(
      [2, 4],
      "a",
      [255, 1],
      [300, 4],
      Uint8Array.from(new TextEncoder().encode(long)),
    );
    const list = { kind: "vector", stored: null, depth: 1 } as const;
    const column = await readBuilt(list, strings, { entries: 1, starts: [0, 0] });
    expect([column.values, column.offsets]).toEqual([["a", long], Uint32Array.of(0, 2)]);
    const text = { kind: "text", several: false } as const;
    const { values } = await readBuilt(text, bytesOf("mu", "", "e"), {
      entries: 3,
      starts: [0, 3, 4, 0],
    });
    expect(values).toEqual(["mu", "", "e"]);
  });

  test("a basket without offsets takes them from the counter", async () => {
    const counts = { kind: "fixed", stored: int16, count: 1, stride: 2, offset: 0 } as const;
    const counter = branchOf(counts, bytesOf([2, 2], [0, 2], [1, 2]), { entries: 3 });
    const layout = { kind: "counted", stored: int16, count: 1, lead: 0 } as const;
    const { branch, source } = branchOf(layout, bytesOf([5, 2], [6, 2], [7, 2]), { entries: 3 });
    const moved = { ...counter.branch, table: { ...counter.branch.table, seek: [6e9] } };
    const bytes = await counter.source.read(5e9, counter.source.size - 5e9);
    const own = await source.read(5e9, source.size - 5e9);
    const both = sparseSource(
      new Map([
        [5e9, own],
        [6e9, bytes],
      ]),
    );
    const from = {
      source: both,
      decompress: async (jobs: readonly { bytes: Uint8Array }[]) => jobs.map((j) => j.bytes),
    };
    const [column] = await readColumns(from, [{ ...branch, counter: () => moved }], {
      start: 1,
      stop: 3,
    });
    expect([column.values, column.offsets]).toEqual([Int16Array.of(7), Uint32Array.of(0, 0, 1)]);
    const without = readColumns(from, [branch], { start: 0, stop: 3 });
    await expect(without).rejects.toThrow("entries of varying size without offsets or counter");
  });

  test("baskets in another order than their entries are put in order", async () => {
    const layout = { kind: "counted", stored: int16, count: 1, lead: 0 } as const;
    const first = branchOf(layout, bytesOf([5, 2], [6, 2]), { entries: 2, starts: [0, 4, 0] });
    const second = branchOf(layout, bytesOf([7, 2], [8, 2]), { entries: 1, starts: [0, 0] });
    const pieces = await Promise.all(
      [first, second].map(({ source }) => source.read(5e9, source.size - 5e9)),
    );
    const source = sparseSource(
      new Map([
        [6e9, pieces[0]],
        [5e9, pieces[1]],
      ]),
    );
    const table = {
      entry: [0, 2, 3],
      seek: [6e9, 5e9],
      bytes: pieces.map(({ length }) => length),
      kept: [null, null],
    };
    const decompress = async (jobs: readonly { bytes: Uint8Array }[]) => jobs.map((j) => j.bytes);
    const range = { start: 0, stop: 3 };
    const [column] = await readColumns({ source, decompress }, [{ ...first.branch, table }], range);
    expect([column.values, column.offsets]).toEqual([
      Int16Array.of(5, 6, 7, 8),
      Uint32Array.of(0, 2, 2, 4),
    ]);
  });

  test("offsets that run backwards and entries that do not fit are errors with their place", async () => {
    const layout = { kind: "counted", stored: int16, count: 1, lead: 0 } as const;
    const data = bytesOf([1, 2], [2, 2], [3, 2]);
    const backwards = readBuilt(layout, data, { entries: 3, starts: [0, 4, 2, 0] });
    await expect(backwards).rejects.toThrow(
      "built, branch x, basket 0: entry 2 starts at byte 2, after 4 and before 6 expected",
    );
    const below = -(2 ** 31);
    for (const starts of [
      [below, below, below, 0],
      [0, below, -4, 0],
      [0, 2 ** 31 - 40, 2, 0],
      [0, 2, 8, 0],
    ])
      await expect(readBuilt(layout, data, { entries: 3, starts })).rejects.toThrow(
        /basket 0: entry [012] starts at byte/,
      );
    const odd = readBuilt(layout, data, { entries: 2, starts: [0, 3, 0] });
    await expect(odd).rejects.toThrow("basket 0, entry 0: 3 bytes for items of 2");
    const fixed = { kind: "fixed", stored: float32, count: 1, stride: 4, offset: 0 } as const;
    await expect(readBuilt(fixed, data, { entries: 2 })).rejects.toThrow(
      "basket 0: 6 bytes for 2 entries of 4 bytes",
    );
    const vector = { kind: "vector", stored: int16, depth: 1 } as const;
    const cut = readBuilt(vector, bytesOf([9, 4], [1, 2]), { entries: 1, starts: [0, 0] });
    await expect(cut).rejects.toThrow("entry 0: 9 values of 2 bytes in 6");
  });
});
