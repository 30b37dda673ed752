import { ConfigError } from "../../base/errors.ts";
import type { FloatAffine, FloatNetwork, FloatNode } from "../network.ts";

/** y = W x + b, then max(y, 0) everywhere but in the last layer. */
export interface DenseLayer {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] */
  readonly weights: Float64Array;
  /** [rows] */
  readonly bias: Float64Array;
  /** Name of the graph's node. */
  readonly name: string;
}

/** What a lane of the input can hold. */
export interface InputLane {
  readonly lo: number;
  readonly hi: number;
  /** True where only whole numbers come in. */
  readonly isInteger: boolean;
}

/** The part of a network that is trained: dense layers and ReLUs in a row, fed by the input. */
export interface DenseChain {
  /** Vector that the first layer reads. */
  readonly input: string;
  /** Lanes of the network's only input that it consists of. */
  readonly lanes: readonly number[];
  /** The last layer holds the rows of all heads, each divided by its unit. */
  readonly layers: readonly DenseLayer[];
  /** By row of the last layer: y = unit · (W x + b). */
  readonly units: readonly number[];
  readonly heads: readonly Head[];
  /** Names of all vectors that training makes anew. */
  readonly inside: ReadonlySet<string>;
}

/**
 * A product that reads the last hidden layer, and perhaps other lanes that pass by: y = u n + W x,
 * as where hardware integers n are corrected. Its unit u is then that of W x too, so that the sum
 * is one of integers.
 */
interface Head {
  readonly node: Affine;
  /** Vectors and lanes of its columns, and which of them are of the last hidden layer. */
  readonly columns: readonly { readonly from: string; readonly lane: number }[];
  readonly isHidden: readonly boolean[];
}

type Affine = FloatAffine & { readonly output: string; readonly layer: string };

/**
 * The dense layers with ReLU between them that start at the network's input, up to all products
 * that read the last ReLU. Casts in between are passed over: training chooses new ones.
 * @throws ConfigError where there are none.
 */
export function findChain(network: FloatNetwork): DenseChain {
  const fail = (what: string) =>
    new ConfigError(
      `quantized training: ${what} in "${network.name}"; it takes one input that feeds dense layers with ReLU between them`,
    );
  if (network.inputs.length !== 1) throw fail(`${network.inputs.length} inputs`);
  const first = network.nodes.find((node) => node.op === "affine");
  if (!first) throw fail("no dense layer");
  const lanes = lanesOf(network, first.input);
  if (!lanes) throw fail(`layer "${first.layer}" does not read the input but "${first.input}"`);

  const inside = new Set<string>();
  const hidden: DenseLayer[] = [];
  let vector = first.input;
  let heads: readonly Head[] = [wholeHead(first)];
  for (;;) {
    const [{ node }] = heads;
    if (heads.some((head) => head.node.gather !== null)) throw fail(`a convolution ${node.layer}`);
    const relu = heads.length === 1 ? onlyUser(network, end(network, node.output)) : null;
    if (relu?.op !== "activation" || relu.kind !== "relu") break;
    if (node.input !== vector) throw fail(`layer "${node.layer}" reads more than one layer`);
    hidden.push({ ...node, name: node.layer });
    for (const name of [node.output, relu.output]) passCasts(network, name, inside);
    vector = end(network, relu.output);
    heads = headsOf(network, vector, inside);
    if (heads.length === 0) throw fail(`layer "${relu.layer}" feeds no dense layer`);
  }
  if (hidden.length === 0) throw fail(`no ReLU after layer "${first.layer}"`);
  const units = heads.flatMap((head) =>
    Array.from({ length: head.node.rows }, (_, row) => unitOf(network, head, row)),
  );
  for (const { node } of heads) inside.add(node.output);
  return {
    input: first.input,
    lanes,
    layers: [...hidden, joined(heads, units)],
    units,
    heads,
    inside,
  };
}

const wholeHead = (node: Affine): Head => ({
  node,
  columns: Array.from({ length: node.columns }, (_, lane) => ({ from: node.input, lane })),
  isHidden: new Array<boolean>(node.columns).fill(true),
});

/** All products that read a vector, directly or picked together with others. */
function headsOf(network: FloatNetwork, vector: string, inside: Set<string>): Head[] {
  return usersOf(network, vector).flatMap((user): Head[] => {
    if (user.op === "affine") return [wholeHead(user)];
    if (user.op !== "pick") return [];
    const node = onlyUser(network, user.output);
    if (node?.op !== "affine") return [];
    inside.add(user.output);
    const columns = user.lanes.map(([which, lane]) => ({ from: user.inputs[which], lane }));
    return [{ node, columns, isHidden: columns.map(({ from }) => from === vector) }];
  });
}

/** What the one whole number that passes by counts in; 1 where there is none. */
function unitOf(network: FloatNetwork, { node, columns, isHidden }: Head, row: number): number {
  const passing = columns.flatMap(({ from, lane }, column) => {
    const weight = node.weights[row * node.columns + column];
    return isHidden[column] || weight === 0 ? [] : [{ from, lane, weight }];
  });
  if (passing.length !== 1) return 1;
  const [{ from, lane, weight }] = passing;
  const source = lanesOf(network, from)?.[lane];
  return source !== undefined && network.inputs[0].isInteger[source] ? Math.abs(weight) : 1;
}

/** The rows of all heads on the hidden lanes as one layer. */
function joined(heads: readonly Head[], units: readonly number[]): DenseLayer {
  const widths = heads.map(({ columns, isHidden }) =>
    columns.reduce((most, { lane }, i) => (isHidden[i] ? Math.max(most, lane + 1) : most), 0),
  );
  const columns = Math.max(...widths);
  const weights = new Float64Array(units.length * columns);
  const bias = new Float64Array(units.length);
  let at = 0;
  for (const { node, columns: own, isHidden } of heads)
    for (let row = 0; row < node.rows; row++, at++) {
      bias[at] = node.bias[row] / units[at];
      own.forEach(({ lane }, i) => {
        if (isHidden[i])
          weights[at * columns + lane] += node.weights[row * node.columns + i] / units[at];
      });
    }
  return { rows: units.length, columns, weights, bias, name: heads[0].node.layer };
}

/** The vector after the casts that follow one. */
function end(network: FloatNetwork, name: string): string {
  const user = onlyUser(network, name);
  return user?.op === "quantize" ? end(network, user.output) : name;
}

/** Notes a vector and what casts make of it. */
function passCasts(network: FloatNetwork, name: string, passed: Set<string>): void {
  passed.add(name);
  const user = onlyUser(network, name);
  if (user?.op === "quantize") passCasts(network, user.output, passed);
}

const usersOf = (network: FloatNetwork, name: string) =>
  network.nodes.filter((node) => inputsOf(node).includes(name));

function onlyUser(network: FloatNetwork, name: string): FloatNode | null {
  const users = usersOf(network, name);
  const isOutput = network.outputs.some(({ from }) => from === name);
  return users.length === 1 && !isOutput ? users[0] : null;
}

function inputsOf(node: FloatNode): readonly string[] {
  if ("inputs" in node) return node.inputs;
  if ("input" in node) return [node.input];
  return "a" in node ? [node.a, node.b] : [];
}

/** Lanes of the network's input that a vector is made of, null for anything computed. */
function lanesOf(network: FloatNetwork, name: string): readonly number[] | null {
  const [input] = network.inputs;
  if (name === input.name) return input.labels.map((_, i) => i);
  const node = network.nodes.find((n) => n.output === name);
  if (node?.op === "quantize") return lanesOf(network, node.input);
  if (node?.op !== "pick") return null;
  const sources = node.inputs.map((source) => lanesOf(network, source));
  const lanes = node.lanes.map(([which, lane]) => sources[which]?.[lane]);
  return lanes.every((lane) => lane !== undefined) ? lanes : null;
}

/** The vector of all rows of the last layer, each in its unit. */
export const resultName = ({ layers }: DenseChain) => `${layers[layers.length - 1].name}_all`;

/**
 * The network with other nodes in place of the chain.
 * @param made - nodes that make the vector `resultName` from `chain.input`.
 */
export function replaceChain(
  network: FloatNetwork,
  chain: DenseChain,
  made: readonly FloatNode[],
): FloatNetwork {
  const { input, inside, heads, units } = chain;
  const result = resultName(chain);
  let row = 0;
  const ends = new Map(
    heads.map((head) => {
      const nodes = headNodes(head, { result, row, units });
      row += head.node.rows;
      return [head.node.output, nodes] as const;
    }),
  );
  const kept = network.nodes.flatMap(
    (node) => ends.get(node.output) ?? (inside.has(node.output) ? [] : [node]),
  );
  const position = kept.findIndex((node) => node.output === input) + 1;
  return { ...network, nodes: [...kept.slice(0, position), ...made, ...kept.slice(position)] };
}

/** What a head was, from its rows of the quantized result: u n + u q, or q itself. */
function headNodes(
  { node, columns, isHidden }: Head,
  { result, row, units }: { result: string; row: number; units: readonly number[] },
): FloatNode[] {
  const { rows, output, layer } = node;
  const own = Array.from({ length: rows }, (_, i) => row + i);
  const passing = columns.flatMap((column, at) => (isHidden[at] ? [] : [{ ...column, at }]));
  if (passing.length === 0 && own.every((i) => units[i] === 1))
    return [{ op: "pick", inputs: [result], lanes: own.map((i) => [0, i]), output, layer }];
  const inputs = [...new Set(passing.map(({ from }) => from)), result];
  const width = passing.length + rows;
  const weights = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) {
    passing.forEach(({ at }, j) => {
      weights[i * width + j] = node.weights[i * node.columns + at];
    });
    weights[i * width + passing.length + i] = units[row + i];
  }
  const lanes = [
    ...passing.map(({ from, lane }) => [inputs.indexOf(from), lane] as const),
    ...own.map((i) => [inputs.length - 1, i] as const),
  ];
  const joined = `${output}_terms`;
  return [
    { op: "pick", inputs, lanes, output: joined, layer },
    {
      op: "affine",
      input: joined,
      rows,
      columns: width,
      weights,
      bias: new Float64Array(rows),
      gather: null,
      weightFormats: null,
      biasFormats: null,
      output,
      layer,
    },
  ];
}
