import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyScaler,
  type FeatureMatrix,
  featureMatrix,
  invertScaler,
  minMaxScaler,
  standardScaler,
} from "../../src/data/scale.ts";
import { makeColumn, makeTable } from "../../src/data/table.ts";

const names = ["pt", "eta"];
// rows (1, 10), (2, 20), (3, 60): means 2 and 30, population deviations sqrt(2/3), sqrt(1400/3)
const byRows: FeatureMatrix = {
  values: Float64Array.of(1, 10, 2, 20, 3, 60),
  names,
  major: "rows",
};
const byFeatures: FeatureMatrix = {
  values: Float64Array.of(1, 2, 3, 10, 20, 60),
  names,
  major: "features",
};

describe("scalers", () => {
  test.each([byRows, byFeatures])("standard scaling matches the closed form ($major)", (matrix) => {
    const scaler = standardScaler(matrix);
    expect(scaler.offset).toEqual([2, 30]);
    expect(scaler.scale[0]).toBeCloseTo(Math.sqrt(3 / 2), 14);
    expect(scaler.scale[1]).toBeCloseTo(Math.sqrt(3 / 1400), 14);
  });

  test.each([byRows, byFeatures])("min-max scaling reaches 0 and 1 ($major)", (matrix) => {
    const scaler = minMaxScaler(matrix);
    expect(scaler).toEqual({ kind: "minMax", names, offset: [1, 10], scale: [0.5, 0.02] });
    const { values } = applyScaler(scaler, matrix);
    const expected = matrix === byRows ? [0, 0, 0.5, 0.2, 1, 1] : [0, 0.5, 1, 0, 0.2, 1];
    for (const [i, x] of expected.entries()) expect(values[i]).toBeCloseTo(x, 14);
  });

  test("a scaler survives JSON, and inverting undoes applying", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 40 }),
        (xs) => {
          const values = Float64Array.from([...xs, 2e6]);
          const matrix: FeatureMatrix = { values, names: ["x"], major: "rows" };
          for (const fitScaler of [standardScaler, minMaxScaler]) {
            const scaler = JSON.parse(JSON.stringify(fitScaler(matrix)));
            const back = invertScaler(scaler, applyScaler(scaler, matrix)).values;
            for (let i = 0; i < values.length; i++)
              expect(Math.abs(back[i] - values[i])).toBeLessThan(1e-8);
          }
        },
      ),
      { seed: 41, numRuns: 50 },
    );
  });

  test("float32 data far from zero is accumulated in float64", () => {
    const n = 200_000;
    const values = Float32Array.from({ length: n }, (_, i) => 1e6 + (i % 2));
    const { offset, scale } = standardScaler({ values, names: ["x"], major: "rows" });
    expect(offset[0]).toBeCloseTo(1e6 + 0.5, 8);
    expect(scale[0]).toBeCloseTo(2, 8);
  });

  test("constant, empty and non-finite features are refused by name", () => {
    const one = (...xs: number[]): FeatureMatrix => ({
      values: Float64Array.from(xs),
      names: ["eta"],
      major: "rows",
    });
    expect(() => standardScaler(one(0.1, 0.1, 0.1))).toThrowErrorMatchingInlineSnapshot(
      `[DataError: standardScaler: feature "eta" is 0.1 in all 3 rows; leave it out]`,
    );
    expect(() => minMaxScaler(one())).toThrow('feature "eta" is empty');
    expect(() => minMaxScaler(one(1, Number.NaN))).toThrow('feature "eta" has NaN or infinite');
  });

  test("a scaler refuses features that it was not fitted on", () => {
    const other = { ...byRows, names: ["eta", "pt"] };
    expect(() => applyScaler(standardScaler(byRows), other)).toThrow("fitted on features pt, eta");
    expect(() => standardScaler({ ...byRows, names: ["a", "b", "c", "d"] })).toThrow("6 values");
  });

  test("a table becomes a matrix in either layout and precision", () => {
    const table = makeTable([
      makeColumn("pt", Int32Array.of(1, 2, 3)),
      makeColumn("eta", Float64Array.of(10, 20, 60)),
    ]);
    expect(featureMatrix(table, names)).toEqual(byRows);
    expect(featureMatrix(table, names, { major: "features" })).toEqual(byFeatures);
    expect(featureMatrix(table, ["eta"], { dtype: "float32" }).values).toEqual(
      Float32Array.of(10, 20, 60),
    );
  });
});
