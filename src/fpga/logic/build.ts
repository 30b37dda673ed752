import { invariant } from "../../base/errors.ts";
import { fractionOf } from "../format.ts";
import { inferLanes } from "../interpret/lanes.ts";
import type { Netlist, NodeId } from "../netlist.ts";
import type { FixedOp, FixedProgram, Strategy } from "../program.ts";
import { affineWires } from "./affine.ts";
import { castNode } from "./casts.ts";
import { liveNetlist } from "./live.ts";
import { LogicBuilder } from "./logic-builder.ts";
import { productNode } from "./products.ts";
import { argmaxNode, larger, maxNode, moduloNode } from "./reductions.ts";
import { boundedWire, nodeOf, type Wire, wireOf } from "./wire.ts";

export interface BuildOptions {
  /** False: products with constants row by row, without common subexpressions. Default true. */
  readonly share?: boolean;
  /** Adders a row may be deeper than a balanced tree of its digits (fewer LUTs). Default 1. */
  readonly extraDepth?: number;
}

/** A netlist, and for each vector of its program the nodes of the lanes, -1 where none is left. */
export interface Logic {
  readonly netlist: Netlist;
  readonly vectors: ReadonlyMap<string, readonly NodeId[]>;
}

/** The netlist of `buildLogic` alone. */
export const buildNetlist = (program: FixedProgram, options: BuildOptions = {}): Netlist =>
  buildLogic(program, options).netlist;

/**
 * The logic of a program: every vector operation as scalar nodes with the tightest intervals that
 * follow from the inputs', equal nodes made once, nothing that no output needs.
 * @throws GraphError, ConfigError for programs that do not hold together (see `inferLanes`).
 */
export function buildLogic(
  program: FixedProgram,
  { share = true, extraDepth = 1 }: BuildOptions = {},
): Logic {
  const lanes = inferLanes(program);
  const builder = new LogicBuilder();
  const vectors = new Map<string, readonly Wire[]>();
  const readers = readersOf(program);
  const wiresOf = (name: string): readonly Wire[] => {
    const wires = vectors.get(name);
    invariant(wires, `no wires of "${name}"`);
    return wires;
  };
  for (const { name, lanes } of program.inputs)
    vectors.set(
      name,
      lanes.map((lane, i) => wireOf(builder, builder.input(name, i, lane), lane.fraction)),
    );
  for (const op of program.ops) {
    builder.layer = op.layer;
    const strategy = program.strategies[op.layer] ?? ({ kind: "adders" } as const);
    const isOpen = readers.get(op.output) === 1;
    const wires = wiresOfOp(op, { builder, wiresOf, strategy, share, extraDepth, isOpen });
    vectors.set(
      op.output,
      lanes.get(op.output)!.map((lane, i) => boundedWire(builder, wires[i], lane)),
    );
  }
  const outputs = program.outputs.map(({ name, from }) => ({
    name,
    nodes: wiresOf(from).map((wire) => nodeOf(builder, wire)),
  }));
  const { nodes, blocks } = builder;
  const { netlist, moved } = liveNetlist({ name: program.name, nodes, blocks, outputs });
  // a sum that went on with an offset has no node without; what is made here, nobody reads
  const names = [...vectors].map(([name, wires]) => {
    const ids = wires.map((wire) => nodeOf(builder, wire));
    return [name, ids.map((id) => moved[id] ?? -1)] as const;
  });
  return { netlist, vectors: new Map(names) };
}

/** How often each vector is read. */
function readersOf(program: FixedProgram): Map<string, number> {
  const readers = new Map<string, number>();
  const read = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const { from } of program.outputs) read(from);
  for (const op of program.ops)
    switch (op.op) {
      case "pick":
        for (const name of op.inputs) read(name);
        break;
      case "add":
      case "sub":
      case "multiply":
      case "maximum":
      case "less":
        read(op.a);
        read(op.b);
        break;
      case "select":
        read(op.condition);
        read(op.a);
        read(op.b);
        break;
      case "constant":
        break;
      default:
        read(op.input);
    }
  return readers;
}

interface Context {
  readonly builder: LogicBuilder;
  readonly wiresOf: (name: string) => readonly Wire[];
  readonly strategy: Strategy;
  readonly share: boolean;
  readonly extraDepth: number;
  /** True where one step alone reads the result. */
  readonly isOpen: boolean;
}

type OpNamed<K, T = FixedOp> = T extends { readonly op: infer O }
  ? K extends O
    ? T
    : never
  : never;

type Rules = {
  readonly [K in FixedOp["op"]]: (op: OpNamed<K>, context: Context) => Wire[];
};

const rules: Rules = {
  affine: (op, { builder, wiresOf, ...options }) =>
    affineWires(builder, op, wiresOf(op.input), options),
  quantize: ({ input, formats }, { builder, wiresOf }) =>
    wiresOf(input).map((wire, i) => {
      const format = formats[formats.length === 1 ? 0 : i];
      return wireOf(builder, castNode(builder, wire, format), fractionOf(format));
    }),
  add: (op, context) => aligned(op, context, (builder, a, b) => builder.add(a, b)),
  sub: (op, context) => aligned(op, context, (builder, a, b) => builder.sub(a, b)),
  maximum: (op, context) => aligned(op, context, larger),
  less: (op, context) =>
    aligned(op, context, (builder, a, b) => builder.less(a, b)).map((wire) => ({
      ...wire,
      fraction: 0,
    })),
  multiply: (op, { builder, wiresOf, strategy, isOpen }) =>
    pairs(wiresOf(op.a), wiresOf(op.b)).map(([x, y]) => {
      const [a, b] = [nodeOf(builder, x), nodeOf(builder, y)];
      const fraction = x.fraction + y.fraction;
      if (strategy.kind === "multipliers" && a !== b)
        return wireOf(builder, builder.multiply(a, b), fraction);
      const plus = (offset: number) => productNode(builder, a, b, offset);
      return { fraction, plus, isOpen, isRectified: false };
    }),
  select: ({ condition, a, b }, context) => {
    const { builder, wiresOf } = context;
    const choices = pairs(wiresOf(a), wiresOf(b));
    return pairs(wiresOf(condition), choices).map(([wire, [x, y]]) => {
      const fraction = Math.max(x.fraction, y.fraction);
      const bit = nodeOf(builder, wire);
      const { lo, hi } = builder.interval(bit);
      const isSet = lo >= 0 && hi <= 1 ? bit : builder.not(builder.equal(bit, builder.constant(0)));
      const node = builder.select(isSet, finer(builder, x, fraction), finer(builder, y, fraction));
      return wireOf(builder, node, fraction);
    });
  },
  relu: ({ input }, { builder, wiresOf, isOpen }) =>
    wiresOf(input).map((wire) =>
      wire.isOpen && isOpen
        ? { ...wire, isRectified: true }
        : wireOf(builder, nodeOf(builder, { ...wire, isRectified: true }), wire.fraction),
    ),
  clamp: ({ input, lo, hi }, context) =>
    each(input, context, (builder, node) => builder.clamp(node, lo, hi)),
  rescale: ({ input, by }, { wiresOf }) =>
    wiresOf(input).map((wire, i) => ({
      ...wire,
      isOpen: false,
      fraction: wire.fraction + by[by.length === 1 ? 0 : i],
    })),
  modulo: ({ input, period }, context) =>
    each(input, context, (builder, node) => moduloNode(builder, node, period)),
  table: ({ input, first, values, fraction, label }, context) =>
    each(input, context, (builder, node) => builder.table(node, first, values, label)).map(
      (wire) => ({ ...wire, fraction }),
    ),
  pick: ({ inputs, lanes }, { wiresOf }) =>
    lanes.map(([input, lane]) => ({ ...wiresOf(inputs[input])[lane], isOpen: false })),
  constant: ({ values, fraction }, { builder }) =>
    values.map((value) => wireOf(builder, builder.constant(value), fraction)),
  max: ({ input }, { builder, wiresOf }) => {
    const { nodes, fraction } = alignedNodes(builder, wiresOf(input));
    return [wireOf(builder, maxNode(builder, nodes), fraction)];
  },
  argmax: ({ input }, { builder, wiresOf }) => [
    wireOf(builder, argmaxNode(builder, alignedNodes(builder, wiresOf(input)).nodes), 0),
  ],
};

/** The rule of an op; the table's type says that each op meets its own. */
const wiresOfOp = (op: FixedOp, context: Context): Wire[] =>
  (rules[op.op] as (op: FixedOp, context: Context) => Wire[])(op, context);

function each(
  input: string,
  { builder, wiresOf }: Context,
  make: (builder: LogicBuilder, node: NodeId) => NodeId,
): Wire[] {
  return wiresOf(input).map((wire) =>
    wireOf(builder, make(builder, nodeOf(builder, wire)), wire.fraction),
  );
}

/** Lane by lane at the finer of both fractions. */
function aligned(
  { a, b }: { readonly a: string; readonly b: string },
  { builder, wiresOf }: Context,
  make: (builder: LogicBuilder, a: NodeId, b: NodeId) => NodeId,
): Wire[] {
  return pairs(wiresOf(a), wiresOf(b)).map(([x, y]) => {
    const fraction = Math.max(x.fraction, y.fraction);
    const node = make(builder, finer(builder, x, fraction), finer(builder, y, fraction));
    return wireOf(builder, node, fraction);
  });
}

function alignedNodes(builder: LogicBuilder, wires: readonly Wire[]) {
  const fraction = Math.max(...wires.map((wire) => wire.fraction));
  return { fraction, nodes: wires.map((wire) => finer(builder, wire, fraction)) };
}

const finer = (builder: LogicBuilder, wire: Wire, fraction: number): NodeId =>
  builder.shift(nodeOf(builder, wire), fraction - wire.fraction);

/** Lanes of two vectors side by side; a single lane goes with all of the other side. */
function pairs<A, B>(a: readonly A[], b: readonly B[]): [A, B][] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [
    a[a.length === 1 ? 0 : i],
    b[b.length === 1 ? 0 : i],
  ]);
}
