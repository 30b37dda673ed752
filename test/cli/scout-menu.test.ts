import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../data/folder.ts";
import { forty } from "./fake-terminal.ts";

const { at } = temporaryFolder();
const menu = (...argv: string[]) => forty(["scout", "menu", ...argv]);

describe("scout menu", () => {
  test("tables of rates, overlaps and a curve, for seeds of one's own", async () => {
    await forty(["scout", "simulate", "-n", "1", "-o", at("muons.raw")]);
    const seeds = ["--seed", "Low = MU3", "--seed", "High = MU10"];
    const asked = ["--overlaps", "3", "--threshold", "Low:3,30", "-o", at("menu.html")];
    const { code, out, err } = await menu(at("muons.raw"), ...seeds, ...asked);
    expect(code, err).toBe(0);
    expect(out).toMatch(/algorithm +fired +rate \[kHz\] +pure \[kHz\]\nLow +\d+ +\d+ ± \d+/);
    expect(out).toMatch(/Low +High +\d+ ± \d+ +\d+\.\d/);
    expect(out).toMatch(/Low at \[GeV\] +rate \[kHz\]\n +3 +\d+ ± \d+\n +30 +\d/);
    expect(out).toMatch(/3,564 crossings; fired: 2 of 2, in total \d+ ± \d+ kHz/);
    expect(readFileSync(at("menu.html"), "utf8")).toContain("Low against its threshold");
  });

  test("slips are told with what was meant", async () => {
    writeFileSync(at("p.csv"), "Lowe,3\n");
    const one = await menu(at("muons.raw"), "--seed", "Low = MU3", "--prescales", at("p.csv"));
    expect([one.code, one.err]).toEqual([1, expect.stringContaining("did you mean Low?")]);
    const two = await menu(at("muons.raw"));
    expect([two.code, two.err]).toEqual([2, expect.stringContaining("give --algorithms")]);
    const three = await menu(at("muons.raw"), "--seed", "Low = MU3", "--bunches", "4000");
    expect([three.code, three.err]).toEqual([2, expect.stringContaining("<= 3564")]);
  });

  const shared = "../shared/data/ugt/menu2024_v1_1_0";
  const isThere = existsSync(`${shared}_algorithms.json`);
  if (!isThere) console.warn(`skipped: ${shared}_algorithms.json is not there`);
  test.skipIf(!isThere)("a seed beside the menu's is not compared with any bit", async () => {
    const algorithms = ["--algorithms", `${shared}_algorithms.json`, "--seed", "Mine = MU22"];
    const { code, out, err } = await menu(
      ...[`${shared}_data_3564bx.txt`, ...algorithms, "--check", "--json"],
    );
    expect(code, err).toBe(0);
    const result = JSON.parse(out);
    const mine = result.algorithms.at(-1);
    expect(mine).toMatchObject({ name: "Mine", bit: null });
    expect(mine).not.toHaveProperty("missing");
    expect([result.differing, result.algorithms.length]).toEqual([4, 391]);
  });
});
