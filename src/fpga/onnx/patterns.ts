import type { NodeProto } from "../../onnx/index.ts";
import { inputOf, type OpRule } from "./graph.ts";
import { batchOf, lanesOf, laneValue } from "./lanes.ts";

/** Operator type of a matched remainder. */
export const remainderType = "forty.Remainder";

/** Scalar constants of the graph by name. */
export type Scalars = ReadonlyMap<string, number>;

/**
 * Finds x - p floor(x / p), with or without the guard where(0 <= y and y < p, y, 0) that keeps
 * rounding from giving p itself, and puts one remainder node in its place. Any other Floor, Where
 * or comparison is left, to be refused.
 */
export function matchRemainders(
  nodes: readonly NodeProto[],
  scalars: Scalars,
): { nodes: readonly NodeProto[]; periods: ReadonlyMap<string, number> } {
  const maker = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const readers = readersOf(nodes);
  const replaced = new Map<NodeProto, NodeProto>();
  const dropped = new Set<NodeProto>();
  const periods = new Map<string, number>();
  for (const floor of nodes.filter((node) => node.opType === "Floor")) {
    const turns = maker.get(floor.input[0]);
    const back = only(readers.get(floor.output[0]), "Mul");
    const rest = back && only(readers.get(back.output[0]), "Sub");
    const x = rest?.input[0];
    if (!turns || !back || !rest || x === undefined || rest.input[1] !== back.output[0]) continue;
    const period = otherScalar(back, floor.output[0], scalars);
    const inverse = turns.input[0] === x ? scalars.get(turns.input[1]) : undefined;
    const other = turns.input[1] === x ? scalars.get(turns.input[0]) : undefined;
    const step = turns.opType === "Div" ? inverse : 1 / ((inverse ?? other) as number);
    if (!["Mul", "Div"].includes(turns.opType) || period === null || !step) continue;
    if (readers.get(turns.output[0])?.length !== 1) continue;
    if (!(period > 0) || Math.abs(step / period - 1) > 1e-6) continue;
    const guard = guardOf(rest.output[0], period, readers, scalars);
    const last = guard?.[guard.length - 1] ?? rest;
    for (const node of [turns, floor, back, rest, ...(guard ?? [])]) dropped.add(node);
    const output = last.output[0];
    periods.set(output, period);
    replaced.set(last, {
      opType: remainderType,
      name: (floor.name || output).replace("floor", "modulo"),
      input: [x],
      output: [output],
      attribute: [],
    });
  }
  const keeps = (node: NodeProto) => replaced.has(node) || !dropped.has(node);
  return { nodes: nodes.filter(keeps).map((node) => replaced.get(node) ?? node), periods };
}

/** Puts a LeakyRelu in the place of where(x > 0, x, slope x). */
export function matchLeakyRelus(
  nodes: readonly NodeProto[],
  scalars: Scalars,
): readonly NodeProto[] {
  const maker = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const readers = readersOf(nodes);
  const dropped = new Set<NodeProto>();
  const matched = nodes.map((node) => {
    if (node.opType !== "Where") return node;
    const [condition, below] = [maker.get(node.input[0]), maker.get(node.input[2])];
    const x = node.input[1];
    const isPart = (part: NodeProto | undefined, ...types: string[]) =>
      part !== undefined &&
      types.includes(part.opType) &&
      part.input.includes(x) &&
      readers.get(part.output[0])?.length === 1;
    if (!isPart(condition, "Greater", "GreaterOrEqual") || !isPart(below, "Mul")) return node;
    const alpha = otherScalar(below!, x, scalars);
    if (condition!.input[0] !== x || scalars.get(condition!.input[1]) !== 0 || alpha === null)
      return node;
    dropped.add(condition!).add(below!);
    const attribute = [{ name: "alpha", type: 1, f: alpha }];
    return { ...node, opType: "LeakyRelu", input: [x], attribute };
  });
  return matched.filter((node) => !dropped.has(node));
}

function readersOf(nodes: readonly NodeProto[]): Map<string, NodeProto[]> {
  const readers = new Map<string, NodeProto[]>();
  for (const node of nodes)
    for (const name of node.input) readers.set(name, [...(readers.get(name) ?? []), node]);
  return readers;
}

/** The only reader of a value, where it is of a type. */
function only(readers: readonly NodeProto[] | undefined, opType: string): NodeProto | null {
  return readers?.length === 1 && readers[0].opType === opType ? readers[0] : null;
}

function otherScalar(node: NodeProto, name: string, scalars: Scalars): number | null {
  const other = node.input[0] === name ? node.input[1] : node.input[0];
  return scalars.get(other) ?? null;
}

/** GreaterOrEqual(y, 0), Less(y, p), And, Where(and, y, 0), where these are all that read y. */
function guardOf(
  y: string,
  period: number,
  readers: ReadonlyMap<string, readonly NodeProto[]>,
  scalars: Scalars,
): NodeProto[] | null {
  const users = readers.get(y) ?? [];
  const find = (opType: string) => users.find((node) => node.opType === opType);
  const [above, below, where] = [find("GreaterOrEqual"), find("Less"), find("Where")];
  if (users.length !== 3 || !above || !below || !where) return null;
  const and = only(readers.get(above.output[0]), "And");
  const fits =
    and !== null &&
    and === only(readers.get(below.output[0]), "And") &&
    only(readers.get(and.output[0]), "Where") === where &&
    above.input[0] === y &&
    below.input[0] === y &&
    scalars.get(above.input[1]) === 0 &&
    scalars.get(below.input[1]) === period &&
    where.input[0] === and.output[0] &&
    where.input[1] === y &&
    scalars.get(where.input[2]) === 0;
  return fits ? [above, below, and, where] : null;
}

/** The rule of a matched remainder. */
export const remainderRule =
  (period: number): OpRule =>
  (context) => {
    const x = inputOf(context, 0);
    const { builder, layer } = context;
    return laneValue(x.shape, batchOf(x), builder.modulo(lanesOf(x), period, layer));
  };
