import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import {
  addDecision,
  createMenuTally,
  firedAt,
  largestOverlaps,
  type MenuBits,
  makeBitmap,
  menuRates,
  orbitRateHz,
  overlapMatrix,
  parseExpression,
  parsePrescales,
  prescaleMenu,
  printExpression,
  rateOf,
  tallyRates,
  thresholdCurve,
  withThreshold,
} from "../../../src/cms/menu/index.ts";
import { randomCrossings } from "./crossings-maker.ts";

/** Random decisions of n algorithms with these probabilities. */
function randomBits(probabilities: readonly number[], crossings: number): MenuBits {
  const rng = createRng(21);
  const words = Math.ceil(crossings / 32);
  const fired = new Uint32Array(probabilities.length * words);
  probabilities.forEach((p, a) => {
    fired.set(
      makeBitmap(crossings, () => rng.uniform() < p),
      a * words,
    );
  });
  return { crossings, words, fired };
}

test("a rate is the fraction of crossings times bunches times 11245.5 Hz", () => {
  const { count, rateHz, errorHz } = rateOf(25, 100, { bunches: 2340 });
  expect([count, rateHz]).toEqual([25, 0.25 * 2340 * orbitRateHz]);
  expect(errorHz).toBeCloseTo(2340 * orbitRateHz * Math.sqrt((0.25 * 0.75) / 100), 6);
  expect(rateOf(3564, 3564).rateHz / 1e6).toBeCloseTo(40.079, 3);
  expect(() => rateOf(2, 1)).toThrow(/2 of 1/);
});

describe("rates of a menu", () => {
  const bits = randomBits([0.3, 0.2, 0.05], 500);
  const at = (e: number) => [0, 1, 2].map((a) => firedAt(bits, a, e));
  const count = (holds: (f: boolean[]) => boolean) =>
    Array.from({ length: 500 }, (_, e) => at(e)).filter(holds).length;

  test("a pure rate counts what no other algorithm takes", () => {
    const { algorithms, total } = menuRates(bits);
    expect(algorithms.map(({ rate }) => rate.count)).toEqual(
      [0, 1, 2].map((a) => count((f) => f[a])),
    );
    expect(algorithms.map(({ pure }) => pure.count)).toEqual(
      [0, 1, 2].map((a) => count((f) => f[a] && f.filter(Boolean).length === 1)),
    );
    expect(total.count).toBe(count((f) => f.includes(true)));
  });

  test("prescaled seeds take no crossing from others", () => {
    const { algorithms, total } = menuRates(bits, { counted: [true, false, true] });
    expect(algorithms[0].pure.count).toBe(count((f) => f[0] && !f[2]));
    expect(algorithms[1].pure.count).toBe(count((f) => f[1] && !f[0] && !f[2]));
    expect(total.count).toBe(count((f) => f[0] || f[2]));
  });

  test("the overlap matrix is symmetric and counts shared crossings", () => {
    const overlaps = overlapMatrix(bits);
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++) expect(overlaps[3 * a + b]).toBe(count((f) => f[a] && f[b]));
  });
});

describe("a tally of many decisions", () => {
  const whole = randomBits([0.3, 0.2, 0.05, 0], 512);
  const slices = [0, 1, 2, 3].map((k): MenuBits => {
    const fired = [0, 1, 2, 3].flatMap((a) => [...whole.fired.slice(16 * a + 4 * k).slice(0, 4)]);
    return { crossings: 128, words: 4, fired: Uint32Array.from(fired) };
  });

  test("is that of all at once", () => {
    const tally = createMenuTally(4, { overlaps: true });
    for (const slice of slices) addDecision(tally, slice);
    expect(tallyRates(tally, { bunches: 100 })).toEqual(menuRates(whole, { bunches: 100 }));
    expect(tally.overlaps).toEqual(overlapMatrix(whole));
  });

  test("takes its own algorithms only, those in front", () => {
    const tally = createMenuTally(2);
    addDecision(tally, whole);
    const two = { ...whole, fired: whole.fired.slice(0, 32) };
    expect(tallyRates(tally)).toEqual(menuRates(two));
  });

  test("names the pairs with the largest part in common", () => {
    const words = 1;
    const fired = Uint32Array.from([0b1111, 0b0111, 0b1000, 0b110000]);
    const tally = createMenuTally(4, { overlaps: true });
    addDecision(tally, { crossings: 32, words, fired });
    expect(largestOverlaps(tally, 5)).toEqual([
      { a: 0, b: 1, both: 3, share: 0.75 },
      { a: 0, b: 2, both: 1, share: 0.25 },
    ]);
    expect(largestOverlaps(tally, 1)).toHaveLength(1);
  });
});

describe("files of prescales", () => {
  const names = ["L1_SingleMu22", "L1_SingleMu25", "L1_HTT280"];

  test("JSON and lines say the same; what is not named is 1", () => {
    expect(parsePrescales('{ "L1_HTT280": 12.5, "L1_SingleMu22": 0 }', names, "p")).toEqual([
      ...[0, 1, 12.5],
    ]);
    const lines = "name,prescale\r\nL1_HTT280, 12.5\r\n\r\nL1_SingleMu22,0\r\n";
    expect(parsePrescales(lines, names, "p")).toEqual([0, 1, 12.5]);
  });

  test("unknown names and what is no number are told with their line", () => {
    expect(() =>
      parsePrescales("L1_SingleMu22,2\nL1_SingleMu23,2", names, "p.csv"),
    ).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: p.csv: line 2: no algorithm "L1_SingleMu23" in the menu; did you mean L1_SingleMu22?]`,
    );
    expect(() => parsePrescales("L1_HTT280,1\nL1_SingleMu22,x", names, "p.csv")).toThrow(
      /line 2: L1_SingleMu22: expected a number, got "x"/,
    );
    expect(() => parsePrescales("L1_HTT280,1\nL1_SingleMu22", names, "p.csv")).toThrow(/number/);
    expect(() => parsePrescales("{ x", names, "p.json")).toThrow(/p.json: not JSON/);
  });
});

describe("prescales", () => {
  const all = randomBits([1, 1, 1, 1], 50);
  const kept = (bits: MenuBits, a: number) =>
    Array.from({ length: bits.crossings }, (_, e) => e).filter((e) => firedAt(bits, a, e));

  test("counters keep one in P, also for fractions", () => {
    const scaled = prescaleMenu(all, [0, 1, 7, 2.5]);
    expect(kept(scaled, 0)).toEqual([]);
    expect(kept(scaled, 1).length).toBe(50);
    expect(kept(scaled, 2)).toEqual([6, 13, 20, 27, 34, 41, 48]);
    expect(kept(scaled, 3).slice(0, 5)).toEqual([2, 4, 7, 9, 12]); // 2.5, 5, 7.5, 10, 12.5
  });

  test("counters carry over between slices", () => {
    const counters = new Float64Array(4);
    const first = prescaleMenu(all, [3, 3, 3, 3], counters);
    const second = prescaleMenu(all, [3, 3, 3, 3], counters);
    expect([kept(first, 0).at(-1), kept(second, 0)[0]]).toEqual([47, 0]); // 48 + 3 = 51st
  });

  test("a prescale that the trigger cannot hold is refused", () => {
    expect(() => prescaleMenu(all, [0.5, 1, 1, 1])).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: prescaleMenu: prescale 0.5 of algorithm 0; expected 0 or at least 1, in steps of 0.01]`,
    );
    expect(() => prescaleMenu(all, [1.005, 1, 1, 1])).toThrow(/steps of 0.01/);
    expect(() => prescaleMenu(all, [1])).toThrow(/1 prescales for 4/);
  });
});

describe("rate against threshold", () => {
  const seed = parseExpression("comb{EG25,EG12[EG-ISO_0xC]} AND JET20");

  test("one threshold is varied, the second object if so wished", () => {
    expect(printExpression(withThreshold(seed, 1, 8.5))).toBe(
      "comb{EG25,EG8p5[EG-ISO_0xC]} AND JET20",
    );
    expect(printExpression(withThreshold(seed, 2, 40))).toBe(
      "comb{EG25,EG12[EG-ISO_0xC]} AND JET40",
    );
    expect(() => withThreshold(seed, 3, 1)).toThrow(/\[0, 2\], got 3/);
  });

  test("each point counts the crossings that pass, and the curve falls", () => {
    const objects = randomCrossings(500, 4);
    const { offsets, columns } = objects.jets ?? { offsets: new Uint32Array(), columns: {} };
    const thresholds = [5, 20.5, 40, 55];
    const curve = thresholdCurve(parseExpression("JET10"), objects, { thresholds });
    const hardest = Array.from({ length: 500 }, (_, e) =>
      Math.max(0, ...columns.hwPt.subarray(offsets[e], offsets[e + 1])),
    );
    expect(curve.map(({ rate }) => rate.count)).toEqual(
      thresholds.map((t) => hardest.filter((hw) => hw / 2 >= t).length),
    );
    expect(() =>
      thresholdCurve(parseExpression("JET10 AND EXT_A"), objects, { thresholds }),
    ).toThrow(/not in `given`/);
  });
});
