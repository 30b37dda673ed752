import { describe, expect, test } from "vitest";
import { grad } from "../../../src/autodiff/index.ts";
import { float32 } from "../../../src/base/host-array.ts";
import {
  bitsOf,
  powerOfTwo,
  quantizedRelu,
  quantizeWeights,
} from "../../../src/fpga/training/learned-width.ts";
import { add, constant, input, mul, sum } from "../../../src/ops/index.ts";
import { evaluate } from "../../nn/support.ts";

test("powers of two are exact", async () => {
  const exponents = Array.from({ length: 61 }, (_, i) => i - 30);
  const { y } = await evaluate({ y: powerOfTwo(constant(float32(exponents))) });
  expect(Array.from(y)).toEqual(exponents.map((e) => 2 ** e));
});

test("bits of integers", async () => {
  const integers = [0, 1, -1, 2, 3, 4, -7, 8, 1023, 1024, -65535, 65536];
  const n = constant(float32(integers));
  const { bits } = await evaluate({ bits: bitsOf(n, n) });
  expect(Array.from(bits)).toEqual(
    integers.map((i) => (i === 0 ? 0 : Math.abs(i).toString(2).length)),
  );
});

describe("quantizeWeights", () => {
  const w = input("w", "float32", [4]);
  const f = input("f", "float32", [4]);
  const feeds = { w: float32([0.3, -0.8, 0.1, 2.6]), f: float32([2.2, 1.4, 1, -1.3]) };
  const slopes = constant(float32([1, 2, 3, 4]));

  test("rounds each weight to its own grid; too few bits prune it", async () => {
    const { values, integers } = quantizeWeights(w, f, null);
    const got = await evaluate({ values, integers }, feeds);
    expect(Array.from(got.values, (v) => v + 0)).toEqual([0.25, -1, 0, 2]);
    expect(Array.from(got.integers, (v) => v + 0)).toEqual([1, -2, 0, 1]);
  });

  test("passes gradients to weights, and ln2 (w - q) times them to widths", async () => {
    const { values } = quantizeWeights(w, f, null);
    const [byWeight, byWidth] = grad(sum(mul(values, slopes)), [w, f]);
    const got = await evaluate({ byWeight, byWidth }, feeds);
    expect(Array.from(got.byWeight)).toEqual([1, 2, 3, 4]);
    [0.05, 0.4, 0.3, 2.4].forEach((expected, i) => {
      expect(got.byWidth[i]).toBeCloseTo(Math.LN2 * expected, 6);
    });
  });

  test("saturates at a fixed width, without gradient beyond", async () => {
    const { values } = quantizeWeights(w, constant(float32([3, 3, 3, 3])), 3);
    const [g] = grad(sum(mul(values, slopes)), [w]);
    const got = await evaluate({ values, g }, feeds);
    expect(Array.from(got.values)).toEqual([0.25, -0.375, 0.125, 0.375]);
    expect(Array.from(got.g)).toEqual([1, 0, 3, 0]);
  });

  test("a bit more costs a bit operation per input bit, but not where all is pruned", async () => {
    const { integers } = quantizeWeights(w, f, null);
    const [g] = grad(sum(mul(bitsOf(integers, f), 5)), [f]);
    expect(Array.from((await evaluate({ g }, feeds)).g)).toEqual([5, 5, 0, 5]);
  });
});

describe("quantizedRelu", () => {
  const z = input("z", "float32", [3, 2]);
  const f = input("f", "float32", [2]);
  const feeds = { z: float32([2.2, -1, 3.9, 0.7, -0.5, 9], [3, 2]), f: float32([0, 0]) };
  // sums before the 1/2 that rounds to nearest
  const rounding = () => add(z, 0.5);

  test("is the rounded ReLU, held to a limit", async () => {
    const got = await evaluate(
      { free: quantizedRelu(rounding(), f, null), held: quantizedRelu(rounding(), f, 3) },
      feeds,
    );
    expect(Array.from(got.free)).toEqual([2, 0, 4, 1, 0, 9]);
    expect(Array.from(got.held)).toEqual([2, 0, 3, 1, 0, 3]);
  });

  test("gives ln2 times the sum of residuals times gradients to the width of its lane", async () => {
    const [byLane] = grad(sum(mul(quantizedRelu(rounding(), f, null), 3)), [f]);
    const { g } = await evaluate({ g: byLane }, feeds);
    expect(g[0]).toBeCloseTo(3 * Math.LN2 * (0.2 - 0.1), 5);
    expect(g[1]).toBeCloseTo(3 * Math.LN2 * (-0.3 + 0), 5);
  });

  test("has no gradient for what is cut off or saturates", async () => {
    const [g] = grad(sum(quantizedRelu(rounding(), f, 3)), [z]);
    expect(Array.from((await evaluate({ g }, feeds)).g)).toEqual([1, 0, 0, 1, 0, 0]);
  });
});
