import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { type FixedFormat, fixed, ufixed } from "../../../src/fpga/format.ts";
import { fixedNetwork } from "../../../src/fpga/interpret/fixed-network.ts";
import { inferLanes } from "../../../src/fpga/interpret/lanes.ts";
import { interpret } from "../../../src/fpga/interpret/run.ts";
import { createEvaluator } from "../../../src/fpga/interpret/wasm.ts";

/** A number as n / 2^f with n a big integer; the whole twin knows no floats. */
interface Big {
  readonly n: bigint;
  readonly f: number;
}
const at = ({ n, f }: Big, fraction: number) => n << BigInt(fraction - f);
const times = (a: Big, b: Big): Big => ({ n: a.n * b.n, f: a.f + b.f });
function plus(a: Big, b: Big): Big {
  const f = Math.max(a.f, b.f);
  return { n: at(a, f) + at(b, f), f };
}

/** TRN or RND_CONV, WRAP or SAT: the modes of AXOL1TL. */
function castBig({ n, f }: Big, { signed, width, integer, rounding, overflow }: FixedFormat): Big {
  const fraction = width - integer;
  let whole: bigint;
  if (f <= fraction) whole = n << BigInt(fraction - f);
  else {
    const drop = BigInt(f - fraction);
    whole = n >> drop;
    const rest = n - (whole << drop);
    const half = 1n << (drop - 1n);
    if (rounding === "RND_CONV" && (rest > half || (rest === half && (whole & 1n) === 1n))) whole++;
  }
  if (overflow === "WRAP")
    whole = signed ? BigInt.asIntN(width, whole) : BigInt.asUintN(width, whole);
  const max = (1n << BigInt(signed ? width - 1 : width)) - 1n;
  const min = signed ? -max - 1n : 0n;
  return { n: whole > max ? max : whole < min ? min : whole, f: fraction };
}

const scaling = fixed(18, 13);
const input = fixed(8, 6, "RND_CONV", "SAT");
const weight = fixed(6, 3);
const bias = fixed(10, 7);
const relu = ufixed(10, 6, "RND_CONV", "SAT");
const mean = fixed(10, 7, "RND_CONV", "SAT");
const scoreFormat = ufixed(18, 14);
const sizes = [57, 32, 16, 8];

/** Random tables; offsets and shifts as large as those in use. */
function tables(seed: number) {
  const rng = createRng(seed);
  const word = (width: number) => rng.integer(2 ** width) - 2 ** (width - 1);
  return {
    offsets: Array.from({ length: 57 }, () => rng.integer(300)),
    shifts: Array.from({ length: 57 }, () => rng.integer(10) - 1),
    layers: sizes.slice(1).map((outputs, k) => ({
      weights: Array.from({ length: outputs }, () =>
        Array.from({ length: sizes[k] }, () => (rng.integer(4) === 0 ? 0 : word(6))),
      ),
      bias: Array.from({ length: outputs }, () => word(10)),
    })),
  };
}

/** The text of the trigger, step by step, for one event of hardware integers. */
function twin(
  { offsets, shifts, layers }: ReturnType<typeof tables>,
  event: readonly number[],
  accumulator: FixedFormat | null,
) {
  let values = event.map((x, i): Big => {
    const typed = castBig({ n: BigInt(x), f: 0 }, scaling);
    const { n } = castBig(plus(typed, { n: BigInt(-offsets[i]), f: 0 }), scaling);
    // the shift happens in the type: bits below the fifth are gone
    const shifted = shifts[i] >= 0 ? n >> BigInt(shifts[i]) : n << BigInt(-shifts[i]);
    return castBig(castBig({ n: shifted, f: 5 }, scaling), input);
  });
  const toSum = (x: Big) => (accumulator === null ? x : castBig(x, accumulator));
  for (const [k, layer] of layers.entries())
    values = layer.weights.map((row, j) => {
      let sum = toSum({ n: BigInt(layer.bias[j]), f: 3 });
      for (const [i, w] of row.entries())
        sum = toSum(plus(sum, toSum(times(values[i], { n: BigInt(w), f: 3 }))));
      if (k === layers.length - 1) return castBig(sum, mean);
      return castBig(sum.n < 0n ? { n: 0n, f: 0 } : sum, relu);
    });
  const squares = values.map((mu) => times(mu, mu)).reduce(plus);
  return { y: values.map(({ n }) => Number(n)), score: Number(castBig(squares, scoreFormat).n) };
}

function axol1tl(t: ReturnType<typeof tables>, accumulator: FixedFormat | null) {
  return fixedNetwork({
    name: "axol1tl v3",
    inputs: Array.from({ length: 57 }, (_, i) => ({ label: `x${i}`, format: fixed(13, 13) })),
    scaling: { offsets: t.offsets, shifts: t.shifts, format: scaling },
    inputFormat: input,
    layers: t.layers.map((layer, k) => ({
      ...layer,
      weightFormat: weight,
      biasFormat: bias,
      ...(accumulator === null ? {} : { accumulator }),
      ...(k < 2
        ? { activation: "relu" as const, activationFormat: relu }
        : { activation: "none" as const, resultFormat: mean }),
    })),
    score: { kind: "sumOfSquares", format: scoreFormat },
  });
}

describe("57-32-16-8 with a sum of squares, against big integers", () => {
  it.each([
    ["exact sums", null],
    ["an accumulator that wraps", fixed(12, 8)],
    ["an accumulator that loses bits and saturates", fixed(11, 8, "RND_CONV", "SAT")],
  ])("%s", (_, accumulator) => {
    let [fired, largest] = [0, 0];
    for (let seed = 0; seed < 3; seed++) {
      const t = tables(seed);
      const program = axol1tl(t, accumulator);
      const rng = createRng(`events ${seed}`);
      const events = Array.from({ length: 40 }, () =>
        Array.from({ length: 57 }, () =>
          rng.integer(3) === 0 ? rng.integer(8192) - 4096 : rng.integer(600) - 100,
        ),
      );
      const want = events.map((event) => twin(t, event, accumulator));
      const x = Float64Array.from(events.flat());
      const evaluator = createEvaluator(program);
      expect([evaluator.kind, evaluator.reason]).toEqual(["wasm", null]);
      for (const { y, score } of [interpret(program, { x }).outputs, evaluator.run({ x })]) {
        expect([...y]).toEqual(want.flatMap((one) => one.y));
        expect([...score]).toEqual(want.map((one) => one.score));
      }
      fired += want.filter(({ score }) => score >= 16 * 2000).length; // an integer threshold
      largest = Math.max(largest, ...want.map(({ score }) => score));
    }
    if (accumulator === null) expect([fired > 0, largest > 30000]).toEqual([true, true]);
  });

  it("counts a fraction of 4 bits in the score", () => {
    const program = axol1tl(tables(1), null);
    expect(inferLanes(program).get("score")?.[0].fraction).toBe(4);
  });
});

describe("tables of a network", () => {
  const layer = {
    weights: [[1, -2]],
    weightFormat: fixed(3, 3),
    bias: [0],
    biasFormat: fixed(6, 2),
    activation: "none" as const,
  };
  const inputs = [
    { label: "a", format: fixed(4, 4) },
    { label: "b", lane: { fraction: 0, lo: 0, hi: 3 } },
  ];

  it("keep a bias that is finer than the products", () => {
    const program = fixedNetwork({ name: "n", inputs, layers: [{ ...layer, bias: [5] }] });
    const { y } = interpret(program, { x: Float64Array.of(3, 2) }).outputs;
    expect([...y]).toEqual([-1 * 16 + 5]);
    expect(inferLanes(program).get("layer1.sum")?.[0].fraction).toBe(4);
  });

  it("look up a sigmoid", () => {
    const formats = {
      activation: "sigmoid" as const,
      resultFormat: fixed(6, 4, "RND", "SAT"),
      activationFormat: ufixed(8, 0, "RND", "SAT"),
    };
    const program = fixedNetwork({ name: "n", inputs, layers: [{ ...layer, ...formats }] });
    const { y } = interpret(program, { x: Float64Array.of(0, 0, 3, 2, 7, 0) }).outputs;
    const want = [0, -1, 7].map((t) => Math.min(255, Math.round(256 / (1 + Math.exp(-t)))));
    expect([...y]).toEqual(want);
  });

  it("are refused where an integer is outside of its format", () => {
    const wrong = { name: "n", inputs, layers: [{ ...layer, weights: [[1, 4]] }] };
    expect(() => fixedNetwork(wrong)).toThrow(
      "network n, layer1, weights: expected an integer in [-4, 3] for fixed<3,3>, got 4",
    );
  });

  it("are refused where sizes differ", () => {
    const wrong = { name: "n", inputs, layers: [{ ...layer, weights: [[1]] }] };
    expect(() => fixedNetwork(wrong)).toThrow("network n, layer1: a row of 1 weights for 2 inputs");
    const bare = { name: "n", inputs, layers: [{ ...layer, activation: "tanh" as const }] };
    expect(() => fixedNetwork(bare)).toThrow("tanh needs resultFormat and activationFormat");
  });
});
