import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import {
  createJetFit,
  fillJetFit,
  mergeJetFits,
  officialBins,
  solveJetFit,
} from "../../../src/cms/jet-calibration/baseline.ts";
import {
  correctJets,
  createJetCorrector,
  formatJetCorrections,
  parseJetCorrections,
} from "../../../src/cms/jet-calibration/jec.ts";
import { solvePositive } from "../../../src/cms/jet-calibration/linear-solve.ts";
import { simulateJetRows } from "../../../src/cms/simulate/jet-rows.ts";

const bins = { etaEdges: [-1, 0, 1], pileupEdges: [0, 20], ptMin: 3, ptMax: 100 };

/** Jets whose target is exactly of the official form, with other parameters in every bin. */
function exactJets(n: number) {
  const rng = createRng("baseline");
  const pt = Float64Array.from({ length: n }, () => 3 + 97 * rng.uniform() ** 3);
  const eta = Float64Array.from({ length: n }, () => 2 * rng.uniform() - 1);
  const pileup = Float64Array.from({ length: n }, () => rng.integer(40));
  const target = pt.map((x, i) => {
    const shift = (eta[i] < 0 ? 1 : 2) + (pileup[i] < 20 ? 0 : 5);
    return shift + 0.9 * x + 0.001 * x * x + 1.5 * Math.log(x);
  });
  return { jets: { pt, eta, pileup }, target };
}

test("parameters of the official form are recovered in every bin", () => {
  const { jets, target } = exactJets(6000);
  const fit = createJetFit(bins);
  fillJetFit(fit, jets, target);
  const rows = solveJetFit(fit);
  expect(rows.map((r) => [r.etaMin, r.pileupMin, r.pileupMax])).toEqual([
    [-1, 0, 20],
    [-1, 20, -1],
    [0, 0, 20],
    [0, 20, -1],
  ]);
  for (const [i, shift] of [1, 6, 2, 7].entries())
    for (const [k, value] of [shift, 0.9, 0.001, 1.5].entries())
      expect(rows[i].parameters[k]).toBeCloseTo(value, 5);
  const corrected = correctJets(jets, createJetCorrector(rows));
  for (const [i, pt] of corrected.entries())
    expect(Math.abs(pt / target[i] - 1)).toBeLessThan(1e-7);
});

test("sums of parts solve to the fit of the whole", () => {
  const { jets, target } = exactJets(1000);
  const fill = (from: number, to: number) => {
    const fit = createJetFit(bins);
    const part = {
      pt: jets.pt.slice(from, to),
      eta: jets.eta.slice(from, to),
      pileup: jets.pileup.slice(from, to),
    };
    fillJetFit(fit, part, target.slice(from, to));
    return fit;
  };
  const merged = mergeJetFits(fill(0, 300), fill(300, 1000));
  for (const [i, sum] of fill(0, 1000).sums.entries())
    expect(Math.abs(merged.sums[i] / (sum || 1) - (sum ? 1 : 0))).toBeLessThan(1e-12);
});

test("bins without enough rows borrow from their neighbors, and without any row change nothing", () => {
  expect(solveJetFit(createJetFit(bins))[0].parameters).toEqual([0, 1, 0, 0]);
  const fit = createJetFit(bins);
  const pt = Float64Array.from({ length: 300 }, (_, i) => 5 + i / 10);
  const same = (value: number) => new Float64Array(300).fill(value);
  fillJetFit(
    fit,
    { pt, eta: same(0.5), pileup: same(3) },
    pt.map((x) => 2 * x),
  );
  for (const row of solveJetFit(fit))
    expect(row.formula.evaluate(20, row.parameters)).toBeCloseTo(40, 6);
});

test("the baseline halves the error of simulated jets, with and without pile-up bins, and survives its text", () => {
  const train = simulateJetRows({ rows: 40_000, seed: "train" });
  const check = simulateJetRows({ rows: 20_000, seed: "check" });
  const jetsOf = (rows: typeof train) => ({
    pt: Float64Array.from(rows.hwPt, (hw) => hw / 2),
    eta: Float64Array.from(rows.hwEta, (hw) => hw * 0.0435),
    pileup: rows.nTowers,
  });
  const rms = (pt: ArrayLike<number>) =>
    Math.sqrt(
      check.sumPtReco.reduce((sum, t, i) => sum + (pt[i] / t - 1) ** 2, 0) / check.sumPtReco.length,
    );
  const errorWith = (pileupEdges: readonly number[]) => {
    const fit = createJetFit({ ...officialBins, pileupEdges });
    fillJetFit(fit, jetsOf(train), train.sumPtReco);
    const text = formatJetCorrections(solveJetFit(fit));
    return rms(correctJets(jetsOf(check), createJetCorrector(parseJetCorrections(text))));
  };
  const [before, without, withPileup] = [
    rms(jetsOf(check).pt),
    errorWith([0]),
    errorWith(officialBins.pileupEdges),
  ];
  expect(before).toBeGreaterThan(1);
  expect(without).toBeLessThan(0.55);
  expect(withPileup).toBeLessThan(0.55);
});

test("a linear system is solved, and a singular one recognized", () => {
  const a = Float64Array.of(4, 2, 1, 2, 5, 3, 1, 3, 6);
  const x = solvePositive(a, Float64Array.of(7, 10, 10));
  expect(Array.from(x ?? [], (v) => Math.round(v * 1e12) / 1e12)).toEqual([1, 1, 1]);
  expect(solvePositive(Float64Array.of(1, 1, 1, 1), Float64Array.of(1, 1))).toBeNull();
});

test("unusable bins and targets are refused", () => {
  expect(() => createJetFit({ ...bins, etaEdges: [1, 0] })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: createJetFit: eta edges must ascend, got 1, 0]`,
  );
  expect(() => createJetFit({ ...bins, ptMin: 0 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: createJetFit: expected 0 < ptMin < ptMax, got 0 and 100]`,
  );
  const jets = { pt: [5], eta: [0], pileup: [1] };
  expect(() => fillJetFit(createJetFit(bins), jets, [0])).toThrowErrorMatchingInlineSnapshot(
    `[DataError: fillJetFit: row 0 has target 0; keep matched jets only]`,
  );
  expect(() => mergeJetFits(createJetFit(bins), createJetFit())).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: mergeJetFits: the fits have different bins]`,
  );
});
