/** A wire of the logic by its place in `Netlist.nodes`. */
export type NodeId = number;

/**
 * One scalar operation of the logic on integers. Every node has the interval [lo, hi] of its
 * integer, from which follow its bits and whether it has a sign. Shifts to the left by constants
 * and dropped low bits are wiring and cost nothing.
 */
export type LogicNode = (
  | { readonly op: "input"; readonly port: string; readonly lane: number }
  | { readonly op: "constant"; readonly value: number }
  /** (a << shiftA) + (b << shiftB), or minus. */
  | {
      readonly op: "add" | "sub";
      readonly a: NodeId;
      readonly b: NodeId;
      readonly shiftA: number;
      readonly shiftB: number;
    }
  /** a << by for by > 0, floor(a / 2^-by) for by < 0. */
  | { readonly op: "shift"; readonly a: NodeId; readonly by: number }
  /** The low `width` bits of a, read with or without sign. */
  | { readonly op: "wrap"; readonly a: NodeId; readonly width: number; readonly signed: boolean }
  | { readonly op: "clamp"; readonly a: NodeId; readonly min: number; readonly max: number }
  | { readonly op: "multiply"; readonly a: NodeId; readonly b: NodeId }
  /** 1 where a < b, else 0. */
  | { readonly op: "less"; readonly a: NodeId; readonly b: NodeId }
  | { readonly op: "equal"; readonly a: NodeId; readonly b: NodeId }
  /** Bitwise, of wires that are 0 or 1. */
  | { readonly op: "and" | "or" | "xor"; readonly a: NodeId; readonly b: NodeId }
  /** One bit of a, counted from the lowest; 0 or 1. */
  | { readonly op: "bit"; readonly a: NodeId; readonly bit: number }
  | {
      readonly op: "select";
      readonly condition: NodeId;
      readonly a: NodeId;
      readonly b: NodeId;
    }
  /** values[a - first] */
  | {
      readonly op: "table";
      readonly a: NodeId;
      readonly first: number;
      readonly values: Int32Array;
      readonly label: string;
    }
  /** One result of a serialized product; the block takes `latency` clocks. */
  | { readonly op: "serial"; readonly block: number; readonly index: number }
) & {
  readonly lo: number;
  readonly hi: number;
  readonly layer: string;
};

/** A constant product that is computed over several clocks by shared multipliers. */
export interface SerialBlock {
  readonly layer: string;
  readonly inputs: readonly NodeId[];
  /** Integers [rows, inputs], and a bias per row. */
  readonly rows: number;
  readonly weights: Int32Array;
  readonly bias: readonly number[];
  /** Clocks one multiplier is used for per inference; the block's initiation interval. */
  readonly reuse: number;
  /** Clocks from the inputs to the results. */
  readonly latency: number;
}

/** Combinational logic of a program, in order: a node uses only nodes before it. */
export interface Netlist {
  readonly name: string;
  readonly nodes: readonly LogicNode[];
  readonly blocks: readonly SerialBlock[];
  /** Results by output name, one node per lane. */
  readonly outputs: readonly { readonly name: string; readonly nodes: readonly NodeId[] }[];
}

/** Where registers go: clock edge after which each node's result is there, 0 for inputs. */
export interface Pipeline {
  readonly stages: readonly number[];
  /** Clocks from inputs to outputs, the registers at the outputs included. */
  readonly latency: number;
  /** Clocks between two inferences. */
  readonly interval: number;
  readonly clockMhz: number;
}
