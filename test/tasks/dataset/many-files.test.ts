import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { numericColumn, readTable } from "../../../src/data/index.ts";
import { createRootWriter } from "../../../src/data/root/write-node.ts";
import { defaultSettings, makeDataset } from "../../../src/tasks/dataset/index.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { makeRootColumn } from "../../data/root/write-columns.ts";
import { nanoEvent, sample, writeNano } from "./nano.ts";

const { at, path: folder } = temporaryFolder();
const settings = defaultSettings("muons");
const inputs = [1, 2, 3].map((run) => at(`run${run}.root`));
for (const [i, path] of inputs.entries()) await writeNano(path, sample, { run: i + 1 });
await writeNano(at("empty.root"), []);
await writeNano(at("far.root"), [nanoEvent(1, { muons: [[9, 1, 1, 1]] })]);
await writeNano(at("lacking.root"), sample, { without: ["Muon_pt"] });
writeFileSync(at("broken.root"), readFileSync(inputs[0]).subarray(0, 900));
const ntuple = await createRootWriter(at("other.root"));
const zero = ["muonEt", "jetEt"].map((name) => makeRootColumn(name, "float32", [0]));
await ntuple
  .tree(
    "l1UpgradeTree/L1UpgradeTree",
    zero.map(({ name, type }) => ({ name, type })),
  )
  .append(zero);
await ntuple.close();

const left = (out: string) => readdirSync(folder).filter((name) => name.includes(basename(out)));
const manifest = (out: string) => JSON.parse(readFileSync(`${out}.manifest.json`, "utf8"));

/** Stops after some files, as Ctrl-C does. */
async function stoppedAfter(files: number, out: string): Promise<void> {
  const stopping = new AbortController();
  const work = makeDataset(
    { inputs, out, settings },
    { signal: stopping.signal, onProgress: (done) => done === files && stopping.abort() },
  );
  await expect(work).rejects.toThrow(`dataset: cancelled; ${files} of 3 files are done and kept`);
}

describe("several files", () => {
  test("lie one below the other, counted one by one, empty ones too", async () => {
    const out = at("all.parquet");
    const {
      rows,
      files,
      manifest: path,
    } = await makeDataset({
      inputs: [at("empty.root"), at("run*.root")],
      out,
      settings,
    });
    expect(rows).toBe(6);
    expect(files.map((f) => [basename(f.file), f.events, f.matched])).toEqual([
      ["empty.root", 0, 0],
      ["run1.root", 3, 2],
      ["run2.root", 3, 2],
      ["run3.root", 3, 2],
    ]);
    expect(Array.from(numericColumn(await readTable(out), "run"))).toEqual([1, 1, 2, 2, 3, 3]);
    expect(left(out).sort()).toEqual(["all.parquet", basename(path)]);
    expect(manifest(out)).toMatchObject({ complete: true, settings });
  });

  test("go to CSV as well", async () => {
    const out = at("all.csv.gz");
    await makeDataset({ inputs, out, settings });
    expect(Array.from(numericColumn(await readTable(out), "hwPtL1"))).toEqual([
      42, 20, 42, 20, 42, 20,
    ]);
    expect(left(out).length).toBe(2);
  });

  test("the same files give the same bytes, interrupted or not", async () => {
    const [whole, out] = [at("whole.parquet"), at("stopped.parquet")];
    await makeDataset({ inputs, out: whole, settings });
    await stoppedAfter(2, out);
    expect(existsSync(out)).toBe(false);
    expect(manifest(out).files.length).toBe(2);
    await expect(makeDataset({ inputs, out, settings })).rejects.toThrow(/2 files done.*--resume/);
    await makeDataset({ inputs, out, settings, resume: true });
    expect(readFileSync(out).equals(readFileSync(whole))).toBe(true);
    expect(left(out).length).toBe(2);
  });

  test("files that are done are not read again, leftovers of a killed process go", async () => {
    const out = at("parts.parquet");
    await stoppedAfter(2, out);
    const parts = `${folder}/.parts.parquet.parts`;
    const [first, second] = manifest(out).files.map((f: { part: string }) => `${parts}/${f.part}`);
    copyFileSync(second, first); // what is read shows where it comes from
    writeFileSync(`${parts}/.half.parquet.tmp`, "");
    await makeDataset({ inputs, out, settings, resume: true });
    expect(Array.from(numericColumn(await readTable(out), "run"))).toEqual([2, 2, 2, 2, 3, 3]);
    expect(left(out).length).toBe(2);
  });

  test("a done file that has changed is read again", async () => {
    const out = at("changed.parquet");
    await stoppedAfter(2, out);
    await writeNano(inputs[1], sample.slice(0, 1), { run: 2 });
    const { rows } = await makeDataset({ inputs, out, settings, resume: true });
    await writeNano(inputs[1], sample, { run: 2 });
    expect(rows).toBe(5);
  });

  test("what is resumed must be of the same settings, and there", async () => {
    const out = at("settings.parquet");
    const request = { inputs, out, resume: true };
    await expect(makeDataset({ ...request, settings })).rejects.toThrow(/no .* to resume from/);
    await stoppedAfter(1, out);
    await expect(makeDataset({ ...request, settings: { ...settings, bx: 1 } })).rejects.toThrow(
      /made with bx 0, now it is 1/,
    );
  });
});

describe("bad input", () => {
  test("bad files among many are named and the others are kept", async () => {
    const out = at("some.parquet");
    const all = [inputs[0], at("broken.root"), inputs[1], at("lacking.root"), at("other.root")];
    await expect(makeDataset({ inputs: all, out, settings })).rejects.toThrow(
      /^dataset: 3 of 5 files .*broken\.root: truncated.*lacking\.root: .*"Muon_pt".*other\.root.*the other 2 are kept: correct or leave out the bad and add --resume$/,
    );
    expect(existsSync(out)).toBe(false);
    expect(manifest(out).failed.length).toBe(3);
    const good = { inputs: inputs.slice(0, 2), out, settings, resume: true };
    expect((await makeDataset(good)).rows).toBe(4);
  });

  test.each([
    ["broken.root", /^.*broken\.root: truncated/],
    ["lacking.root", /lacking\.root: NanoAOD Muon: tree Events lacks "Muon_pt"/],
    ["empty.root", /no event in any file/],
    ["far.root", /no match in 1 events with 0 Level-1 objects in crossing 0 and 1 offline/],
  ])("%s alone leaves nothing behind", async (name, message) => {
    const out = at("nothing.parquet");
    await expect(makeDataset({ inputs: [at(name)], out, settings })).rejects.toThrow(message);
    expect(left(out)).toEqual([]);
  });

  test("files of different formats do not go together", async () => {
    // the scouting format has no offline objects, so another that has: an L1 ntuple
    const writer = await createRootWriter(at("ntuple.root"));
    const list = (name: string) => makeRootColumn(name, "float32", [1], { counts: [1] });
    for (const [path, names] of [
      ["l1UpgradeTree/L1UpgradeTree", ["muonEt", "muonEta", "muonPhi", "jetEt"]],
      ["l1MuonRecoTree/Muon2RecoTree", ["pt", "eta", "phi"]],
    ] as const) {
      const schema = names.map((name) => ({ name, type: "float32", counter: "n" }) as const);
      await writer.tree(path, schema).append(names.map(list));
    }
    const ids = ["run", "lumi", "event"].map((name) => makeRootColumn(name, "uint32", [1]));
    await writer
      .tree(
        "l1EventTree/L1EventTree",
        ids.map(({ name, type }) => ({ name, type })),
      )
      .append(ids);
    await writer.close();
    const request = { inputs: [inputs[0], at("ntuple.root")], out: at("mix.parquet"), settings };
    await expect(makeDataset(request)).rejects.toThrow(
      /ntuple\.root: is of format l1ntuple, the files before are of nanoaod/,
    );
  });

  test("settings that nothing satisfies are refused before any work", async () => {
    const request = { inputs, out: at("never.parquet") };
    for (const [wrong, message] of [
      [{ maxDeltaR: 0 }, /max-dr must be > 0/],
      [{ bx: 0.5 }, /bx must be whole/],
      [{ minOfflinePt: -1 }, /min-offline-pt/],
      [{ source: "trigobj", bx: 1 }, /crossing 0 only/],
    ] as const)
      await expect(
        makeDataset({ ...request, settings: { ...settings, ...wrong } }),
      ).rejects.toThrow(message);
    expect(left("never.parquet")).toEqual([]);
  });
});
