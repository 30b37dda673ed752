import type { Rng } from "../../../src/base/rng.ts";
import { type FixedFormat, overflows, roundings } from "../../../src/fpga/format.ts";
import { inferLanes } from "../../../src/fpga/interpret/lanes.ts";
import type { FixedOp, FixedProgram, Lane, ProgramInput } from "../../../src/fpga/program.ts";

type Maker = (rng: Rng, pick: () => { name: string; lanes: readonly Lane[] }) => FixedOp | null;
type Draft<T extends FixedOp["op"]> = Maker & { readonly kind?: T };

const between = (rng: Rng, lo: number, hi: number) => lo + rng.integer(hi - lo + 1);
const oneOf = <T>(rng: Rng, items: readonly T[]): T => items[rng.integer(items.length)];
const bitsIn = (lanes: readonly Lane[]) =>
  Math.log2(Math.max(1, ...lanes.flatMap(({ lo, hi }) => [-lo, hi])));

export function randomFormat(rng: Rng): FixedFormat {
  return {
    signed: rng.uniform() < 0.6,
    width: rng.uniform() < 0.05 ? 0 : between(rng, 1, 9),
    integer: between(rng, -1, 7),
    rounding: oneOf(rng, roundings),
    overflow: oneOf(rng, overflows),
  };
}

const at = { output: "", layer: "" };

/** Two vectors of one length, the second may be a single lane. */
function twins(pick: () => { name: string; lanes: readonly Lane[] }) {
  const a = pick();
  for (let attempt = 0; attempt < 20; attempt++) {
    const b = pick();
    if (b.lanes.length === a.lanes.length || b.lanes.length === 1) return { a, b };
  }
  return { a, b: a };
}

/** One random operation of each kind; null where what was picked does not fit. */
const makers: { readonly [K in FixedOp["op"]]: Draft<K> } = {
  affine: (rng, pick) => {
    const { name, lanes } = pick();
    if (bitsIn(lanes) > 14) return null;
    const isGathered = rng.uniform() < 0.3;
    const columns = isGathered ? between(rng, 1, 4) : lanes.length;
    const rows = between(rng, 1, 4);
    return {
      op: "affine",
      input: name,
      rows,
      columns,
      weights: Int32Array.from({ length: rows * columns }, () =>
        rng.uniform() < 0.3 ? 0 : between(rng, -31, 31),
      ),
      weightFraction: Array.from({ length: rows }, () => between(rng, 0, 4)),
      bias: Array.from({ length: rows }, () => between(rng, -90, 90)),
      gather: isGathered
        ? Int32Array.from({ length: columns * between(rng, 1, 3) }, () =>
            between(rng, -1, lanes.length - 1),
          )
        : null,
      accumulator:
        rng.uniform() < 0.4 ? { ...randomFormat(rng), width: between(rng, 4, 14) } : null,
      ...at,
    };
  },
  quantize: (rng, pick) => {
    const { name, lanes } = pick();
    const count = rng.uniform() < 0.5 ? 1 : lanes.length;
    const formats = Array.from({ length: count }, () => randomFormat(rng));
    return { op: "quantize", input: name, formats, ...at };
  },
  add: (_, pick) => {
    const { a, b } = twins(pick);
    return { op: "add", a: a.name, b: b.name, ...at };
  },
  sub: (_, pick) => {
    const { a, b } = twins(pick);
    return { op: "sub", a: b.name, b: a.name, ...at };
  },
  multiply: (rng, pick) => {
    const { a, b } = twins(pick);
    if (bitsIn(a.lanes) + bitsIn(b.lanes) > 22) return null;
    return { op: "multiply", a: a.name, b: rng.uniform() < 0.4 ? a.name : b.name, ...at };
  },
  maximum: (_, pick) => {
    const { a, b } = twins(pick);
    return { op: "maximum", a: a.name, b: b.name, ...at };
  },
  less: (_, pick) => {
    const { a, b } = twins(pick);
    return { op: "less", a: a.name, b: b.name, ...at };
  },
  select: (_, pick) => {
    const { a, b } = twins(pick);
    return { op: "select", condition: b.name, a: a.name, b: b.name, ...at };
  },
  relu: (_, pick) => ({ op: "relu", input: pick().name, ...at }),
  clamp: (rng, pick) => {
    const lo = between(rng, -40, 20);
    return { op: "clamp", input: pick().name, lo, hi: lo + rng.integer(50), ...at };
  },
  rescale: (rng, pick) => {
    const { name, lanes } = pick();
    return { op: "rescale", input: name, by: lanes.map(() => between(rng, -2, 2)), ...at };
  },
  modulo: (rng, pick) => {
    const { name, lanes } = pick();
    const least = Math.max(...lanes.flatMap(({ lo, hi }) => [-lo, Math.ceil((hi + 1) / 2), 1]));
    return { op: "modulo", input: name, period: least + rng.integer(5), ...at };
  },
  table: (rng, pick) => {
    const { name, lanes } = pick();
    const first = Math.min(...lanes.map(({ lo }) => lo));
    const last = Math.max(...lanes.map(({ hi }) => hi));
    if (last - first > 300) return null;
    const values = Int32Array.from({ length: last - first + 1 }, () => between(rng, -50, 50));
    return { op: "table", input: name, first, values, fraction: 3, label: "any", ...at };
  },
  pick: (rng, pick) => {
    const vectors = [pick(), pick()];
    const lanes = Array.from({ length: between(rng, 1, 4) }, () => {
      const from = rng.integer(2);
      return [from, rng.integer(vectors[from].lanes.length)] as const;
    });
    return { op: "pick", inputs: vectors.map(({ name }) => name), lanes, ...at };
  },
  constant: (rng) => ({
    op: "constant",
    values: Array.from({ length: between(rng, 1, 3) }, () => between(rng, -9, 9)),
    fraction: between(rng, 0, 3),
    ...at,
  }),
  max: (_, pick) => ({ op: "max", input: pick().name, ...at }),
  argmax: (_, pick) => ({ op: "argmax", input: pick().name, ...at }),
};

/** A program of `size` random operations over all kinds; some vectors are outputs. */
export function randomProgram(rng: Rng, size: number): FixedProgram {
  const input: ProgramInput = {
    name: "x",
    labels: ["a", "b", "c"],
    lanes: Array.from({ length: 3 }, () => {
      const lo = between(rng, -20, 5);
      return { fraction: between(rng, 0, 2), lo, hi: lo + between(rng, 0, 30) };
    }),
  };
  const ops: FixedOp[] = [];
  const shown: string[] = [];
  const program = () => ({
    name: "random",
    inputs: [input],
    ops,
    outputs: ["x", ...shown].map((from) => ({
      name: `out_${from}`,
      from,
      unit: 1,
      physical: null,
    })),
    strategies: {},
  });
  const kinds = Object.keys(makers) as FixedOp["op"][];
  while (ops.length < size) {
    const wires = [...inferLanes(program())].filter(([, lanes]) => bitsIn(lanes) < 24);
    const pick = () => {
      // recent vectors first, so that operations form chains
      const [name, lanes] = wires[Math.max(0, wires.length - 1 - rng.integer(4))];
      return { name, lanes };
    };
    const draft = makers[oneOf(rng, kinds)](rng, pick);
    if (draft === null) continue;
    const op = { ...draft, output: `v${ops.length}`, layer: `layer${ops.length % 3}` };
    ops.push(op);
    if ([...inferLanes(program()).get(op.output)!].some(({ hi, lo }) => hi - lo > 2 ** 30))
      ops.pop();
    else if (rng.uniform() < 0.3 || ops.length === size) shown.push(op.output);
  }
  return program();
}

/** Rows of random inputs within the lanes of a program, row-major per input. */
export function randomInputs(rng: Rng, program: FixedProgram, rows: number) {
  return Object.fromEntries(
    program.inputs.map(({ name, lanes }) => {
      const values = new Int32Array(rows * lanes.length);
      for (let i = 0; i < values.length; i++) {
        const { lo, hi } = lanes[i % lanes.length];
        values[i] = between(rng, lo, hi);
      }
      return [name, values];
    }),
  );
}
