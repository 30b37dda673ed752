import { expect, test } from "vitest";
import {
  formatCount,
  formatDuration,
  formatMeasured,
  formatNumber,
  formatWithUncertainty,
} from "../../src/report/format.ts";
import { axisTicks } from "../../src/report/ticks.ts";

test("an uncertainty keeps two significant digits, and the value as many decimals", () => {
  for (const [value, uncertainty, text] of [
    [0.13612, 0.00123, "0.1361 ± 0.0012"],
    [0.13612, 0.000996, "0.1361 ± 0.0010"],
    [12.3456, 0.25, "12.35 ± 0.25"],
    [1234.5, 67.8, "1235 ± 68"],
    [123456, 7890, "123500 ± 7900"],
    [-0.25, 0.012, "\u22120.250 ± 0.012"],
    [-0.00004, 0.012, "0.000 ± 0.012"],
    [5, 1e-9, "5.0000000000 ± 0.0000000010"],
    [3e12, 2e11, "3.00e12 ± 0.20e12"],
    [0.5, 0, "0.5"],
    [0.5, Number.NaN, "0.5"],
    [Number.NaN, 1, "–"],
    [1.2349e-12, 3.4e-14, "1.235e\u221212 ± 0.034e\u221212"],
  ] as const)
    expect(formatWithUncertainty({ value, uncertainty })).toBe(text);
  expect(formatMeasured({ value: 2, uncertainty: 0.1 })).toEqual({
    value: "2.00",
    uncertainty: "0.10",
  });
});

test("numbers group their thousands and keep four digits of fractions", () => {
  expect([1336160, -66432, 3296, 0.123456, 1.5e-7, Number.NaN].map(formatNumber)).toEqual([
    "1\u202f336\u202f160",
    "\u221266\u202f432",
    "3296",
    "0.1235",
    "1.500e\u22127",
    "–",
  ]);
});

test("counts take SI prefixes and durations read naturally at every border", () => {
  expect([0, 950, 999.6, 12345, 999_999, 1_336_160, 2e9].map(formatCount)).toEqual([
    "0",
    "950",
    "1k",
    "12.3k",
    "1M",
    "1.34M",
    "2G",
  ]);
  expect([12, 999.6, 12_340, 59_960, 245_000, 3_599_600, 7_620_000].map(formatDuration)).toEqual([
    "12 ms",
    "1.0 s",
    "12.3 s",
    "1 min 00 s",
    "4 min 05 s",
    "1 h 00 min",
    "2 h 07 min",
  ]);
});

test("ticks are round, inside the axis, and their labels tell them apart", () => {
  for (const [low, high, log] of [
    [0, 1.08, false],
    [-0.5, 0.5, false],
    [0, 45, false],
    [0, 250_000, false],
    [100_000, 100_900, false],
    [0, 0.0007, false],
    [3, 80, true],
    [0.5, 3e5, true],
    [1e-7, 1e9, true],
    [0.05, 0.25, true],
  ] as const) {
    const { major, minor, label } = axisTicks(low, high, { log });
    expect(major.length).toBeGreaterThan(1);
    expect(major.length).toBeLessThan(10);
    for (const v of [...major, ...minor]) {
      expect(v).toBeGreaterThanOrEqual(low - 1e-9);
      expect(v).toBeLessThanOrEqual(high * (1 + 1e-9));
    }
    expect(new Set(major.map(label)).size).toBe(major.length);
  }
  const { major, label } = axisTicks(-0.5, 0.5);
  expect(major.map(label)).toEqual(["\u22120.4", "\u22120.2", "0.0", "0.2", "0.4"]);
  expect(axisTicks(1, 3, { integer: true })).toMatchObject({ major: [1, 2, 3] });
});
