import { describe, expect, test } from "vitest";
import {
  column,
  columnType,
  concat,
  makeColumn,
  makeTable,
  numericColumn,
  rowsWhere,
  selectColumns,
  selectRows,
  withColumns,
} from "../../src/data/table.ts";

const muons = makeTable([
  makeColumn("pt", Float64Array.of(5, 3, 20), "GeV"),
  makeColumn("charge", Int32Array.of(1, -1, 1)),
  makeColumn("event", BigInt64Array.of(1n, 2n, 2n ** 60n)),
  makeColumn("part", ["train", "valid", "train"]),
]);

describe("table", () => {
  test("a missing column names what there is and the near miss", () => {
    expect(() => column(muons, "chrage")).toThrowErrorMatchingInlineSnapshot(
      `[DataError: column: no column "chrage"; there are pt, charge, event, part; did you mean "charge"?]`,
    );
  });

  test("text where numbers are expected names the type and the first bad row", () => {
    const table = makeTable([makeColumn("pt", ["1", "x7", ""])]);
    expect(() => numericColumn(table, "pt")).toThrowErrorMatchingInlineSnapshot(
      `[DataError: column "pt": expected numbers, got type string, row 2 is "x7"; correct the file or choose another column]`,
    );
  });

  test("numeric columns come as float64, shared where they are already", () => {
    expect(numericColumn(muons, "pt")).toBe(muons.columns[0].values);
    expect([...numericColumn(muons, "charge")]).toEqual([1, -1, 1]);
    expect([...numericColumn(muons, "event")]).toEqual([1, 2, 2 ** 60]);
  });

  test("columns of unequal length or equal name are refused", () => {
    const a = makeColumn("a", Float64Array.of(1));
    expect(() => makeTable([a, makeColumn("b", Float64Array.of(1, 2))])).toThrow('"b" has 2 rows');
    expect(() => makeTable([a, a])).toThrow('two columns are called "a"');
  });

  test("withColumns replaces in place and adds at the end", () => {
    const table = withColumns(muons, [
      makeColumn("new", Uint8Array.of(0, 1, 1)),
      makeColumn("pt", Float32Array.of(1, 2, 3)),
    ]);
    expect(table.columns.map((c) => c.name)).toEqual(["pt", "charge", "event", "part", "new"]);
    expect(table.columns.map(columnType)).toEqual(["float32", "int32", "int64", "string", "bool"]);
    expect(muons.columns[0].values).toBeInstanceOf(Float64Array);
  });

  test("rows are picked in the order asked for, with types, units and gaps kept", () => {
    const gaps = withColumns(muons, [
      { name: "part", unit: null, values: ["a", "", "c"], missing: Uint8Array.of(0, 1, 0) },
    ]);
    const picked = selectRows(gaps, [2, 1, 1]);
    expect(picked.rows).toBe(3);
    expect(picked.columns.map((c) => [...c.values])).toEqual([
      [20, 3, 3],
      [1, -1, -1],
      [2n ** 60n, 2n, 2n],
      ["c", "", ""],
    ]);
    expect(picked.columns[0].unit).toBe("GeV");
    expect(column(picked, "part").missing).toEqual(Uint8Array.of(0, 1, 1));
    expect(() => selectRows(muons, [3])).toThrow("no row 3 in a table of 3 rows");
    expect(() => selectRows(muons, [-1])).toThrow("no row -1");
  });

  test("rowsWhere and selectColumns choose", () => {
    expect([...rowsWhere(muons, (i) => numericColumn(muons, "pt")[i] > 4)]).toEqual([0, 2]);
    expect(selectColumns(muons, ["part", "pt"]).columns.map((c) => c.name)).toEqual(["part", "pt"]);
  });

  test("cutting a table in two and joining it again changes nothing", () => {
    const parts = [selectRows(muons, [0]), selectRows(muons, [1, 2])];
    expect(concat(parts)).toEqual(muons);
  });

  test("joining an integer column with and without gaps keeps its type", () => {
    const full = makeTable([{ ...makeColumn("q", Int32Array.of(1)), type: "int32" }]);
    const gaps = makeTable([{ ...makeColumn("q", Float64Array.of(Number.NaN)), type: "int32" }]);
    const joined = concat([full, gaps]);
    expect(joined.columns[0].values).toEqual(Float64Array.of(1, Number.NaN));
    expect(columnType(joined.columns[0])).toBe("int32");
    const wide = makeTable([{ ...makeColumn("q", BigInt64Array.of(7n)), type: "int64" }]);
    expect(concat([wide, gaps]).columns[0].values).toEqual(Float64Array.of(7, Number.NaN));
  });

  test("joining refuses other units, other columns and text with numbers", () => {
    const one = (c: ReturnType<typeof makeColumn>) => makeTable([c]);
    const pt = one(makeColumn("pt", Float64Array.of(1), "GeV"));
    expect(() => concat([pt, one(makeColumn("pt", Float64Array.of(1), "MeV"))])).toThrow(
      'column "pt" has units GeV and MeV',
    );
    expect(() => concat([pt, one(makeColumn("eta", Float64Array.of(1)))])).toThrow(
      'no column "pt"',
    );
    expect(() => concat([pt, one(makeColumn("pt", ["1"], "GeV"))])).toThrow("float64 and string");
    expect(() => concat([pt, muons])).toThrow("1 and 4 columns");
  });
});
