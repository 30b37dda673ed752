import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  applyWord,
  type CompressionLut,
  calibrateJets,
  encodeWord,
  exportCalibrationLut,
  formatCalibrationLut,
  formatHardwareLut,
  parseCalibrationLut,
  parseCompressionLut,
} from "../../../src/cms/jet-calibration/lut.ts";

const folder = "../shared/data/l1-jet";
const hasShared = existsSync(folder);
if (!hasShared) console.warn(`skipped: ${folder} is absent`);
const read = (name: string) => readFileSync(`${folder}/${name}`, "utf8");

/** Four pt bins of 8-bit addresses and two eta bins. */
const pt: CompressionLut = {
  addressBits: 8,
  dataBits: 2,
  bins: Uint8Array.from({ length: 256 }, (_, i) => (i === 0 ? 0 : i < 20 ? 1 : i < 80 ? 2 : 3)),
};
const eta: CompressionLut = {
  addressBits: 6,
  dataBits: 6,
  bins: Uint8Array.from({ length: 64 }, (_, i) => (i > 28 && i < 41 ? 1 : 0)),
};

test("a word is multiplier and signed addend", () => {
  expect(applyWord(100, 512)).toBe(100);
  expect(applyWord(100, 768 + (5 << 10))).toBe(155);
  expect(applyWord(100, 512 + (0xff << 10))).toBe(99);
  expect(applyWord(3, 512 + (0x80 << 10))).toBe(0xffff); // below zero wraps and saturates
  expect(applyWord(33, 0x3ff)).toBe((33 * 1023) >> 9);
});

test("an encoded word gives the nearest integer for every pt and scale below its limits", () => {
  for (let hwPt = 1; hwPt <= 510; hwPt++)
    for (const scale of [0.3, 0.87, 1, 1.31, 1.93])
      expect(applyWord(hwPt, encodeWord(hwPt, scale))).toBe(Math.round(scale * hwPt));
  // beyond, a multiplier steps over integers: the nearest it gives is within half of hwPt / 512
  for (let hwPt = 511; hwPt <= 2047; hwPt += 7)
    for (const scale of [0.3, 0.87, 1.31, 1.93]) {
      const miss = applyWord(hwPt, encodeWord(hwPt, scale)) - scale * hwPt;
      expect(Math.abs(miss)).toBeLessThanOrEqual(hwPt / 1024 + 1);
    }
  for (let hwPt = 1; hwPt <= 120; hwPt++)
    expect(applyWord(hwPt, encodeWord(hwPt, 3))).toBe(3 * hwPt);
});

test("a calibration of one changes no jet by more than a step or 0.2 %", () => {
  const lut = exportCalibrationLut(() => 1, { pt, eta });
  const hwPt = Int32Array.from({ length: 2048 }, (_, i) => i);
  const hwEta = hwPt.map((i) => (i % 229) - 114);
  for (const [i, calibrated] of calibrateJets({ hwPt, hwEta }, lut).entries())
    expect(Math.abs(calibrated - i)).toBeLessThanOrEqual(Math.max(1, 0.002 * i));
});

test("an exported calibration scales by its function at the bin centers", () => {
  const lut = exportCalibrationLut((p, e) => (e > 3 ? 1.5 : 1 + 10 / p), { pt, eta });
  const jets = { hwPt: Int32Array.of(20, 100, 336, 100), hwEta: Int32Array.of(1, 1, -1, -114) };
  // bins of 1 .. 19, 20 .. 79, 80 .. 255 GeV have means of 10, 50 and 168 GeV
  expect(Array.from(calibrateJets(jets, lut))).toEqual([40, 120, 356, 150]);
});

test("a table written is read back", () => {
  const lut = exportCalibrationLut((p) => 1 + 9 / p, { pt, eta });
  const again = parseCalibrationLut(formatCalibrationLut(lut), "lut.txt", { pt, eta });
  expect(again.entries.map((e) => e.word)).toEqual(lut.entries.map((e) => e.word));
  expect(formatCalibrationLut(again)).toBe(formatCalibrationLut(lut));
  expect(formatHardwareLut(lut).split("\n").slice(0, 3)).toEqual([
    "#<header> v1 3 18 </header>",
    "0 512",
    `1 ${lut.entries[1].word}`,
  ]);
});

test("bad tables and jets are refused", () => {
  const good = formatCalibrationLut(exportCalibrationLut(() => 1.2, { pt, eta }));
  const bad = (from: string, to: string) => () =>
    parseCalibrationLut(good.replace(from, to), "lut.txt", { pt, eta });
  const compression = (text: string) => () => parseCompressionLut(text, "pt.txt");
  expect(
    bad(" 50 0 2 1.200000    617", " 50 0 2 1.200000    513"),
  ).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: lut.txt:5: word 513 scales pt 50 by 1.000000, not 1.2]`,
  );
  expect(bad("0 20 79 50 0 2", "0 20 80 50 0 2")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: lut.txt:5: pt 20 .. 80 is in bins 2 .. 3 of the compression table, not 2]`,
  );
  expect(bad("0 20 79 50 0 2", "1 20 79 50 1 2")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: lut.txt:5: eta bin 1 (1), pt bin 2 at address 2]`,
  );
  expect(bad("0 20 79 50 0 2", "0 20 79 50 x 2")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: lut.txt:5: expected 10 numbers, got "0 20 79 50 x 2 1.200000    617 1.200000 1.000000"]`,
  );
  expect(() => parseCalibrationLut("", "lut.txt", { pt, eta })).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: lut.txt: expected 8 entries, got 0]`,
  );
  expect(compression("0 0")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: pt.txt:1: data before the header "#<header> v1 nAddress nData </header>"]`,
  );
  expect(compression("#<header> v1 1 1 </header>\n0 0\n1 2")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: pt.txt:3: bin 2 does not fit into 1 bits]`,
  );
  expect(compression("#<header> v1 1 1 </header>\n0 0")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: pt.txt: expected a header and 2^1 entries, got 1]`,
  );
  expect(() =>
    exportCalibrationLut(() => Number.NaN, { pt, eta }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: exportCalibrationLut: scale NaN at pt 10 GeV, |eta| 0.043; expected a number > 0]`,
  );
  const lut = exportCalibrationLut(() => 1, { pt, eta });
  expect(() =>
    calibrateJets({ hwPt: Int32Array.of(1, 4000), hwEta: Int32Array.of(0, 0) }, lut),
  ).toThrowErrorMatchingInlineSnapshot(`[DataError: calibrateJets: row 1 has hwPt 4000, hwEta 0]`);
});

describe.skipIf(!hasShared)("the 2024 calibration", () => {
  const tables = () => ({
    pt: parseCompressionLut(read("l1jet_pt_compress_lut_2024.txt"), "pt"),
    eta: parseCompressionLut(read("l1jet_eta_compress_lut_2024.txt"), "eta"),
  });
  const load = () =>
    parseCalibrationLut(read("l1jet_calib_lut_2024_decimal.txt"), "calibration", tables());
  const numbers = (text: string) =>
    text
      .split("\n")
      .map((line) => line.split("#")[0].trim())
      .filter((line) => line !== "")
      .map((line) => line.split(/\s+/));

  test("read and written is number for number the same", () => {
    const written = formatCalibrationLut(load());
    const [ours, theirs] = [written, read("l1jet_calib_lut_2024_decimal.txt")].map(numbers);
    expect(ours.map((row) => row.slice(0, 9))).toEqual(theirs.map((row) => row.slice(0, 9)));
    // the ratio comes from a scale with more digits than the file has
    for (const [i, row] of ours.entries())
      expect(Math.abs(Number(row[9]) - Number(theirs[i][9]))).toBeLessThan(1.1e-6);
    expect(written.split("\n").filter((l) => l.includes("#"))).toEqual(
      read("l1jet_calib_lut_2024_decimal.txt")
        .split("\n")
        .filter((l) => l.includes("#")),
    );
  });

  test("scales a jet as its row says", () => {
    const lut = load();
    // ieta 1 and 40, rows of 15 and 224 GeV: applied scales 3.033333 and 1.174107
    const jets = { hwPt: Int32Array.of(30, 448, 0, 2047), hwEta: Int32Array.of(1, -114, 5, 1) };
    expect(Array.from(calibrateJets(jets, lut))).toEqual([91, 526, 0, (2047 * 775) >> 9]);
  });

  test("its scale factors encode to words of the same effect, nearly always to the same", () => {
    const { entries } = load();
    let same = 0;
    for (const { ptMean, scale, word } of entries) {
      const ours = encodeWord(2 * ptMean, scale);
      expect(applyWord(2 * ptMean, ours)).toBe(applyWord(2 * ptMean, word));
      if (ours === word) same++;
    }
    expect(same).toBeGreaterThan(0.96 * entries.length);
  });
});
