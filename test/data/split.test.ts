import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitByColumn, splitByFractions } from "../../src/data/split.ts";
import { makeColumn, makeTable } from "../../src/data/table.ts";

describe("splits", () => {
  test("65/20/15 of 1000 rows are 650, 200 and 150", () => {
    const split = splitByFractions(1000, { train: 0.65, validation: 0.2, test: 0.15 }, 1);
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([
      650, 200, 150,
    ]);
    expect(splitByFractions(1000, { train: 65, validation: 20, test: 15 }, 1)).toEqual(split);
  });

  test("every row is in exactly one part, sizes within one row of the share", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 500 }),
        fc.integer({ min: 10, max: 80 }),
        fc.integer(),
        (rows, first, seed) => {
          const split = splitByFractions(rows, { a: first, b: 90 - first, c: 10 }, seed);
          const all = [...split.a, ...split.b, ...split.c].sort((x, y) => x - y);
          expect(all).toEqual(Array.from({ length: rows }, (_, i) => i));
          expect(Math.abs(split.a.length - (rows * first) / 100)).toBeLessThan(1);
          expect([...split.a]).toEqual([...split.a].sort((x, y) => x - y));
        },
      ),
      { seed: 40, numRuns: 60 },
    );
  });

  test("the same seed gives the same rows, another seed others", () => {
    const parts = { a: 0.5, b: 0.5 };
    expect(splitByFractions(100, parts, 7)).toEqual(splitByFractions(100, parts, 7));
    expect(splitByFractions(100, parts, 7)).not.toEqual(splitByFractions(100, parts, 8));
  });

  test("members are drawn evenly over the file", () => {
    // Mean row index of a random half of 10,000 rows: 5000 with standard deviation 29;
    // 5 of them is a false alarm of 6e-7.
    const { a } = splitByFractions(10_000, { a: 0.5, b: 0.5 }, 3);
    expect(Math.abs(a.reduce((x, y) => x + y, 0) / a.length - 5000)).toBeLessThan(145);
  });

  test("fractions that do not add up, and parts without rows, are refused", () => {
    expect(() => splitByFractions(10, { a: 0.6, b: 0.2 }, 1)).toThrow("got 0.6, 0.2");
    expect(() => splitByFractions(10, { a: 1.5, b: -0.5 }, 1)).toThrow("got 1.5, -0.5");
    expect(() => splitByFractions(2, { a: 0.8, b: 0.1, c: 0.1 }, 1)).toThrow(
      "would be empty (2 rows)",
    );
  });

  const table = makeTable([
    makeColumn("split", ["valid", "train", "train", "holdout"]),
    makeColumn("fold", BigInt64Array.of(0n, 1n, 2n, 0n)),
    makeColumn("good", Uint8Array.of(1, 0, 1, 1)),
  ]);

  test("a column's values name the parts; other rows are in none", () => {
    const split = splitByColumn(table, "split", { train: ["train"], test: ["valid"] });
    expect([[...split.train], [...split.test]]).toEqual([[1, 2], [0]]);
    expect([...splitByColumn(table, "fold", { a: ["0", "2"] }).a]).toEqual([0, 2, 3]);
    expect([...splitByColumn(table, "good", { a: ["true"] }).a]).toEqual([0, 2, 3]);
  });

  test("a value that does not occur, or is listed twice, is refused", () => {
    expect(() =>
      splitByColumn(table, "split", { a: ["vaild"] }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[DataError: splitByColumn: no "vaild" in column "split"; it holds holdout, train, valid; did you mean "valid"?]`,
    );
    expect(() => splitByColumn(table, "split", { a: ["train"], b: ["train"] })).toThrow(
      '"train" is listed for a and b',
    );
  });
});
