import { ConfigError } from "../base/errors.ts";

/** Where a training stands when a learning rate is asked for. */
export interface Progress {
  /** Steps done so far, from 0. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  /** Steps of the whole training as planned. */
  readonly totalSteps: number;
  /** Validation loss of every finished epoch (training loss where there is no validation). */
  readonly losses: readonly number[];
}

/** Factor on the optimizer's learning rate: a pure function, so that resuming needs no state. */
export type Schedule = (at: Progress) => number;

/** The learning rate as it is. */
export function constantRate(): Schedule {
  return () => 1;
}

/** Half a cosine from 1 down to `final` over the whole training (Loshchilov, arXiv:1608.03983). */
export function cosine({ final = 0 }: { readonly final?: number } = {}): Schedule {
  return ({ step, totalSteps }) => {
    const t = Math.min(1, step / Math.max(1, totalSteps - 1));
    return final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * t));
  };
}

/** Times a factor every so many epochs. */
export function stepDecay({
  epochs,
  factor,
}: {
  readonly epochs: number;
  readonly factor: number;
}): Schedule {
  requirePositive("stepDecay.epochs", epochs);
  return ({ step, stepsPerEpoch }) => factor ** Math.floor(step / stepsPerEpoch / epochs);
}

/** Rises linearly over the first steps, times another schedule. */
export function warmup(steps: number, then: Schedule = constantRate()): Schedule {
  requirePositive("warmup.steps", steps);
  return (at) => Math.min(1, (at.step + 1) / steps) * then(at);
}

export interface PlateauOptions {
  /** Factor after each `patience` epochs without improvement. Default 0.5. */
  readonly factor?: number;
  /** Epochs. Default 5. */
  readonly patience?: number;
  /** Smallest decrease of the loss that counts. Default 0. */
  readonly minDelta?: number;
  /** Smallest factor reached. Default 1e-3. */
  readonly floor?: number;
}

/** Lowers the rate whenever the loss has stopped improving. */
export function plateau({
  factor = 0.5,
  patience = 5,
  minDelta = 0,
  floor = 1e-3,
}: PlateauOptions = {}): Schedule {
  requirePositive("plateau.patience", patience);
  return ({ losses }) => {
    let best = Infinity;
    let waited = 0;
    let rate = 1;
    for (const loss of losses) {
      waited = loss < best - minDelta ? 0 : waited + 1;
      best = Math.min(best, loss);
      if (waited < patience) continue;
      rate = Math.max(floor, rate * factor);
      waited = 0;
    }
    return rate;
  };
}

function requirePositive(name: string, value: number): void {
  if (!(value > 0)) throw new ConfigError(`${name}: expected a number > 0, got ${value}`);
}
