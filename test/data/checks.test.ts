import { describe, expect, test } from "vitest";
import { requireFinite, requireRange, requireVaries } from "../../src/data/checks.ts";
import { makeColumn, makeTable } from "../../src/data/table.ts";

const table = makeTable([
  makeColumn("pt", Float64Array.of(5, Number.NaN, Infinity, Number.NaN)),
  makeColumn("eta", Float32Array.of(1, 2, 3, -Infinity)),
  makeColumn("charge", Int32Array.of(1, 1, 1, 1)),
  makeColumn("layer", Int32Array.of(0, 1, 2, 17)),
]);

describe("checks", () => {
  test("non-finite entries are counted per column with their first row", () => {
    expect(() => requireFinite(table, ["pt", "eta", "charge"])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: requireFinite: of 4 rows, "pt" has 2 NaN or missing, first in row 2, and 1 infinite, first in row 3; "eta" has 1 infinite, first in row 4; leave such rows out with a selection]`,
    );
    expect(() => requireFinite(table, ["charge", "layer"])).not.toThrow();
  });

  test("a constant column is refused by name", () => {
    expect(() => requireVaries(table, ["layer", "charge"])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: requireVaries: the same value in all 4 rows: "charge" is 1; leave it out]`,
    );
    const gaps = makeTable([makeColumn("x", new Float64Array(3).fill(Number.NaN))]);
    expect(() => requireVaries(gaps, ["x"])).toThrow('"x" is NaN');
    expect(() => requireVaries(table, ["layer", "eta"])).not.toThrow();
  });

  test("values out of range are counted with the first row and value, NaN among them", () => {
    expect(() => requireRange(table, "layer", 0, 16)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: requireRange: column "layer": 1 of 4 rows outside [0, 16], first in row 4: 17]`,
    );
    expect(() => requireRange(table, "pt", 0, 10)).toThrow(
      "3 of 4 rows outside [0, 10], first in row 2",
    );
    expect(() => requireRange(table, "layer", 0, 17)).not.toThrow();
  });
});
