import type { Netlist } from "../netlist.ts";
import { demandedBits } from "./demand.ts";
import { operandsOf } from "./live.ts";
import { MinCut } from "./min-cut.ts";

export interface Timing {
  /** Delay of each node in ns, none above the budget, and the time a stage has. */
  readonly delays: Float64Array;
  readonly budget: number;
  readonly latency: number;
}

/** Room for sums of delays that are equal but for rounding. */
export const slack = 1e-9;

/**
 * Moves nodes between neighboring stages so that fewest bits cross each clock edge, the latency
 * unchanged. One edge at a time is a smallest cut: with all other edges held, the nodes of the two
 * stages around it are split anew. A node must stay before the edge where the longest path it
 * starts in both stages does not fit into one, and behind it where the longest path that ends in
 * it does not; a wire that is read behind the edge costs its bits once, however many read it.
 */
export function fewerRegisters(netlist: Netlist, start: Int32Array, timing: Timing): Int32Array {
  const bits = Float64Array.from(demandedBits(netlist), ({ low, end }) => end - low);
  const early = graphOf(netlist, start, timing);
  const late = { ...early, stages: latestStages(early) };
  for (const graph of [early, late]) improve(graph, bits);
  return crossings(late, bits) < crossings(early, bits) ? late.stages : early.stages;
}

function improve(graph: Graph, bits: Float64Array): void {
  const { timing } = graph;
  for (let sweep = 0; sweep < 3; sweep++) {
    let moved = 0;
    // from the last edge to the first, so that what moves late makes room for what comes before
    for (let edge = timing.latency - 2; edge >= 0; edge--) moved += splitAt(graph, bits, edge);
    if (moved === 0) break;
  }
}

/** As late as the readers and the time in a stage allow. */
function latestStages({ stages, isFixed, users, lastRead, firstRead, timing }: Graph): Int32Array {
  const latest = stages.slice();
  const tails = new Float64Array(stages.length);
  for (let i = stages.length - 1; i >= 0; i--) {
    if (isFixed[i]) continue;
    let stage = firstRead[i] < 0 ? timing.latency - 1 : Math.min(firstRead[i], timing.latency - 1);
    if (lastRead[i] < 0 && users[i].length === 0) stage = stages[i];
    let tail = 0;
    for (const user of users[i]) {
      if (latest[user] < stage) [stage, tail] = [latest[user], 0];
      if (latest[user] === stage) tail = Math.max(tail, tails[user]);
    }
    if (tail + timing.delays[i] > timing.budget + slack) [stage, tail] = [stage - 1, 0];
    latest[i] = stage;
    tails[i] = tail + timing.delays[i];
  }
  return latest;
}

/** Bits times clock edges that they cross. */
function crossings({ stages, users, lastRead, isConstant }: Graph, bits: Float64Array): number {
  return stages.reduce((sum, stage, i) => {
    if (isConstant[i]) return sum;
    const last = users[i].reduce((most, user) => Math.max(most, stages[user]), lastRead[i]);
    return sum + bits[i] * Math.max(0, last - stage);
  }, 0);
}

interface Graph {
  readonly timing: Timing;
  readonly stages: Int32Array;
  /** Nodes whose stage is given: inputs, constants, results of blocks. */
  readonly isFixed: Uint8Array;
  readonly isConstant: Uint8Array;
  readonly operands: readonly (readonly number[])[];
  readonly users: readonly (readonly number[])[];
  /** Stage in which a block or an output reads a node, -1 for none; first and last. */
  readonly firstRead: Int32Array;
  readonly lastRead: Int32Array;
}

function graphOf({ nodes, blocks, outputs }: Netlist, stages: Int32Array, timing: Timing): Graph {
  const operands = nodes.map((node) =>
    node.op === "serial" ? [] : [...new Set(operandsOf(node, blocks))],
  );
  const users: number[][] = nodes.map(() => []);
  operands.forEach((ids, i) => {
    for (const id of ids) users[id].push(i);
  });
  const firstRead = new Int32Array(nodes.length).fill(-1);
  const lastRead = new Int32Array(nodes.length).fill(-1);
  const read = (id: number, stage: number) => {
    if (firstRead[id] < 0 || stage < firstRead[id]) firstRead[id] = stage;
    lastRead[id] = Math.max(lastRead[id], stage);
  };
  nodes.forEach((node, i) => {
    if (node.op !== "serial") return;
    const block = blocks[node.block];
    for (const input of block.inputs) read(input, stages[i] - block.latency);
  });
  for (const output of outputs) for (const id of output.nodes) read(id, timing.latency);
  const isOp = (...ops: string[]) => Uint8Array.from(nodes, ({ op }) => (ops.includes(op) ? 1 : 0));
  return {
    timing,
    stages: stages.slice(),
    isFixed: isOp("input", "constant", "serial"),
    isConstant: isOp("constant"),
    operands,
    users,
    firstRead,
    lastRead,
  };
}

/** Splits the nodes of stages `edge` and `edge + 1` anew; how many changed sides. */
function splitAt(graph: Graph, bits: Float64Array, edge: number): number {
  const { stages, isFixed, isConstant, operands, users, firstRead, lastRead } = graph;
  const { delays, budget } = graph.timing;
  const set: number[] = [];
  const place = new Map<number, number>();
  stages.forEach((stage, i) => {
    if (isFixed[i] || (stage !== edge && stage !== edge + 1)) return;
    place.set(i, set.length);
    set.push(i);
  });
  const head = longest(set, operands, place, delays);
  const tail = longest([...set].reverse(), users, place, delays);
  // vertices: a node, and its wire behind the edge; the wires of older nodes come last
  const older = new Set<number>();
  for (const i of set)
    for (const operand of operands[i])
      if (!place.has(operand) && !isConstant[operand] && stages[operand] <= edge)
        older.add(operand);
  const [source, sink] = [2 * set.length + older.size, 2 * set.length + older.size + 1];
  const network = new MinCut(sink + 1);
  const never = 1e9;
  const behind = (i: number) =>
    lastRead[i] > edge || users[i].some((user) => !place.has(user) && stages[user] > edge);
  set.forEach((i, v) => {
    const wire = set.length + v;
    network.edge(v, wire, bits[i]);
    for (const user of users[i]) {
      const u = place.get(user);
      if (u === undefined) continue;
      network.edge(wire, u, never);
      network.edge(u, v, never);
    }
    if (behind(i)) network.edge(wire, sink, never);
    if (head[v] > budget + slack) network.edge(v, sink, never);
    if (tail[v] > budget + slack || (firstRead[i] >= 0 && firstRead[i] <= edge))
      network.edge(source, v, never);
  });
  let wire = 2 * set.length;
  for (const i of older) {
    if (!behind(i)) {
      network.edge(source, wire, bits[i]);
      for (const user of users[i]) {
        const u = place.get(user);
        if (u !== undefined) network.edge(wire, u, never);
      }
    }
    wire++;
  }
  const { isSource } = network.cut(source, sink);
  let moved = 0;
  set.forEach((i, v) => {
    const stage = isSource[v] ? edge : edge + 1;
    if (stages[i] !== stage) moved++;
    stages[i] = stage;
  });
  return moved;
}

/** Longest path that ends in each node, through the nodes given before it. */
function longest(
  order: readonly number[],
  before: readonly (readonly number[])[],
  place: ReadonlyMap<number, number>,
  delays: Float64Array,
): Float64Array {
  const paths = new Float64Array(order.length);
  for (const i of order) {
    let path = 0;
    for (const other of before[i]) {
      const at = place.get(other);
      if (at !== undefined) path = Math.max(path, paths[at]);
    }
    paths[place.get(i) as number] = path + delays[i];
  }
  return paths;
}
