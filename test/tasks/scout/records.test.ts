import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { openRun } from "../../../src/tasks/run-folder.ts";
import { sumLumis } from "../../../src/tasks/scout/monitor/run-lumis.ts";
import {
  count,
  countLumi,
  createTallies,
  type Tallies,
} from "../../../src/tasks/scout/results/tallies.ts";
import { openRecords } from "../../../src/tasks/scout/run-records.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const perBlock = 8;
const blocksPerLumi = 5;

function tallied(id: number): Tallies {
  const tallies = createTallies();
  for (let k = 0; k < perBlock; k++) countLumi(tallies, Math.floor(id / blocksPerLumi) + 1);
  count(tallies, "orbits", perBlock);
  count(tallies, "objects.muons", 100 + id);
  tallies.bins["occupancy.muons"] = Float64Array.of(id, 1);
  return tallies;
}

const blockOf = (id: number) => ({
  ...{ run: 7, id },
  orbits: Array.from({ length: perBlock }, (_, k) => ({
    orbit: perBlock * id + k,
    lumi: Math.floor(id / blocksPerLumi) + 1,
  })),
});

async function makeRun() {
  const parent = mkdtempSync(join(tmpdir(), "forty-records-"));
  folders.push(parent);
  const path = join(parent, "RUN");
  const config = { task: "scout", version: "0", files: ["a.raw"], inputs: [] };
  const folder = await openRun(path, config, { resume: false });
  return { path, folder, files: () => readdirSync(join(path, "blocks")).sort() };
}

/** Muons of blocks: 100 + id each. */
const muonsOf = (ids: readonly number[]) => ids.reduce((sum, id) => sum + 100 + id, 0);
const upTo = (n: number) => Array.from({ length: n }, (_, id) => id);

test("records of a luminosity section that is over become one", async () => {
  const { folder, files } = await makeRun();
  const records = openRecords(folder);
  for (const id of upTo(22)) await records.write(blockOf(id), tallied(id));
  // sections 1 and 2 are over when section 4 has begun, 3 and on are not, and 5 has two blocks
  expect(files()).toEqual([
    ...upTo(22)
      .slice(15)
      .map((id) => `${id}`.padStart(10, "0"))
      .map((name) => `${name}.json`),
    ...[1, 2, 3].map((lumi) => `lumi-00000${lumi}.json`),
  ]);
  const { tallies, done, run } = openRecords(folder);
  expect(run).toBe(7);
  expect([...done].sort(([a], [b]) => a - b)).toEqual(
    upTo(22).map((id) => [id, perBlock * id + perBlock - 1]),
  );
  expect(tallies.counts["objects.muons"]).toBe(muonsOf(upTo(22)));
});

test("killed between the merged record and the removal of the others, none counts twice", async () => {
  const { path, folder, files } = await makeRun();
  const records = openRecords(folder);
  const saved = mkdtempSync(join(tmpdir(), "forty-saved-"));
  folders.push(saved);
  for (const id of upTo(5)) await records.write(blockOf(id), tallied(id));
  for (const name of files()) copyFileSync(join(path, "blocks", name), join(saved, name));
  for (const id of upTo(20).slice(5)) await records.write(blockOf(id), tallied(id));
  for (const name of readdirSync(saved))
    copyFileSync(join(saved, name), join(path, "blocks", name));
  const monitor = await sumLumis(path).snapshot({ first: 1, last: 4 });
  expect(monitor.objects.muons).toBe(muonsOf(upTo(20)));
  const again = openRecords(folder);
  expect(again.tallies.counts["objects.muons"]).toBe(muonsOf(upTo(20)));
  expect(files()).not.toContain("0000000001.json");
  // one that comes late goes into the record of its section
  await again.write(blockOf(24), tallied(24));
  expect(openRecords(folder).tallies.counts.orbits).toBe(21 * perBlock);
});

test("blocks in any order, resumed at any time: the monitor's sections add up", async () => {
  const { path, folder, files } = await makeRun();
  const rng = createRng(4);
  // a block may come two sections late
  const order = upTo(60)
    .map((id) => ({ id, at: id + 12 * rng.uniform() }))
    .sort((a, b) => a.at - b.at)
    .map(({ id }) => id);
  const sums = sumLumis(path);
  let records = openRecords(folder);
  for (const [k, id] of order.entries()) {
    await records.write(blockOf(id), tallied(id));
    if (k % 7 === 3) records = openRecords(folder);
    if (k % 5 !== 0) continue;
    const { objects, orbits } = await sums.snapshot({ first: 1, last: 12 });
    expect([orbits, objects.muons]).toEqual([perBlock * (k + 1), muonsOf(order.slice(0, k + 1))]);
  }
  const { objects } = await sums.snapshot({ first: 3, last: 4 });
  expect(objects.muons).toBe(muonsOf(upTo(60).slice(10, 20)));
  expect(files().length).toBeLessThan(25);
});

test("a record that is no record is refused with a remedy", async () => {
  const { path, folder } = await makeRun();
  openRecords(folder);
  writeFileSync(join(path, "blocks", "0000000003.json"), "{");
  expect(() => openRecords(folder)).toThrow(/0000000003\.json: is no record .*--resume/);
});
