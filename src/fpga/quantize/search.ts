import { ConfigError } from "../../base/errors.ts";
import type { FloatNetwork } from "../network.ts";
import type { FixedProgram } from "../program.ts";
import { laneBits, meanBits, totalEbops } from "./ebops.ts";
import { lowerNetwork } from "./lower.ts";
import type { PlanOptions, QuantizationPlan } from "./plan-types.ts";
import type { Calibration } from "./ranges.ts";
import { planUniform, type UniformOptions, uniformWidths } from "./uniform.ts";

/** What the program may cost: one of these. */
export type Budget =
  | { readonly luts: number }
  | { readonly ebops: number }
  | { readonly meanBits: number };

export interface BudgetOptions extends PlanOptions {
  readonly budget: Budget;
  /** Error of a program, e.g. the resolution on a sample; smaller is better. */
  readonly evaluate: (program: FixedProgram) => number;
  /** Cost of a program in the budget's currency; needed for LUTs only. */
  readonly price?: (program: FixedProgram) => number;
  /** Width everything starts at; 12 if absent. */
  readonly startBits?: number;
  /** Narrowest width; 2 if absent. */
  readonly leastBits?: number;
  readonly inputBits?: number;
}

/** One program on the way from wide to narrow. */
export interface Candidate {
  readonly plan: QuantizationPlan;
  readonly program: FixedProgram;
  /** Mean width of weights and activations, see `meanBits`. */
  readonly bits: number;
  readonly cost: number;
  readonly error: number;
}

/**
 * Greedy descent: from generous widths on, takes one bit at a time from the weights, activations,
 * inputs or table whose loss per saved cost is smallest, until the budget is met. Losses are only
 * measured anew for the one that seems smallest (they rarely fall), which saves most of the runs.
 * @returns all programs visited, from the widest on; the last one meets the budget.
 * @throws ConfigError where the narrowest widths still cost more.
 */
export function planForBudget(
  network: FloatNetwork,
  calibration: Calibration,
  { budget, evaluate, price, startBits = 12, leastBits = 2, inputBits, ...options }: BudgetOptions,
): readonly Candidate[] {
  const [limit, cost] = currency(budget, price);
  const uniform: UniformOptions = {
    ...options,
    bits: startBits,
    ...(inputBits === undefined ? {} : { inputBits }),
  };
  const make = (widths: Readonly<Record<string, number>>): Candidate => {
    const plan = planUniform(network, calibration, { ...uniform, widths });
    const program = lowerNetwork(network, plan);
    return {
      plan,
      program,
      bits: meanBits(program),
      cost: cost(program),
      error: evaluate(program),
    };
  };
  let widths = startWidths(calibration, uniform);
  let now = make(widths);
  const visited = [now];
  const queue: Choice[] = Object.keys(widths).map((name) => ({
    name,
    loss: Number.NEGATIVE_INFINITY,
    step: 0,
    candidate: now,
  }));
  for (let step = 1; now.cost > limit; step++) {
    const next = leastLoss(queue, { step, now }, (name) => {
      const width = widths[name] - 1;
      return width < leastOf(name, leastBits) ? null : make({ ...widths, [name]: width });
    });
    if (!next)
      throw new ConfigError(
        `planForBudget: ${network.name} at its narrowest still costs ${Math.round(now.cost)}, the budget is ${limit}; allow more or train a smaller network`,
      );
    widths = { ...widths, [next.name]: widths[next.name] - 1 };
    now = next.candidate;
    visited.push(now);
  }
  return visited;
}

/** A width that may be lowered, with what that lost when it was last measured. */
interface Choice {
  readonly name: string;
  loss: number;
  /** Step of the descent it was measured at. */
  step: number;
  candidate: Candidate;
}

/** The choice with the smallest loss per saved cost; those at their narrowest leave the queue. */
function leastLoss(
  queue: Choice[],
  { step, now }: { readonly step: number; readonly now: Candidate },
  narrower: (name: string) => Candidate | null,
): Choice | null {
  while (queue.length > 0) {
    queue.sort((a, b) => a.loss - b.loss);
    const [first] = queue;
    if (first.step === step) return first;
    const candidate = narrower(first.name);
    if (!candidate) {
      queue.shift();
      continue;
    }
    // a bit that saves nothing goes only where it loses nothing either
    const saved = Math.max(now.cost - candidate.cost, 1e-9 * now.cost);
    first.candidate = candidate;
    first.step = step;
    first.loss = (candidate.error - now.error) / saved;
  }
  return null;
}

/** Tables need some entries to be a function at all. */
const leastOf = (name: string, least: number): number =>
  name.endsWith("/address") ? Math.max(4, least) : least;

function currency(
  budget: Budget,
  price: BudgetOptions["price"],
): readonly [number, (program: FixedProgram) => number] {
  if ("ebops" in budget) return [budget.ebops, price ?? totalEbops];
  if ("meanBits" in budget) return [budget.meanBits, price ?? meanBits];
  if (!price)
    throw new ConfigError("planForBudget: a budget of LUTs needs `price`, the estimate of LUTs");
  return [budget.luts, price];
}

/** Everything whose width can be chosen, at the width it starts from. */
function startWidths(calibration: Calibration, uniform: UniformOptions): Record<string, number> {
  const { network } = calibration;
  const plan = planUniform(network, calibration, uniform);
  const widthsOf = uniformWidths(calibration, uniform);
  const widths: Record<string, number> = {};
  for (const node of network.nodes) {
    const name = node.output;
    if (node.op === "affine" && !node.weightFormats)
      widths[`${name}/weights`] = widthsOf.weights(name);
    if (plan.casts[name]) widths[name] = widthsOf.activations(name);
    if (plan.tables[name]) {
      widths[name] = widthsOf.activations(name);
      widths[`${name}/address`] = widthsOf.addresses(name);
    }
  }
  for (const { name } of network.inputs) {
    const bits = plan.ports[name].map(laneBits);
    if (plan.inputs[name].some((lane) => lane !== null))
      widths[name] = Math.min(widthsOf.inputs(name), Math.max(...bits));
  }
  return widths;
}
