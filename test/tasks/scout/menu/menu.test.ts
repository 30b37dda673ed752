import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { orbitRateHz } from "../../../../src/cms/menu/index.ts";
import { createDecoder } from "../../../../src/cms/scouting/decoder.ts";
import { simulateStream } from "../../../../src/tasks/scout/index.ts";
import { chooseCurve, withSeeds } from "../../../../src/tasks/scout/menu/choice.ts";
import { type MenuRunOptions, runMenu } from "../../../../src/tasks/scout/run-menu.ts";
import { readBlocks } from "../../../../src/tasks/scout/sources/run-blocks.ts";
import { temporaryFolder } from "../../../data/folder.ts";

const { at } = temporaryFolder();
const orbits = 3;
const crossings = orbits * 3564;
const seeds = [
  "Any = MU0",
  "High = MU10",
  "Pair = comb{MU3,MU3}",
  "Jets = comb{JET40,JET30}",
  "Both = MU3 AND JET40",
  "Sum = HTT60",
];
const run = (options: Partial<MenuRunOptions> = {}) =>
  runMenu({ files: [at("muons.raw"), at("calo.raw")], seeds, ...options });

/** GeV of the muons and jets, and HTT, of every crossing: what the seeds ask for, decoded by hand. */
const all: { muons: number[]; jets: number[]; ht: number }[] = [];

/** Of the muons, by orbit. */
const payloads: Buffer[] = [];

beforeAll(async () => {
  const out = { out: at("muons.raw"), calo: at("calo.raw") };
  await simulateStream({ orbits, seed: 5, ...out });
  const config = { folder: null, tcp: null, senders: 1, idleSeconds: 1, blockOrbits: 10 };
  const files = [out.out, out.calo];
  const read = readBlocks({ config: { ...config, files }, done: new Map(), onDropped: () => {} });
  for await (const block of read)
    for (const { gmt, calo } of block.orbits) {
      payloads.push(Buffer.from(gmt as Uint8Array));
      const { muons } = createDecoder("gmt").decode(gmt as Uint8Array).objects;
      const { jets, sums } = createDecoder("calo").decode(calo as Uint8Array).objects;
      const of = ({ offsets, columns }: typeof muons | typeof jets, e: number, zero: number) =>
        Array.from(columns.hwPt.slice(offsets[e], offsets[e + 1]), (hw) => (hw - zero) / 2);
      for (let e = 0; e < 3564; e++) {
        const word = sums.offsets[e] + 1;
        const ht = word < sums.offsets[e + 1] ? sums.columns.hwPt[word] / 2 : 0;
        all.push({ muons: of(muons, e, 1), jets: of(jets, e, 0), ht });
      }
    }
});

type Crossing = (typeof all)[number];
const n = (pts: readonly number[], least: number) => pts.filter((pt) => pt >= least).length;
const holds: Record<string, (c: Crossing) => boolean> = {
  Any: ({ muons }) => n(muons, 0) > 0,
  High: ({ muons }) => n(muons, 10) > 0,
  Pair: ({ muons }) => n(muons, 3) > 1,
  Jets: ({ jets }) => n(jets, 40) > 0 && n(jets, 30) > 1,
  Both: ({ muons, jets }) => n(muons, 3) > 0 && n(jets, 40) > 0,
  Sum: ({ ht }) => ht >= 60,
};
const names = Object.keys(holds);
const kHz = (count: number) => (count / crossings) * 3564 * (orbitRateHz / 1e3);

describe("a menu on raw orbits", () => {
  test("muons and calorimeter are joined by orbit, and each seed counted", async () => {
    const counts = await run();
    expect([counts.orbits, counts.crossings, counts.dropped]).toEqual([orbits, crossings, {}]);
    for (const { name, fired, rateKHz, errorKHz, pureKHz, bit } of counts.algorithms) {
      const expected = all.filter(holds[name]).length;
      const pure = all.filter((c) => names.filter((o) => holds[o](c)).join() === name).length;
      expect([name, bit, fired]).toEqual([name, null, expected]);
      expect(expected).toBeGreaterThan(0);
      expect(rateKHz).toBeCloseTo(kHz(expected), 6);
      expect(pureKHz).toBeCloseTo(kHz(pure), 6);
      const p = expected / crossings;
      expect(errorKHz / rateKHz).toBeCloseTo(Math.sqrt((1 - p) / p / crossings), 9);
    }
    const any = all.filter((c) => names.some((name) => holds[name](c))).length;
    expect(counts.total.rateKHz).toBeCloseTo(kHz(any), 6);
  });

  test("overlaps are of the crossings that either takes", async () => {
    const { overlaps } = await run({ overlaps: 30 });
    const both = (a: string, b: string) => all.filter((c) => holds[a](c) && holds[b](c)).length;
    const either = (a: string, b: string) => all.filter((c) => holds[a](c) || holds[b](c)).length;
    for (const { a, b, share, rateKHz } of overlaps) {
      expect(share).toBeCloseTo(both(a, b) / either(a, b), 12);
      expect(rateKHz).toBeCloseTo(kHz(both(a, b)), 6);
    }
    expect(overlaps.map(({ share }) => share)).toEqual(
      overlaps.map(({ share }) => share).toSorted((x, y) => y - x),
    );
    expect(overlaps.some(({ a, b }) => a === "Any" && b === "High")).toBe(true);
  });

  test("prescales come before rates, counted through all orbits", async () => {
    writeFileSync(at("p.json"), '{ "Any": 10, "Jets": 0 }');
    const { algorithms } = await run({ prescales: at("p.json") });
    const any = algorithms.find(({ name }) => name === "Any");
    expect(any?.rateKHz).toBeCloseTo(kHz(Math.floor((any?.fired ?? 0) / 10)), 6);
    const jets = algorithms.find(({ name }) => name === "Jets");
    expect([jets?.prescale, jets?.rateKHz]).toEqual([0, 0]);
    expect(jets?.fired).toBeGreaterThan(0);
  });

  test("a curve decides every crossing again at each threshold", async () => {
    const { curve, algorithms } = await run({ threshold: "Any:0,5,20", bunches: 2340 });
    expect(algorithms).toHaveLength(seeds.length);
    expect(curve?.own).toBe(0);
    for (const { threshold, rateKHz } of curve?.points ?? []) {
      const count = all.filter(({ muons }) => n(muons, threshold) > 0).length;
      expect(rateKHz).toBeCloseTo((kHz(count) * 2340) / 3564, 6);
    }
    expect(curve?.points.map(({ threshold }) => threshold)).toEqual([0, 5, 20]);
  });

  test("the report holds three figures and every algorithm", async () => {
    await run({ threshold: "High", out: at("menu.html") });
    const html = readFileSync(at("menu.html"), "utf8");
    expect(html.match(/<figure>/g)).toHaveLength(3);
    const rows = names.filter((name) => new RegExp(`<th scope="row"[^>]*>${name}</th>`).test(html));
    expect(rows).toEqual(names);
    expect(/undefined|NaN/.test(html.split("<script>")[0])).toBe(false);
  });

  test("an orbit that cannot be decoded is dropped and told, the others count", async () => {
    const bytes = readFileSync(at("muons.raw"));
    const second = bytes.indexOf(payloads[1]);
    bytes.writeUInt32LE(77, second + 8); // another orbit's block
    writeFileSync(at("wrong.raw"), bytes);
    const counts = await run({ files: [at("wrong.raw")] });
    expect([counts.orbits, counts.dropped]).toEqual([orbits - 1, { decode: 1 }]);
    writeFileSync(at("cut.raw"), bytes.subarray(0, 999));
    await expect(run({ files: [at("cut.raw")] })).rejects.toThrow(
      /no crossings in .*cut.raw: 3 orbits dropped as badFile/,
    );
  });
});

describe("what is chosen", () => {
  const menu = withSeeds({ name: "test", algorithms: [] }, ["Mu22 = MU22", "Pre = MU0"]);
  const thresholds = (text: string) => chooseCurve(menu, text).thresholds;

  test("thresholds lie around the menu's own, which is among them", () => {
    expect(thresholds("Mu22")).toEqual([
      ...[11, 14.5, 17.5, 21, 22, 24, 27.5, 31, 34, 37.5, 40.5, 44],
    ]);
    expect(thresholds("Pre")).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
    expect(thresholds("Mu22: 30, 7,30")).toEqual([7, 30]);
  });

  test("errors say what to write instead", async () => {
    expect(() => chooseCurve(menu, "Mu23")).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: --threshold: no algorithm "Mu23" in test; did you mean Mu22?]`,
    );
    expect(() => chooseCurve(menu, "Mu22:5,x")).toThrow(/separated by commas, got "5,x"/);
    expect(() => withSeeds(menu, ["MU22"])).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: --seed: expected NAME = expression, got "MU22"; as "MyMu = MU10[MU-QLTY_SNGL]"]`,
    );
    expect(() => withSeeds(menu, ["Mu22 = MU3"])).toThrow(/Mu22 is in the menu already/);
    expect(() => withSeeds(menu, ["A = MU3[MU-QLTY_SNGLE]"])).toThrow(/--seed: A: column 5/);
    await expect(run({ check: true })).rejects.toThrow(/--check: .*raw orbits, without the bits/);
    await expect(run({ seeds: [] })).rejects.toThrow(/no algorithms; give --algorithms/);
  });
});
