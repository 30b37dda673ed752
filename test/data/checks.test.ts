import { describe, expect, test } from "vitest";
import { requireFinite, requireIntegers, requireVaries } from "../../src/data/checks.ts";
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
      `[DataError: requireVaries: the same value in all 4 rows: "charge" is 1; use rows in which it varies, or leave it out]`,
    );
    const gaps = makeTable([makeColumn("x", new Float64Array(3).fill(Number.NaN))]);
    expect(() => requireVaries(gaps, ["x"])).toThrow('"x" is NaN');
    expect(() => requireVaries(table, ["layer", "eta"])).not.toThrow();
  });

  test("what is no hardware integer is counted with the first row and value, NaN among them", () => {
    const check = (name: string, max: number) => () =>
      requireIntegers(table, { name, range: [0, max] });
    expect(check("layer", 16)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: requireIntegers: column "layer": 1 of 4 rows are not whole numbers in [0, 16], first 17 in row 4]`,
    );
    expect(check("pt", 10)).toThrow(
      "3 of 4 rows are not whole numbers in [0, 10], first NaN in row 2",
    );
    expect(check("layer", 17)).not.toThrow();
    const halves = makeTable([makeColumn("hw", Float64Array.of(1, 2.5))]);
    expect(() => requireIntegers(halves, { name: "hw", range: [0, 10] })).toThrow("first 2.5");
  });

  test("a file's name and the rows before the table are told", () => {
    const options = { name: "muons.csv", rowsBefore: 100 };
    expect(() => requireFinite(table, ["eta"], options)).toThrow(
      'muons.csv: of 4 rows, "eta" has 1 infinite, first in row 104',
    );
    expect(() => requireIntegers(table, { name: "layer", range: [0, 1] }, options)).toThrow(
      'muons.csv: column "layer": 2 of 4 rows are not whole numbers in [0, 1], first 2 in row 103',
    );
    const text = makeTable([makeColumn("pt", ["1", "high"])]);
    expect(() => requireVaries(text, ["pt"], options)).toThrow(
      'muons.csv: column "pt": expected numbers, got type string, row 2 is "high"',
    );
  });
});
