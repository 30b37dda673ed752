import { ConfigError } from "../../base/errors.ts";
import { add, mul } from "../../ops/index.ts";
import type { CommonOptions, Optimizer } from "./optimizer.ts";

export interface SgdOptions extends CommonOptions {
  /** Share of the last velocity kept. Default 0. */
  readonly momentum?: number;
  /** Looks ahead along the velocity (Sutskever et al., ICML 2013). Default false. */
  readonly nesterov?: boolean;
}

/** Gradient descent: u' = momentum u + g, p' = p - lr u', or p - lr (g + momentum u') (Nesterov). */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { lr = 0.01, momentum = 0, nesterov = false } = options;
  if (!(momentum >= 0 && momentum < 1))
    throw new ConfigError(`sgd.momentum: must be in [0, 1), got ${momentum}`);
  return {
    name: `sgd(${momentum}, ${nesterov})`,
    options: { ...options, lr },
    slots: momentum > 0 ? 1 : 0,
    controls: (_t, rate) => [rate],
    update: (g, slots, [rate]) => {
      if (momentum === 0) return { step: mul(g, rate), slots: [] };
      const velocity = add(mul(slots[0], momentum), g);
      const direction = nesterov ? add(mul(velocity, momentum), g) : velocity;
      return { step: mul(direction, rate), slots: [velocity] };
    },
  };
}
