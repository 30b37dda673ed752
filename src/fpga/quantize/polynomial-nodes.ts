import type { FloatNode } from "../network.ts";
import type { Variable } from "./polynomial-basis.ts";

/** A lane of a vector. */
export interface Lane {
  readonly vector: string;
  readonly lane: number;
}

/** What the nodes are named after, and the layer they belong to. */
export interface Names {
  readonly name: string;
  readonly layer: string;
}

/** The variables z as one vector, `name`_t1, from lanes of inputs. */
export function scalingNodes(
  lanes: readonly Lane[],
  variables: readonly Variable[],
  { name, layer }: Names,
): readonly FloatNode[] {
  const inputs = [...new Set(lanes.map(({ vector }) => vector))];
  const d = lanes.length;
  return [
    {
      op: "pick",
      inputs,
      lanes: lanes.map(({ vector, lane }) => [inputs.indexOf(vector), lane] as const),
      output: `${name}_lanes`,
      layer,
    },
    {
      op: "affine",
      input: `${name}_lanes`,
      rows: d,
      columns: d,
      weights: Float64Array.from({ length: d * d }, (_, i) =>
        i % (d + 1) === 0 ? variables[i % d].scale : 0,
      ),
      bias: Float64Array.from(variables, ({ offset, scale }) => -offset * scale),
      gather: null,
      weightFormats: null,
      biasFormats: null,
      output: `${name}_t1`,
      layer,
    },
  ];
}

/**
 * All products but the constant: t_(a+b) = t_a t_b - beta^b t_(a-b) (t_0 = 2 here) for one variable
 * at a time, then products of two, three.. variables from those of one fewer.
 */
export function productNodes(
  variables: readonly Variable[],
  exponents: readonly (readonly number[])[],
  { name, layer }: Names,
): { readonly nodes: readonly FloatNode[]; readonly lanes: readonly Lane[] } {
  const nodes: FloatNode[] = [];
  const made = new Map<string, Lane>();
  const key = (e: readonly number[]) => e.join();
  const alone = (i: number, n: number) => variables.map((_, j) => (j === i ? n : 0));
  variables.forEach((_, lane) => {
    made.set(key(alone(lane, 1)), { vector: `${name}_t1`, lane });
  });
  const pick = (output: string, all: readonly (readonly number[])[]) => {
    const lanes = all.map((e) => made.get(key(e))!);
    const inputs = [...new Set(lanes.map(({ vector }) => vector))];
    const of = lanes.map(({ vector, lane }) => [inputs.indexOf(vector), lane] as const);
    nodes.push({ op: "pick", inputs, lanes: of, output, layer });
    return output;
  };
  const multiply = (output: string, pairs: readonly (readonly (readonly number[])[])[]) => {
    const isSquare = pairs.every(([p, q]) => key(p) === key(q));
    const a = pick(
      `${output}_a`,
      pairs.map(([p]) => p),
    );
    const b = isSquare
      ? a
      : pick(
          `${output}_b`,
          pairs.map(([, q]) => q),
        );
    nodes.push({ op: "multiply", a, b, output, layer });
  };
  const most = Math.max(...variables.map(({ degree }) => degree));
  for (let n = 2; n <= most; n++) {
    const own = variables.flatMap((variable, i) => (variable.degree >= n ? [i] : []));
    const [a, b] = [Math.ceil(n / 2), Math.floor(n / 2)];
    const output = `${name}_t${n}`;
    multiply(
      `${output}_product`,
      own.map((i) => [alone(i, a), alone(i, b)]),
    );
    const factors = own.map((i) => variables[i].beta ** b);
    // t_a t_b alone, or beside the t_1 that are subtracted
    const blocks = a === b ? 1 : 2;
    const columns = own.length * blocks;
    const lower = own.map((_, lane) => [0, lane] as const);
    const above = own.map((i) => [1, made.get(key(alone(i, 1)))!.lane] as const);
    if (blocks === 2)
      nodes.push({
        op: "pick",
        inputs: [`${output}_product`, `${name}_t1`],
        lanes: [...lower, ...above],
        output: `${output}_terms`,
        layer,
      });
    nodes.push({
      op: "affine",
      input: blocks === 1 ? `${output}_product` : `${output}_terms`,
      rows: own.length,
      columns,
      weights: Float64Array.from({ length: own.length * columns }, (_, at) => {
        const [row, column] = [Math.floor(at / columns), at % columns];
        if (column % own.length !== row) return 0;
        return column < own.length ? 1 : -factors[row];
      }),
      bias: Float64Array.from(factors, (factor) => (blocks === 1 ? -2 * factor : 0)),
      gather: null,
      weightFormats: null,
      biasFormats: null,
      output,
      layer,
    });
    own.forEach((i, lane) => {
      made.set(key(alone(i, n)), { vector: output, lane });
    });
  }
  for (let count = 2; count <= variables.length; count++) {
    const own = exponents.filter((e) => e.filter((n) => n > 0).length === count);
    if (own.length === 0) continue;
    const output = `${name}_x${count}`;
    multiply(
      output,
      own.map((e) => {
        const last = e.findLastIndex((n) => n > 0);
        return [e.map((n, i) => (i === last ? 0 : n)), alone(last, e[last])];
      }),
    );
    own.forEach((e, lane) => {
      made.set(key(e), { vector: output, lane });
    });
  }
  return { nodes, lanes: exponents.slice(1).map((e) => made.get(key(e))!) };
}
