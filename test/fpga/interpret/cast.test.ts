import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import {
  type FixedFormat,
  fixed,
  fractionOf,
  type Overflow,
  overflows,
  parseFormat,
  type Rounding,
  roundings,
  ufixed,
} from "../../../src/fpga/format.ts";
import { castInteger, castReal, createCast } from "../../../src/fpga/interpret/cast.ts";

/** n / 2^shift as a rational of big integers, rounded by the words of the manual. */
function roundBig(n: bigint, shift: number, mode: Rounding): bigint {
  if (shift <= 0) return n << BigInt(-shift);
  const d = 1n << BigInt(shift);
  const rest = ((n % d) + d) % d;
  const down = (n - rest) / d;
  const towardZero = n >= 0n || rest === 0n ? down : down + 1n;
  if (mode === "TRN") return down;
  if (mode === "TRN_ZERO") return towardZero;
  if (2n * rest < d) return down;
  if (2n * rest > d) return down + 1n;
  const awayFromZero = n >= 0n ? down + 1n : down;
  switch (mode) {
    case "RND":
      return down + 1n;
    case "RND_MIN_INF":
      return down;
    case "RND_ZERO":
      return towardZero;
    case "RND_INF":
      return awayFromZero;
    default:
      return down % 2n === 0n ? down : down + 1n;
  }
}

function overflowBig(x: bigint, { signed, width, overflow }: FixedFormat): bigint {
  if (width === 0) return 0n;
  const bits = BigInt(width);
  const max = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  const min = signed ? -(1n << (bits - 1n)) : 0n;
  const isOut = x < min || x > max;
  switch (overflow) {
    case "WRAP":
      return signed ? BigInt.asIntN(width, x) : BigInt.asUintN(width, x);
    case "SAT":
      return x > max ? max : x < min ? min : x;
    case "SAT_ZERO":
      return isOut ? 0n : x;
    default: {
      const low = signed ? -max : 0n;
      return x > max ? max : x < low ? low : x;
    }
  }
}

const model = (n: bigint, shift: number, format: FixedFormat) =>
  overflowBig(roundBig(n, shift, format.rounding), format);

const make = (
  signed: boolean,
  width: number,
  integer: number,
  rounding: Rounding,
  overflow: Overflow,
) => (signed ? fixed : ufixed)(width, integer, rounding, overflow);

const modes = roundings.flatMap((rounding) =>
  overflows.map((overflow) => ({ rounding, overflow })),
);

describe("casts against rationals of big integers", () => {
  it.each(modes)("$rounding $overflow, 100,000 cases", ({ rounding, overflow }) => {
    const rng = createRng(`${rounding} ${overflow}`);
    for (let i = 0; i < 100; i++) {
      const width = rng.integer(49);
      const format = make(i % 2 === 0, width, rng.integer(61) - 12, rounding, overflow);
      // near the edges of the range as often as far from them
      const shift = rng.integer(10) === 0 ? rng.integer(400) - 200 : rng.integer(70) - 12;
      const cast = createCast(shift + fractionOf(format), format);
      for (let j = 0; j < 1000; j++) {
        const bits = Math.min(53, 1 + rng.integer(rng.integer(2) === 0 ? 53 : width + 4));
        let n = Math.floor(rng.uniform() * 2 ** bits);
        // ties and their neighbours would otherwise hardly come up
        if (shift > 0 && shift < 53 && rng.integer(2) === 0) {
          const step = 2 ** (shift - 1);
          n = Math.round(n / step) * step + rng.integer(3) - 1;
        }
        n = Math.min(n, 2 ** 53 - 1);
        if (rng.integer(2) === 0) n = -n;
        const want = Number(model(BigInt(n), shift, format));
        const got = cast(n);
        if (got !== want || Object.is(got, -0))
          expect.fail(`${JSON.stringify(format)} shift ${shift}: ${n} gave ${got}, not ${want}`);
        if (j % 10 === 0) checkDetails(n, shift, format, want);
      }
    }
  });

  function checkDetails(n: number, shift: number, format: FixedFormat, want: number) {
    const { integer, hasLostBits, overflow } = castInteger(n, shift, format);
    const rounded = roundBig(BigInt(n), shift, format.rounding);
    const isLossy =
      format.width === 0 ? n !== 0 : shift > 0 && BigInt(n) % (1n << BigInt(shift)) !== 0n;
    const isOut = format.width > 0 && overflowBig(rounded, format) !== rounded;
    const kind = isOut ? (format.overflow === "WRAP" ? "wrapped" : "saturated") : null;
    if (integer !== want || hasLostBits !== isLossy || overflow !== kind)
      expect.fail(
        `${JSON.stringify(format)} shift ${shift}: ${n} gave ${JSON.stringify({ integer, hasLostBits, overflow })}, not ${want} ${isLossy} ${kind}`,
      );
  }

  it("agrees everywhere for formats of 0 to 5 bits", () => {
    for (const { rounding, overflow } of modes)
      for (let width = 0; width <= 5; width++)
        for (let shift = -2; shift <= 4; shift++)
          for (const signed of [true, false]) {
            const format = make(signed, width, 3, rounding, overflow);
            const cast = createCast(shift + fractionOf(format), format);
            const most = 80 * 2 ** Math.max(0, shift - 1); // beyond the range on both sides
            for (let n = -most; n <= most; n++)
              if (cast(n) !== Number(model(BigInt(n), shift, format)))
                expect.fail(`${JSON.stringify(format)} shift ${shift}: ${n} gave ${cast(n)}`);
          }
  });

  it("rounds float64 numbers by their exact value", () => {
    const rng = createRng(3);
    for (const { rounding, overflow } of modes)
      for (let i = 0; i < 1000; i++) {
        const format = make(
          i % 2 === 0,
          1 + rng.integer(48),
          rng.integer(40) - 8,
          rounding,
          overflow,
        );
        const n = Math.floor((2 * rng.uniform() - 1) * 2 ** (1 + rng.integer(53)));
        const exponent = rng.integer(80) - 20; // value = n / 2^exponent
        const want = model(BigInt(n), exponent - fractionOf(format), format);
        const { integer } = castReal(n * 2 ** -exponent, format);
        if (integer !== Number(want))
          expect.fail(`${JSON.stringify(format)}: ${n} / 2^${exponent}`);
      }
  });
});

describe("published examples of UG1399", () => {
  it.each([
    ["fixed<3,2,RND,SAT>", 1.25, 1.5],
    ["fixed<3,2,RND,SAT>", -1.25, -1],
    ["fixed<3,2,RND_ZERO,SAT>", 1.25, 1],
    ["fixed<3,2,RND_ZERO,SAT>", -1.25, -1],
    ["fixed<3,2,RND_MIN_INF,SAT>", 1.25, 1],
    ["fixed<3,2,RND_MIN_INF,SAT>", -1.25, -1.5],
    ["fixed<3,2,RND_INF,SAT>", 1.25, 1.5],
    ["fixed<3,2,RND_INF,SAT>", -1.25, -1.5],
    ["fixed<3,2,RND_CONV,SAT>", 0.75, 1],
    ["fixed<3,2,RND_CONV,SAT>", -1.25, -1],
    ["fixed<3,2,TRN,SAT>", 1.25, 1],
    ["fixed<3,2,TRN,SAT>", -1.25, -1.5],
    ["fixed<3,2,TRN_ZERO,SAT>", -1.25, -1],
    ["fixed<4,4,RND,SAT>", 19, 7],
    ["fixed<4,4,RND,SAT>", -19, -8],
    ["ufixed<4,4,RND,SAT>", 19, 15],
    ["ufixed<4,4,RND,SAT>", -19, 0],
    ["fixed<4,4,RND,SAT_ZERO>", -19, 0],
    ["fixed<4,4,RND,SAT_SYM>", -19, -7],
    ["ufixed<4,4,RND,SAT_SYM>", 19, 15],
    ["fixed<4,4,RND,WRAP>", 31, -1],
    ["fixed<4,4,RND,WRAP>", -19, -3],
    ["ufixed<4,4,RND,WRAP>", 19, 3],
    ["ufixed<4,4,RND,WRAP>", -19, 13],
  ])("%s of %f is %f", (text, value, want) => {
    const format = parseFormat(text);
    expect(castReal(value, format).integer * 2 ** -fractionOf(format)).toBe(want);
  });

  it("refuses what is no number", () => {
    expect(() => castReal(Number.NaN, fixed(4, 4))).toThrow(
      "cast: NaN has no integer in fixed<4,4>",
    );
  });
});
