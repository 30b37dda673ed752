import { inferLanes } from "../interpret/index.ts";
import type { FloatNetwork } from "../network.ts";
import type { FixedOp, FixedProgram, Lane, ProgramInput } from "../program.ts";
import type { QuantizationPlan } from "./plan-types.ts";

/** A network on its way to a program: what each step of the lowering needs. */
export interface Lowering {
  readonly network: FloatNetwork;
  readonly plan: QuantizationPlan;
  readonly steps: Steps;
}

type Unnamed<T> = T extends FixedOp ? Omit<T, "output"> : never;

/** A program being written: steps get names, vectors of the network are bound to them. */
export interface Steps {
  readonly ops: readonly FixedOp[];
  /** Adds a step and gives the name of what it makes. */
  emit(op: Unnamed<FixedOp>): string;
  /** Says which vector of the program stands for a name. */
  bind(name: string, vector: string): void;
  has(name: string): boolean;
  /** Vector of the program for a name. */
  at(name: string): string;
  /** Lanes of a vector of the program. */
  lanes(vector: string): readonly Lane[];
}

/** An empty program with its inputs bound to themselves. */
export function createSteps(program: Pick<FixedProgram, "name" | "inputs">): Steps {
  const ops: FixedOp[] = [];
  const bound = new Map<string, string>();
  const taken = new Set<string>();
  for (const { name } of program.inputs as readonly ProgramInput[]) {
    bound.set(name, name);
    taken.add(name);
  }
  let known: ReadonlyMap<string, readonly Lane[]> = new Map();
  return {
    ops,
    emit(op) {
      let output = `${op.layer}_${op.op}`;
      for (let i = 2; taken.has(output); i++) output = `${op.layer}_${op.op}${i}`;
      taken.add(output);
      ops.push({ ...op, output } as FixedOp);
      return output;
    },
    bind: (name, vector) => bound.set(name, vector),
    has: (name) => bound.has(name),
    at: (name) => bound.get(name)!,
    lanes(vector) {
      if (!known.has(vector)) {
        const outputs = [{ name: "probe", from: vector, unit: 1, physical: null }];
        known = inferLanes({ ...program, ops, outputs, strategies: {} });
      }
      return known.get(vector)!;
    },
  };
}
