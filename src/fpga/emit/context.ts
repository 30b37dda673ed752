import type { Plan } from "./plan.ts";
import type { Tables } from "./table-module.ts";
import type { WireType } from "./wires.ts";

/** Types of a serial block: one for all inputs, one for all weights, one for all results. */
export interface SerialTypes {
  readonly input: WireType;
  readonly weight: WireType;
  readonly result: WireType;
}

/** What modules of a design are made from besides the plan. */
export interface ModuleContext {
  readonly plan: Plan;
  readonly tables: Tables;
  /** Module of each serial block. */
  readonly serialModules: readonly string[];
  readonly serialTypes: readonly SerialTypes[];
  readonly delayModule: string;
  /** Comment lines about a layer. */
  readonly notes: (layer: string) => readonly string[];
}
