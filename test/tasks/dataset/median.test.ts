import { expect, test } from "vitest";
import { quantile } from "../../../src/stats/index.ts";
import { streamedMedian } from "../../../src/tasks/dataset/median.ts";

test.each([1, 2, 3, 100, 4321])(
  "the streamed median of %i numbers is that of sorting",
  async (n) => {
    const values = Float32Array.from({ length: n }, (_, i) => Math.exp(3 * Math.sin(i * i + n)));
    values[n >> 1] = Math.fround(1e-40); // subnormal
    const pieces = async function* () {
      for (let i = 0; i < n; i += 7) yield values.subarray(i, i + 7);
    };
    expect(await streamedMedian(pieces)).toBe(quantile(values, 0.5));
  },
);

test("of nothing it is NaN", async () => {
  expect(await streamedMedian(async function* () {})).toBeNaN();
});
