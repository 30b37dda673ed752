import { createRng, type Rng } from "../../../src/base/rng.ts";
import { type FixedFormat, fixed, overflows, roundings, ufixed } from "../../../src/fpga/format.ts";
import { inferLanes } from "../../../src/fpga/interpret/lanes.ts";
import type { FixedOp, FixedProgram, Lane, ProgramInput } from "../../../src/fpga/program.ts";

/** Every kind of operation; the record makes the compiler ask for new ones. */
const kinds: Record<FixedOp["op"], true> = {
  affine: true,
  quantize: true,
  add: true,
  sub: true,
  multiply: true,
  maximum: true,
  less: true,
  select: true,
  relu: true,
  clamp: true,
  rescale: true,
  modulo: true,
  table: true,
  pick: true,
  constant: true,
  max: true,
  argmax: true,
};
export const opKinds = Object.keys(kinds) as FixedOp["op"][];

const between = (rng: Rng, lo: number, hi: number) => lo + rng.integer(hi - lo + 1);
const oneOf = <T>(rng: Rng, values: readonly T[]) => values[rng.integer(values.length)];
const list = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i));

export function randomFormat(rng: Rng, most = 14): FixedFormat {
  const make = rng.integer(2) === 0 ? fixed : ufixed;
  const width = rng.integer(12) === 0 ? 0 : between(rng, 1, most);
  return make(width, between(rng, -3, most), oneOf(rng, roundings), oneOf(rng, overflows));
}

function randomLane(rng: Rng): Lane {
  const bits = oneOf(rng, [1, 4, 8, 12, 16, 18]);
  const lo = rng.integer(3) === 0 ? between(rng, 0, 3) : -rng.integer(2 ** bits);
  return { fraction: between(rng, -2, 8), lo, hi: Math.max(lo, 0) + rng.integer(2 ** bits) };
}

/** A program of about `steps` operations over wires of a few lanes; all wires come out. */
export function randomProgram(seed: number | string, steps: number): FixedProgram {
  const rng = createRng(seed);
  const inputs: ProgramInput[] = list(between(rng, 1, 2), (i) => {
    const lanes = list(between(rng, 1, 9), () => randomLane(rng));
    return { name: `in${i}`, labels: lanes.map((_, k) => `in${i}_${k}`), lanes };
  });
  let program: FixedProgram = {
    name: `random ${seed}`,
    inputs,
    ops: [],
    outputs: inputs.map(({ name }) => ({ name, from: name, unit: 1, physical: null })),
    strategies: {},
  };
  for (let step = 0; program.ops.length < steps && step < 10 * steps; step++) {
    const op = randomOp(rng, program, `w${step}`);
    const { ops } = program;
    const isLast = program.ops.length + 1 === steps;
    // some wires stay inside, so that operations are joined
    const outputs =
      isLast || rng.integer(3) === 0
        ? [...program.outputs, { name: op.output, from: op.output, unit: 1, physical: null }]
        : program.outputs;
    const next = { ...program, ops: [...ops, op], outputs };
    try {
      inferLanes(next);
      program = next;
    } catch {
      // vectors that do not go together, or too many bits: draw again
    }
  }
  return program;
}

function randomOp(rng: Rng, program: FixedProgram, output: string): FixedOp {
  const lanes = inferLanes(program);
  const names = [...lanes.keys()];
  // the newest wire most of the time, so that chains get long
  const wire = () => (rng.integer(2) === 0 ? names[names.length - 1] : oneOf(rng, names));
  const input = wire();
  const x = lanes.get(input) ?? [];
  const base = { output, layer: `layer ${output}` };
  const kind = oneOf(rng, opKinds);
  switch (kind) {
    case "affine": {
      const isGathered = rng.integer(3) === 0;
      const columns = isGathered ? between(rng, 1, 5) : x.length;
      const rows = between(rng, 1, 6);
      const most = oneOf(rng, [1, 31, 127, 5000, 70000]);
      return {
        ...base,
        op: kind,
        input,
        rows,
        columns,
        weights: Int32Array.from({ length: rows * columns }, () =>
          rng.integer(3) === 0 ? 0 : between(rng, -most, most),
        ),
        weightFraction: list(rows, () => between(rng, -1, 6)),
        bias: list(rows, () => between(rng, -500, 500)),
        gather: isGathered
          ? Int32Array.from(
              { length: columns * between(rng, 1, 3) },
              () => rng.integer(x.length + 1) - 1,
            )
          : null,
        accumulator: rng.integer(2) === 0 ? randomFormat(rng, 24) : null,
      };
    }
    case "quantize":
      return {
        ...base,
        op: kind,
        input,
        formats: list(rng.integer(2) === 0 ? 1 : x.length, () => randomFormat(rng)),
      };
    case "add":
    case "sub":
    case "multiply":
    case "maximum":
    case "less":
      return { ...base, op: kind, a: input, b: rng.integer(4) === 0 ? input : wire() };
    case "select":
      return { ...base, op: kind, condition: wire(), a: input, b: wire() };
    case "relu":
    case "max":
    case "argmax":
      return { ...base, op: kind, input };
    case "clamp": {
      const [s, t] = [between(rng, -300, 300), between(rng, -300, 300)];
      return { ...base, op: kind, input, lo: Math.min(s, t), hi: Math.max(s, t) };
    }
    case "rescale":
      return { ...base, op: kind, input, by: x.map(() => between(rng, -3, 3)) };
    case "modulo": {
      const most = Math.max(...x.map(({ lo, hi }) => Math.max(-lo, Math.ceil((hi + 1) / 2))), 1);
      return { ...base, op: kind, input, period: most + rng.integer(3) };
    }
    case "table": {
      const [lo, hi] = [Math.min(...x.map((l) => l.lo)), Math.max(...x.map((l) => l.hi))];
      if (hi - lo > 5000) return { ...base, op: "clamp", input, lo: -100, hi: 100 };
      const first = lo - rng.integer(3);
      const values = Int32Array.from({ length: hi - first + 1 + rng.integer(3) }, () =>
        between(rng, -900, 900),
      );
      return { ...base, op: kind, input, first, values, fraction: between(rng, 0, 6), label: "t" };
    }
    case "pick": {
      const other = wire();
      const sizes = [x.length, (lanes.get(other) ?? []).length];
      const from = () => rng.integer(2);
      return {
        ...base,
        op: kind,
        inputs: [input, other],
        lanes: list(between(rng, 1, 9), from).map((k) => [k, rng.integer(sizes[k])] as const),
      };
    }
    case "constant": {
      const values = list(between(rng, 1, 9), () => between(rng, -99, 99));
      return { ...base, op: kind, values, fraction: between(rng, -2, 6) };
    }
  }
}

/** n rows within the lanes, their ends often among them. */
export function randomInputs(
  { inputs }: FixedProgram,
  n: number,
  seed: number | string,
): Record<string, Float64Array> {
  const rng = createRng(seed);
  const draw = ({ lo, hi }: Lane) =>
    rng.integer(6) === 0 ? (rng.integer(2) === 0 ? lo : hi) : between(rng, lo, hi);
  return Object.fromEntries(
    inputs.map(({ name, lanes }) => [
      name,
      Float64Array.from({ length: n * lanes.length }, (_, i) => draw(lanes[i % lanes.length])),
    ]),
  );
}
