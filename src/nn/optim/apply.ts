import { ConfigError } from "../../base/errors.ts";
import { float32 } from "../../base/host-array.ts";
import type { Tensor } from "../../graph/index.ts";
import {
  clip,
  constant,
  div,
  maximum,
  mul,
  type Operand,
  sqrt,
  sub,
  sum,
} from "../../ops/index.ts";
import { isKernel } from "../layer.ts";
import type { Layout } from "../layout.ts";
import type { Optimizer } from "./optimizer.ts";

/** Scalars the host feeds per step: the learning rate, then the rule's own. */
export function controlSize(optimizer: Optimizer): number {
  return 1 + optimizer.controls(1, 1).length;
}

/**
 * One update of the flat parameter vector: clipping, the rule, groups and weight decay,
 *   p' = (1 - lr |factor| decay) p - factor · step.
 * @param control - one [1] tensor per scalar: learning rate, then the rule's.
 */
export function applyOptimizer(
  optimizer: Optimizer,
  layout: Layout,
  given: { gradient: Tensor; params: Tensor; slots: readonly Tensor[]; control: readonly Tensor[] },
): { params: Tensor; slots: readonly Tensor[] } {
  const { factor, decay } = groupVectors(optimizer, layout);
  const [lr, ...control] = given.control;
  const { step, slots } = optimizer.update(
    clipped(given.gradient, optimizer),
    given.slots,
    control,
  );
  const kept = decay === null ? given.params : mul(given.params, sub(1, mul(lr, decay)));
  return { params: sub(kept, factor === null ? step : mul(step, factor)), slots };
}

function clipped(gradient: Tensor, { options: { clipNorm, clipValue } }: Optimizer): Tensor {
  let g = gradient;
  if (clipValue !== undefined) g = clip(g, -requirePositive("clipValue", clipValue), clipValue);
  if (clipNorm === undefined) return g;
  requirePositive("clipNorm", clipNorm);
  // c / max(norm, c) = min(1, c / norm)
  return mul(g, div(constant(clipNorm), maximum(sqrt(sum(mul(g, g))), clipNorm)));
}

/** Per-parameter factor and decay: a number where all agree, null where they do nothing. */
function groupVectors({ options }: Optimizer, layout: Layout) {
  const { weightDecay = 0, decayOn = isKernel, groups = [] } = options;
  const rows = layout.entries.map(({ path, size }) => {
    let factor = 1;
    let decay = decayOn(path) ? weightDecay : 0;
    for (const group of groups) {
      if (!group.match(path)) continue;
      factor = group.lrFactor ?? factor;
      decay = group.weightDecay ?? decay;
    }
    return { size, factor, decay: decay * Math.abs(factor) };
  });
  return {
    factor: operand(
      rows.map((r) => ({ size: r.size, value: r.factor })),
      1,
    ),
    decay: operand(
      rows.map((r) => ({ size: r.size, value: r.decay })),
      0,
    ),
  };
}

function operand(
  runs: readonly { size: number; value: number }[],
  neutral: number,
): Operand | null {
  if (runs.every((r) => r.value === neutral)) return null;
  if (runs.every((r) => r.value === runs[0].value)) return runs[0].value;
  return constant(float32(runs.flatMap((r) => new Array<number>(r.size).fill(r.value))));
}

function requirePositive(name: string, value: number): number {
  if (!(value > 0)) throw new ConfigError(`optimizer.${name}: expected a number > 0, got ${value}`);
  return value;
}
