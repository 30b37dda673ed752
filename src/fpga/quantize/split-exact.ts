import type { FloatNetwork, FloatNode } from "../network.ts";
import {
  type FreeAffine,
  inputsOf,
  isFree,
  nonzeroColumns,
  resolveLane,
  widthsOf,
} from "./nodes.ts";

/**
 * Takes whole numbers that are only corrected out of products: y = u n + W x with n one lane of
 * whole numbers that came in becomes add(u n, W x), so that n passes around the network unrounded.
 * Only for results that are not themselves factors (outputs, sums, wrapped angles).
 */
export function splitExact(network: FloatNetwork): FloatNetwork {
  const nodes = new Map(network.nodes.map((node) => [node.output, node]));
  const widths = widthsOf(network);
  const factors = factorVectors(network);
  const isWhole = (name: string, column: number) => {
    const { vector, lane } = resolveLane(name, column, nodes);
    return network.inputs.find((input) => input.name === vector)?.isInteger[lane] ?? false;
  };
  return withoutDead({
    ...network,
    nodes: network.nodes.flatMap((node) => {
      if (!isFree(node) || factors.has(node.output)) return [node];
      const passing = Array.from({ length: node.rows }, (_, row) => {
        const columns = nonzeroColumns(node, row);
        const whole = columns.filter((column) => isWhole(node.input, column));
        return whole.length === 1 && columns.length > 1 ? whole[0] : -1;
      });
      return passing.some((column) => column >= 0)
        ? split(node, passing, { nodes, widths })
        : [node];
    }),
  });
}

/** Without nodes that nothing reads. */
function withoutDead(network: FloatNetwork): FloatNetwork {
  const used = new Set(network.outputs.map((output) => output.from));
  const alive = [...network.nodes].reverse().filter((node) => {
    if (!used.has(node.output)) return false;
    for (const name of inputsOf(node)) used.add(name);
    return true;
  });
  return { ...network, nodes: alive.reverse() };
}

interface Vectors {
  readonly nodes: ReadonlyMap<string, FloatNode>;
  readonly widths: ReadonlyMap<string, number>;
}

/** Vectors that something multiplies or looks up. */
function factorVectors({ nodes }: FloatNetwork): ReadonlySet<string> {
  const factors = new Set<string>();
  for (const node of [...nodes].reverse()) {
    const isSum = ["add", "sub", "maximum", "modulo", "pick", "max", "argmax"].includes(node.op);
    if (!isSum || factors.has(node.output)) for (const name of inputsOf(node)) factors.add(name);
  }
  return factors;
}

function split(
  node: FreeAffine,
  passing: readonly number[],
  vectors: Vectors,
): readonly FloatNode[] {
  const { output, layer, columns } = node;
  const rows = passing.flatMap((column, row) => (column >= 0 ? [row] : []));
  const whole: FreeAffine = {
    ...node,
    output: `${output}_whole`,
    rows: rows.length,
    weights: Float64Array.from({ length: rows.length * columns }, (_, i) => {
      const row = rows[Math.floor(i / columns)];
      return passing[row] === i % columns ? node.weights[row * columns + (i % columns)] : 0;
    }),
    bias: new Float64Array(rows.length),
  };
  const correction: FreeAffine = {
    ...node,
    output: `${output}_correction`,
    weights: node.weights.map((weight, i) =>
      passing[Math.floor(i / columns)] === i % columns ? 0 : weight,
    ),
  };
  const made = [...withoutZeros(correction, vectors), ...withoutZeros(whole, vectors)];
  if (rows.length === passing.length)
    return [...made, { op: "add", a: whole.output, b: correction.output, output, layer }];
  return [
    ...made,
    {
      op: "pick",
      inputs: [correction.output],
      lanes: rows.map((row) => [0, row] as const),
      output: `${output}_corrected`,
      layer,
    },
    { op: "add", a: whole.output, b: `${output}_corrected`, output: `${output}_sum`, layer },
    {
      op: "pick",
      inputs: [`${output}_sum`, correction.output],
      lanes: passing.map((column, row) => (column >= 0 ? [0, rows.indexOf(row)] : [1, row])),
      output,
      layer,
    },
  ];
}

/** A product that reads only lanes with weights: of one vector as it is, or a pick of several. */
function withoutZeros(node: FreeAffine, { nodes, widths }: Vectors): readonly FloatNode[] {
  const { rows, columns, weights, output, layer } = node;
  const used = Array.from({ length: columns }, (_, column) => column).filter((column) =>
    Array.from({ length: rows }, (_, row) => weights[row * columns + column]).some((w) => w !== 0),
  );
  const sources = used.map((column) => resolveLane(node.input, column, nodes));
  const inputs = [...new Set(sources.map((source) => source.vector))];
  const isWhole =
    inputs.length === 1 &&
    sources.every((source, i) => source.lane === i) &&
    widths.get(inputs[0]) === sources.length;
  const reduced: FreeAffine = {
    ...node,
    input: isWhole ? inputs[0] : `${output}_inputs`,
    columns: used.length,
    weights: Float64Array.from(
      { length: rows * used.length },
      (_, i) => weights[Math.floor(i / used.length) * columns + used[i % used.length]],
    ),
  };
  if (isWhole) return [reduced];
  const lanes = sources.map(({ vector, lane }) => [inputs.indexOf(vector), lane] as const);
  return [{ op: "pick", inputs, lanes, output: `${output}_inputs`, layer }, reduced];
}
