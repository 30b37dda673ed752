import { readdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseLumis, sumLumis } from "../../../../src/tasks/scout/monitor/run-lumis.ts";
import { randomTallies, type TestRun, testRun } from "./samples.ts";

/** Ten blocks, two to a section: 1, 1, 2, 2, ... 5, 5. */
function tenBlocks(run: TestRun) {
  const blocks = Array.from({ length: 10 }, (_, id) => {
    const lumi = 1 + Math.floor(id / 2);
    return { lumi, tallies: randomTallies(id, { lumi }) };
  });
  for (const [id, { lumi, tallies }] of blocks.entries())
    run.block(id, tallies, { first: lumi, last: lumi });
  return blocks;
}

describe("luminosity sections", () => {
  test("of a range are added bin by bin", async () => {
    const run = testRun();
    const blocks = tenBlocks(run).filter(({ lumi }) => lumi >= 2 && lumi <= 4);
    expect(blocks.length).toBe(6);
    const found = await sumLumis(run.folder).snapshot({ first: 2, last: 4 });
    const sum = (name: string, bin: number) =>
      blocks.reduce((n, { tallies }) => n + tallies.bins[name][bin], 0);
    const count = (name: string) => blocks.reduce((n, b) => n + b.tallies.counts[name], 0);
    expect(found.lumis).toEqual({ first: 2, last: 4 });
    expect(found.orbits).toBe(48);
    expect(found.selected.pairs).toBe(count("selected.pairs"));
    expect(found.dropped.decode).toBe(count("dropped.decode"));
    const pt = found.histograms.find((h) => h.name === "muonPt");
    expect(pt?.counts).toEqual(
      Array.from({ length: 10 }, (_, i) => sum("histogram.muonPt", i + 1)),
    );
    expect([pt?.underflow, pt?.overflow]).toEqual([
      sum("histogram.muonPt", 0),
      sum("histogram.muonPt", 11),
    ]);
    // Cell (2, 3) of the map, with a row of flows before and one more bin in each row.
    expect(found.maps[0].counts[2 * 4 + 3]).toBe(sum("map.muonMap", 3 * 6 + 4));
    expect(found.occupancy.muons[1234]).toBe(sum("occupancy.muons", 1234));
    // What tells the variance of the occupancy.
    expect([found.squares, found.seen]).toEqual([{ muons: 480 }, { muons: 48 }]);
    expect(found.algorithms).toContainEqual({
      name: "L1_DoubleMu0",
      count: count("fired.L1_DoubleMu0"),
    });
  });

  test("take in blocks that reach into the range, and say how far", async () => {
    const run = testRun();
    const tallies = randomTallies(1, { lumi: 3 });
    tallies.counts["lumi.4"] = 2;
    run.block(0, tallies, { first: 3, last: 4 });
    run.block(1, randomTallies(2, { lumi: 9 }), { first: 9, last: 9 });
    const { lumis, orbits } = await sumLumis(run.folder).snapshot({ first: 4, last: 8 });
    expect([lumis, orbits]).toEqual([{ first: 3, last: 4 }, 8]);
  });

  test("include blocks that came later, and read none twice", async () => {
    const run = testRun();
    tenBlocks(run);
    const sums = sumLumis(run.folder);
    expect((await sums.snapshot({ first: 1, last: 5 })).orbits).toBe(80);
    // The records are summed already: without them the sum is the same.
    for (const name of readdirSync(join(run.folder, "blocks")))
      unlinkSync(join(run.folder, "blocks", name));
    run.block(10, randomTallies(10, { lumi: 5 }), { first: 5, last: 5 });
    const both = await Promise.all([
      sums.snapshot({ first: 1, last: 5 }),
      sums.snapshot({ first: 5, last: 5 }),
    ]);
    expect(both.map((s) => s.orbits)).toEqual([88, 24]);
  });

  test("pass over files that are no records", async () => {
    const run = testRun();
    tenBlocks(run);
    writeFileSync(join(run.folder, "blocks", ".0000000011.json.abc.tmp"), "{");
    writeFileSync(join(run.folder, "blocks", "0000000012.json"), '{"run":7,');
    expect((await sumLumis(run.folder).snapshot({ first: 1, last: 5 })).orbits).toBe(80);
  });

  test("that have no block are refused with those that have", async () => {
    const run = testRun();
    const sums = sumLumis(run.folder);
    await expect(sums.snapshot({ first: 1, last: 2 })).rejects.toThrow("none is finished yet");
    tenBlocks(run);
    await expect(sums.snapshot({ first: 6, last: 9 })).rejects.toThrow(
      "monitor: no finished block in luminosity sections 6 to 9; there are 1 to 5",
    );
  });

  test("are written as 3-7, 3 or 3-", () => {
    expect(parseLumis("3-7")).toEqual({ first: 3, last: 7 });
    expect(parseLumis("3")).toEqual({ first: 3, last: 3 });
    expect(parseLumis("3-")).toEqual({ first: 3, last: Number.POSITIVE_INFINITY });
    for (const bad of ["", "7-3", "-3", "a", "1-2-3", "1e3", "3 - 7"])
      expect(() => parseLumis(bad)).toThrow("monitor: lumis: expected sections such as 3-7");
  });
});
