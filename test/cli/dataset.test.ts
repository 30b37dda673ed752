import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../data/folder.ts";
import { sample, writeNano } from "../tasks/dataset/nano.ts";
import { forty } from "./fake-terminal.ts";

const folder = temporaryFolder();
const { at } = folder;
for (const run of [1, 2]) await writeNano(at(`run${run}.root`), sample, { run });

describe("forty dataset", () => {
  test("muons: ends with one object under --json", async () => {
    const out = at("muons.parquet");
    const argv = ["dataset", "muons", at("run*.root"), "-o", out, "--no-unique", "--json"];
    const told = await forty(argv);
    expect(told.code, told.err).toBe(0);
    expect(JSON.parse(told.out)).toMatchObject({
      file: out,
      object: "muons",
      events: 6,
      l1Objects: 4,
      offlineObjects: 8,
      matched: 6,
      chargesAgree: 2,
      medianPtRatio: 1.0499999523162842,
      files: [{ matched: 3 }, { matched: 3 }],
      settings: { unique: false, maxDeltaR: 0.4, coordinates: "vertex" },
      manifest: `${out}.manifest.json`,
    });
  });

  test("muons: tells counts of each file and of all", async () => {
    const argv = ["dataset", "muons", at("run1.root"), at("run2.root"), "-o", at("m.parquet")];
    const { code, out } = await forty(argv);
    expect(code).toBe(0);
    expect(out).toMatch(/file +events +L1 muons +offline muons +matched +rows/);
    expect(out).toMatch(/run2\.root +3 +2 +4 +2 +2\nall +6 +4 +8 +4 +4/);
    expect(out).toContain("charges agree  2 of 4");
  });

  test("jets: tells Table 5 with and without |eta| < 3", async () => {
    const argv = ["dataset", "jets", at("run1.root"), "-o", at("jets.parquet")];
    const { code, out } = await forty(argv);
    expect(code).toBe(0);
    expect(out).toMatch(/all +2 +1 +66\.7 % +62\.5 %/);
    expect(out).toMatch(/\|eta\| < 3 +2 +0 +100\.0 % +100\.0 %/);
    const unique = await forty([...argv, "--unique", "--json"]);
    expect(JSON.parse(unique.out)).toMatchObject({ matched: 1, settings: { unique: true } });
    const shared = await forty([...argv, "--no-unique", "--json"]);
    expect(JSON.parse(shared.out)).toMatchObject({ matched: 2, settings: { unique: false } });
  });

  test("stopped, it says how to go on", async () => {
    const argv = ["dataset", "muons", at("run1.root"), "-o", at("stopped.parquet")];
    const { code, err } = await forty(argv, { signal: AbortSignal.abort() });
    expect(code).toBe(130);
    expect(err).toContain(`continue with: forty ${argv.join(" ")} --resume`);
    expect((await forty([...argv, "--resume"])).code).toBe(0);
    expect(readdirSync(folder.path)).not.toContain(".stopped.parquet.parts");
  });

  test.each([
    [["--max-dr", "0"], "dataset: max-dr must be > 0, got 0"],
    [["--max-dr", "x"], '--max-dr: expected a number, got "x"'],
    [["--bx", "1", "--source", "trigobj"], "which are of crossing 0 only"],
    [["--source", "hlt"], "Allowed choices are l1, trigobj"],
    [["--coordinates", "somewhere"], "Allowed choices are vertex, station"],
    [["-o", "x.txt"], "x.txt: unknown ending"],
  ])("wrong usage %j is code 2", async (more, message) => {
    const argv = ["dataset", "muons", at("run1.root"), "-o", at("x.parquet"), ...more];
    const { code, err } = await forty(argv);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});
