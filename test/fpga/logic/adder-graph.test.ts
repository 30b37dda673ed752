import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { type AdderGraph, adderGraph } from "../../../src/fpga/logic/adder-graph.ts";
import { signedDigits } from "../../../src/fpga/logic/signed-digits.ts";

/** W x by BigInt, term by term. */
const exact = (weights: Int32Array, rows: number, x: readonly number[]) =>
  Array.from({ length: rows }, (_, r) =>
    x.reduce((sum, value, c) => sum + BigInt(weights[r * x.length + c]) * BigInt(value), 0n),
  );

function evaluate({ adders, rows }: AdderGraph, x: readonly number[]): bigint[] {
  const terms = x.map(BigInt);
  for (const { a, b, shiftA, shiftB, isDifference, lo, hi } of adders) {
    const [left, right] = [terms[a] << BigInt(shiftA), terms[b] << BigInt(shiftB)];
    const value = isDifference ? left - right : left + right;
    expect(value >= lo && value <= hi).toBe(true);
    terms.push(value);
  }
  return rows.map((row) =>
    row.reduce(
      (sum, { term, shift, sign }) => sum + BigInt(sign) * (terms[term] << BigInt(shift)),
      0n,
    ),
  );
}

const addersIn = ({ adders, rows }: AdderGraph) =>
  adders.length + rows.reduce((sum, row) => sum + Math.max(0, row.length - 1), 0);

describe("signed digits", () => {
  it("sum up to the number, no two of them neighbors", () => {
    for (const n of [
      ...Array.from({ length: 400 }, (_, i) => i - 200),
      2 ** 40 - 1,
      -(2 ** 45) + 7,
    ]) {
      const digits = signedDigits(n);
      expect(digits.reduce((sum, { shift, sign }) => sum + sign * 2 ** shift, 0)).toBe(n);
      digits.forEach(({ shift }, i) => {
        if (i > 0) expect(shift - digits[i - 1].shift).toBeGreaterThan(1);
      });
    }
  });

  it("are a third of the bits on average", () => {
    const counts = Array.from({ length: 4096 }, (_, n) => signedDigits(n).length);
    // (3 n + 1) / 9 for n bits, to leading order
    expect(counts.reduce((a, b) => a + b) / 4096).toBeCloseTo(12 / 3 + 1 / 9 + 1 / 3, 1);
  });
});

describe("adder graph", () => {
  const rng = createRng("adder graph");
  const random = (rows: number, columns: number, bits: number) =>
    Int32Array.from({ length: rows * columns }, () =>
      rng.uniform() < 0.2 ? 0 : rng.integer(2 ** bits) - 2 ** (bits - 1),
    );

  it("is the product with the matrix, whatever its shape, with every adder in its interval", () => {
    for (const [rows, columns, bits] of [
      [1, 1, 8],
      [5, 3, 4],
      [16, 8, 6],
      [3, 20, 12],
      [2, 2, 30],
    ]) {
      const weights = random(rows, columns, bits);
      const inputs = Array.from({ length: columns }, (_, c) => ({ lo: -c, hi: 63 }));
      for (const extraDepth of [0, 3]) {
        const graph = adderGraph(weights, rows, inputs, { extraDepth });
        for (let i = 0; i < 10; i++) {
          const x = inputs.map(({ lo, hi }) => lo + rng.integer(hi - lo + 1));
          expect(evaluate(graph, x)).toEqual(exact(weights, rows, x));
        }
      }
    }
  });

  it("makes equal, negated and doubled rows from one sum", () => {
    const row = [3, -5, 7, 1];
    const weights = Int32Array.from([...row, ...row.map((w) => -w), ...row.map((w) => 2 * w)]);
    const graph = adderGraph(
      weights,
      3,
      row.map(() => ({ lo: 0, hi: 15 })),
      { extraDepth: 4 },
    );
    expect(graph.rows.map((left) => left.length)).toEqual([1, 1, 1]);
    expect(new Set(graph.rows.map(([{ term }]) => term)).size).toBe(1);
    expect(graph.rows.map(([{ shift, sign }]) => sign * 2 ** shift)).toEqual([1, -1, 2]);
  });

  it("takes wires only for zeros and powers of two", () => {
    const weights = Int32Array.from([0, 0, 8, 0, 0, -1]);
    const graph = adderGraph(weights, 3, [
      { lo: 0, hi: 3 },
      { lo: 0, hi: 3 },
    ]);
    expect(graph.adders).toEqual([]);
    expect(graph.rows).toEqual([
      [],
      [{ term: 0, shift: 3, sign: 1 }],
      [{ term: 1, shift: 0, sign: -1 }],
    ]);
  });

  it("needs half the adders of separate rows on a random layer", () => {
    const weights = random(64, 32, 6);
    const inputs = Array.from({ length: 32 }, () => ({ lo: 0, hi: 63 }));
    const shared = adderGraph(weights, 64, inputs);
    const separate = adderGraph(weights, 64, inputs, { share: false });
    expect(addersIn(shared) / addersIn(separate)).toBeLessThan(0.55);
  });

  it("keeps every row within its depth", () => {
    const weights = random(12, 10, 6);
    const inputs = Array.from({ length: 10 }, () => ({ lo: 0, hi: 63 }));
    const separate = adderGraph(weights, 12, inputs, { share: false });
    const shared = adderGraph(weights, 12, inputs, { extraDepth: 0 });
    shared.rows.forEach((row, r) => {
      const kraft = row.reduce((sum, { term }) => sum + 2 ** shared.depths[term], 0);
      const least = Math.ceil(Math.log2(separate.rows[r].length));
      expect(kraft).toBeLessThanOrEqual(2 ** least);
    });
  });

  it("names the weight that is too wide", () => {
    expect(() =>
      adderGraph(Int32Array.of(1, 2 ** 30), 1, [
        { lo: 0, hi: 1 },
        { lo: 0, hi: 1 },
      ]),
    ).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: adder graph: weight 1073741824 at [0, 1] has more than 30 bits; use fewer bits]`,
    );
  });
});
