import { describe, expect, test } from "vitest";
import { grad } from "../../../src/autodiff/index.ts";
import { float32 } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { type FixedFormat, fractionOf, overflows, roundings } from "../../../src/fpga/format.ts";
import { castReal } from "../../../src/fpga/interpret/cast.ts";
import { fakeQuantize } from "../../../src/fpga/training/index.ts";
import { constant, input, mul, sum } from "../../../src/ops/index.ts";
import { evaluate } from "../../nn/support.ts";

/** Multiples of an eighth of a step from far below to far above the range: all ties are there. */
function samples(format: FixedFormat): Float32Array {
  const rng = createRng(format.rounding + format.overflow);
  const step = 2 ** -fractionOf(format);
  const span = 2 ** (format.width + 4);
  return Float32Array.from({ length: 600 }, (_, i) => {
    const eighths = i < 300 ? i - 150 : Math.round((rng.uniform() - 0.5) * span);
    return (eighths / 8) * step;
  });
}

const formats = roundings.flatMap((rounding) =>
  overflows.flatMap((overflow): FixedFormat[] => [
    { signed: true, width: 6, integer: 3, rounding, overflow },
    { signed: false, width: 5, integer: -1, rounding, overflow },
    { signed: true, width: 4, integer: 9, rounding, overflow },
  ]),
);

describe("fakeQuantize", () => {
  test("gives the numbers of the integer core in every mode", async () => {
    for (const format of formats) {
      const x = samples(format);
      const { y } = await evaluate({ y: fakeQuantize(constant(float32(x)), format) });
      const step = 2 ** -fractionOf(format);
      const expected = Array.from(x, (value) => castReal(value, format).integer * step);
      expect(
        Array.from(y, (v) => v + 0),
        JSON.stringify(format),
      ).toEqual(expected);
    }
  });

  test("gives 0 for a format without bits", async () => {
    const format: FixedFormat = { ...formats[0], width: 0 };
    const { y } = await evaluate({ y: fakeQuantize(constant(float32([-3, 0.2, 9])), format) });
    expect(Array.from(y, Math.abs)).toEqual([0, 0, 0]);
  });

  test("passes gradients straight through, and none where it saturates", async () => {
    const x = input("x", "float32", [5]);
    const slopes = constant(float32([2, 3, 5, 7, 11]));
    const feeds = { x: float32([-9, -4.1, 0.3, 3.4, 9]) };
    const gradient = (overflow: FixedFormat["overflow"]) => {
      const y = fakeQuantize(x, { ...formats[0], width: 3, integer: 3, rounding: "RND", overflow });
      return evaluate({ g: grad(sum(mul(y, slopes)), [x])[0] }, feeds);
    };
    expect(Array.from((await gradient("SAT")).g)).toEqual([0, 3, 5, 7, 0]);
    expect(Array.from((await gradient("SAT_SYM")).g)).toEqual([0, 0, 5, 7, 0]);
    expect(Array.from((await gradient("WRAP")).g)).toEqual([2, 3, 5, 7, 11]);
  });
});
