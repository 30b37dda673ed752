import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  correctJets,
  createJetCorrector,
  formatJetCorrections,
  parseJetCorrections,
} from "../../../src/cms/jet-calibration/jec.ts";

const official = "../shared/data/l1-jet/scouting_jec_ak4calotower_run3winter25_v2.txt";
const hasOfficial = existsSync(official);
const testOfficial = test.skipIf(!hasOfficial);
if (!hasOfficial) console.warn(`skipped: ${official} is absent`);

const line = (fields = "3 100 -1 1 0 10 [0]+[1]*x+[2]*x^2+[3]*log(x) 4 1 1.5 0.001 -2") => fields;

test("a row corrects its cell and nothing else", () => {
  const corrector = createJetCorrector(parseJetCorrections(line()));
  const at = (x: number) => 1 + 1.5 * x + 0.001 * x * x - 2 * Math.log(x);
  expect(corrector(20, 0, 5)).toBeCloseTo(at(20) / 20, 14);
  expect(corrector(200, 0, 5)).toBeCloseTo(at(100) / 100, 14); // held at ptMax
  expect(corrector(1, 0, 5)).toBeCloseTo(at(3) / 3, 14);
  expect(corrector(20, -1, 0)).toBeGreaterThan(0); // lower edges belong to the cell
  for (const [eta, pileup] of [
    [1, 5],
    [-1.01, 5],
    [0, 10],
    [0, -1],
    [Number.NaN, 5],
  ])
    expect(corrector(20, eta, pileup)).toBe(0);
});

test("negative pile-up bounds are open and the first row that fits wins", () => {
  const corrector = createJetCorrector(
    parseJetCorrections("1 9 0 1 -1 -1 [0]*x 1 2\n1 9 0 2 5 -1 [0]*x 1 3\n"),
  );
  expect(corrector(4, 0.5, 50)).toBeCloseTo(2, 14);
  expect(corrector(4, 1.5, 1000)).toBeCloseTo(3, 14);
  expect(corrector(4, 1.5, 4)).toBe(0);
});

test("corrections written are read back", () => {
  const rows = parseJetCorrections(line());
  const again = parseJetCorrections(formatJetCorrections(rows));
  const plain = (r: typeof rows) => r.map((row) => ({ ...row, formula: row.formula.text }));
  expect(plain(again)).toEqual(plain(rows));
});

test("a jet without a positive correction is NaN", () => {
  const corrector = createJetCorrector(parseJetCorrections("1 9 0 1 -1 -1 [0]+x 1 -3"));
  const pt = correctJets({ pt: [2, 6, 6], eta: [0.5, 0.5, 2], pileup: [0, 0, 0] }, corrector);
  expect(pt).toEqual(Float64Array.of(Number.NaN, 3, Number.NaN));
});

test("bad lines are refused with their number", () => {
  const bad = (text: string) => () => parseJetCorrections(text, "jec.txt");
  expect(bad("")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jec.txt: no corrections; is this a text file of jet corrections?]`,
  );
  expect(bad(`# ok\n${line()}\n3 100 -1 1 0`)).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jec.txt:3: expected ptMin ptMax etaMin etaMax pileupMin pileupMax formula n and n parameters, got 5 fields]`,
  );
  expect(bad("3 abc -1 1 0 10 [0]*x 1 1")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jec.txt:1: ptMax: expected a number, got "abc"]`,
  );
  expect(bad("100 3 -1 1 0 10 [0]*x 1 1")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jec.txt:1: expected 0 < ptMin < ptMax, got 100 and 3]`,
  );
  expect(bad("3 100 1 -1 0 10 [0]*x 1 1")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jec.txt:1: expected etaMin < etaMax, got 1 and -1]`,
  );
  expect(bad("3 100 -1 1 10 10 [0]*x 1 1")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jec.txt:1: expected pileupMin < pileupMax, got 10 and 10]`,
  );
  expect(bad("3 100 -1 1 0 10 [0]*x 2 1")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jec.txt:1: 2 parameters announced, 1 there]`,
  );
  expect(bad("3 100 -1 1 0 10 [0]*x+[1] 1 1")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jec.txt:1: "[0]*x+[1]" needs 2 parameters, 1 there]`,
  );
  expect(bad("3 100 -1 1 0 10 [0]*y 1 1")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jec.txt:1: unknown name "y"; there are x, pi, log, log10, exp, sqrt, abs, pow, min, max at character 5 of "[0]*y"]`,
  );
});

testOfficial("the official corrections give the values computed by hand from their rows", () => {
  const rows = parseJetCorrections(readFileSync(official, "utf8"), official);
  expect(rows.length).toBe(266);
  const corrector = createJetCorrector(rows);
  // line 1: 5 .. 60, eta -5 .. -4.5, pile-up 0 .. 10: -12.52758 + 0.62790 x - 0.00009 x^2 + 12.2018 ln x
  // x = 20: -12.52758 + 12.558 - 0.036 + 12.2018 * 2.995732274 = 36.54774605
  expect(20 * corrector(20, -4.7, 3)).toBeCloseTo(36.54774605, 7);
  // held at 60: -12.52758 + 37.674 - 0.324 + 12.2018 * 4.094344562 = 74.78079348, times 120 / 60
  expect(120 * corrector(120, -4.7, 3)).toBeCloseTo(149.56158696, 6);
  // line 3: 10 .. 80, pile-up 20 .. 30: x = 30
  // -23.44674 + 10.4631 + 3.816 + 13.49223 * 3.401197382 = 36.72209735
  expect(30 * corrector(30, -4.7, 25)).toBeCloseTo(36.72209735, 7);
  expect(corrector(30, 5, 25)).toBe(0);
});

testOfficial("the lookup finds the row that a search from the top finds", () => {
  const rows = parseJetCorrections(readFileSync(official, "utf8"), official);
  const corrector = createJetCorrector(rows);
  for (let eta = -5.2; eta < 5.2; eta += 0.05)
    for (const pileup of [0, 9, 10, 25, 59, 60, 79, 80, 300]) {
      const row = rows.find(
        (r) =>
          eta >= r.etaMin &&
          eta < r.etaMax &&
          pileup >= r.pileupMin &&
          (r.pileupMax < 0 || pileup < r.pileupMax),
      );
      const x = row === undefined ? 0 : Math.max(row.ptMin, Math.min(row.ptMax, 33));
      expect(corrector(33, eta, pileup)).toBe(
        row === undefined ? 0 : row.formula.evaluate(x, row.parameters) / x,
      );
    }
});
