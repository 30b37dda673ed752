import { ConfigError } from "../../base/errors.ts";
import { add, div, mul, sqrt } from "../../ops/index.ts";
import type { CommonOptions, Optimizer } from "./optimizer.ts";

export interface AdamOptions extends CommonOptions {
  /** Decay of the first moment. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment. Default 1e-7, as in Keras. */
  readonly epsilon?: number;
}

/**
 * Adam with bias correction (Kingma and Ba, arXiv:1412.6980, algorithm 1).
 *
 * The moments are kept without their factors (1 - β): M = m / (1 - β1), V = v / (1 - β2), so
 *   M' = β1 M + g,  V' = β2 V + g²,
 * and with s = sqrt((1 - β2) / (1 - β2^t)) the step lr m̂ / (sqrt(v̂) + ε) becomes
 *   a M' / (sqrt(V') + e),  a = lr (1 - β1) / ((1 - β1^t) s),  e = ε / s:
 * two scalars from the host, ten passes over the vector.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  const { lr = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
  for (const [name, beta] of Object.entries({ beta1, beta2 }))
    if (!(beta >= 0 && beta < 1))
      throw new ConfigError(`adam.${name}: must be in [0, 1), got ${beta}`);
  return {
    name: `adam(${beta1}, ${beta2}, ${epsilon})`,
    options: { ...options, lr },
    slots: 2,
    controls: (t, rate) => {
      const s = Math.sqrt((1 - beta2) / (1 - beta2 ** t));
      return [(rate * (1 - beta1)) / ((1 - beta1 ** t) * s), epsilon / s];
    },
    update: (g, [m, v], [a, e]) => {
      const first = add(mul(m, beta1), g);
      const second = add(mul(v, beta2), mul(g, g));
      return { step: div(mul(first, a), add(sqrt(second), e)), slots: [first, second] };
    },
  };
}

/** Adam with decoupled weight decay, default 0.01 (Loshchilov and Hutter, arXiv:1711.05101). */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adam({ weightDecay: 0.01, ...options });
}
