import type { FloatNetwork, FloatNode } from "../network.ts";
import { type FreeAffine, inputsOf, isFree, nonzeroColumns, resolveLane } from "./nodes.ts";
import { expandKernel, exponentsOf, type KernelSum, type Variable } from "./polynomial-basis.ts";
import { type Lane, productNodes, scalingNodes } from "./polynomial-nodes.ts";

/** Most products of a polynomial that are written out; beyond, the kernel form is cheaper. */
const mostProducts = 500;

/** Mean and spread of every lane of every input, by name. */
export type Spreads = Readonly<
  Record<string, readonly { readonly mean: number; readonly spread: number }[]>
>;

/** Of the recurrence (see polynomial-basis.ts): 3/4 would suit flat distributions of spread 1. */
const beta = 0.5;

/**
 * Writes sums of powers, alpha_j (c_j · x + b)^p over many j, as the polynomials of x they are: the
 * products t_e1(z1) t_e2(z2).. of Chebyshev polynomials of x scaled to mean 0 and spread 1, each
 * once, and one affine over them. Large alphas that cancel do so in float64 then. Only where x are
 * inputs, where there are at most 500 products, and where the kernels take no fewer of them.
 */
export function expandPolynomials(network: FloatNetwork, spreads: Spreads): FloatNetwork {
  const nodes = new Map(network.nodes.map((node) => [node.output, node]));
  return {
    ...network,
    nodes: network.nodes.flatMap((node) => {
      if (!isFree(node)) return [node];
      const found = findKernel(node, nodes);
      return (found && expand(node, found, { network, spreads })) ?? [node];
    }),
  };
}

/** The kernels that an affine sums, and the columns that pass by. */
interface Kernel {
  readonly sums: readonly (Omit<KernelSum, "centers"> & { readonly affine: FreeAffine })[];
  /** Columns of the affine that are no kernels, with what they read. */
  readonly others: readonly (Lane & { readonly column: number })[];
  /** What the kernels read. */
  readonly lanes: readonly Lane[];
  readonly layer: string;
}

function findKernel(node: FreeAffine, nodes: ReadonlyMap<string, FloatNode>): Kernel | null {
  const columns = Array.from({ length: node.columns }, (_, column) => ({
    column,
    ...resolveLane(node.input, column, nodes),
  }));
  const powers = new Map(columns.map(({ vector }) => [vector, powerOf(vector, nodes)]));
  const sums = [...powers].flatMap(([vector, power]) => {
    if (!power || power.power < 2) return [];
    const { affine } = power;
    const own = columns.filter((column) => column.vector === vector);
    const alphas = Float64Array.from({ length: node.rows * own.length }, (_, i) => {
      const { column } = own[i % own.length];
      return node.weights[Math.floor(i / own.length) * node.columns + column];
    });
    const rows = own.map(({ lane }) => lane);
    return [
      {
        power: power.power,
        affine: {
          ...affine,
          rows: rows.length,
          weights: Float64Array.from(
            { length: rows.length * affine.columns },
            (_, i) =>
              affine.weights[
                rows[Math.floor(i / affine.columns)] * affine.columns + (i % affine.columns)
              ],
          ),
        },
        offsets: Float64Array.from(rows, (row) => affine.bias[row]),
        alphas,
      },
    ];
  });
  // squares of single lanes are a polynomial written out already
  const isAlone = ({ affine }: { affine: FreeAffine }) =>
    Array.from({ length: affine.rows }, (_, row) => nonzeroColumns(affine, row)).every(
      (read) => read.length < 2,
    );
  if (sums.every(isAlone)) return null;
  const lanes = new Map<string, Lane>();
  for (const { affine } of sums)
    affine.weights.forEach((weight, i) => {
      if (weight === 0) return;
      const lane = resolveLane(affine.input, i % affine.columns, nodes);
      lanes.set(`${lane.vector}/${lane.lane}`, lane);
    });
  const others = columns.filter(({ vector }) => (powers.get(vector)?.power ?? 1) < 2);
  return { sums, others, lanes: [...lanes.values()], layer: sums[0].affine.layer };
}

/** The affine that a vector is a power of, by products of equal vectors. */
function powerOf(
  vector: string,
  nodes: ReadonlyMap<string, FloatNode>,
): { readonly affine: FreeAffine; readonly power: number } | null {
  const node = nodes.get(vector);
  if (!node) return null;
  if (isFree(node)) return { affine: node, power: 1 };
  if (node.op !== "multiply") return null;
  const [a, b] = inputsOf(node).map((name) => powerOf(name, nodes));
  if (!a || !b || a.affine !== b.affine) return null;
  return { affine: a.affine, power: a.power + b.power };
}

function expand(
  node: FreeAffine,
  { sums, others, lanes, layer }: Kernel,
  { network, spreads }: { readonly network: FloatNetwork; readonly spreads: Spreads },
): readonly FloatNode[] | null {
  const degree = Math.max(...sums.map(({ power }) => power));
  const variables = lanes.map((lane) => variableOf(lane, degree, { network, spreads }));
  if (!variables.every((variable) => variable !== null)) return null;
  const kernels = sums.reduce((n, { offsets }) => n + offsets.length, 0);
  const most = Math.min(mostProducts, kernels * (lanes.length + degree - 1));
  const exponents = exponentsOf(variables, degree, most);
  if (!exponents) return null;
  const nodes = new Map(network.nodes.map((n) => [n.output, n]));
  const coefficients = new Float64Array(node.rows * exponents.length);
  for (const { affine, ...sum } of sums) {
    const centers = new Float64Array(affine.rows * lanes.length);
    affine.weights.forEach((weight, i) => {
      const source = resolveLane(affine.input, i % affine.columns, nodes);
      const at = lanes.findIndex((l) => l.vector === source.vector && l.lane === source.lane);
      if (weight !== 0) centers[Math.floor(i / affine.columns) * lanes.length + at] += weight;
    });
    expandKernel({ ...sum, centers }, variables, exponents).forEach((c, i) => {
      coefficients[i] += c;
    });
  }
  const products = productNodes(variables, exponents, { name: node.output, layer });
  const scaled = scalingNodes(lanes, variables, { name: node.output, layer });
  const used = exponents.length - 1;
  const read = [...others, ...products.lanes];
  const inputs = [...new Set(read.map(({ vector }) => vector))];
  const columns = others.length + used;
  return [
    ...scaled,
    ...products.nodes,
    {
      op: "pick",
      inputs,
      lanes: read.map(({ vector, lane }) => [inputs.indexOf(vector), lane] as const),
      output: `${node.output}_products`,
      layer: node.layer,
    },
    {
      ...node,
      input: `${node.output}_products`,
      columns,
      weights: Float64Array.from({ length: node.rows * columns }, (_, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        return column < others.length
          ? node.weights[row * node.columns + others[column].column]
          : coefficients[row * exponents.length + column - others.length + 1];
      }),
      bias: node.bias.map((b, row) => b + coefficients[row * exponents.length]),
    },
  ];
}

/** Scaling of a lane of an input by its mean and spread, null for other lanes. */
function variableOf(
  { vector, lane }: Lane,
  degree: number,
  { network, spreads }: { readonly network: FloatNetwork; readonly spreads: Spreads },
): Variable | null {
  const input = network.inputs.find(({ name }) => name === vector);
  const known = spreads[vector]?.[lane];
  if (!input || !known) return null;
  const [lo, hi] = input.ranges[lane] ?? [0, 0];
  if (input.isInteger[lane] && hi - lo === 1)
    return { offset: (lo + hi) / 2, scale: 2, degree: 1, beta: 0 };
  const scale = 2 ** -Math.round(Math.log2(known.spread > 0 ? known.spread : 1));
  const grid = input.isInteger[lane] ? 1 : 1 / scale / 16;
  return { offset: Math.round(known.mean / grid) * grid, scale, degree, beta };
}
