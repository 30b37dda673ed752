import type { Runtime } from "../../runtime/index.ts";
import { type Measured, rmsRatio } from "../../stats/index.ts";
import { type InferenceCost, inferenceCost } from "../recalibration/cost.ts";
import {
  type Candidate,
  type Errors,
  type Evaluation,
  evaluate,
} from "../recalibration/evaluate.ts";
import type { Floor } from "../recalibration/floor.ts";
import type { Dataset } from "../recalibration/prepare.ts";
import { type Quantity, quantities } from "../recalibration/quantities.ts";
import { bestOf } from "./choose.ts";
import {
  isKernel,
  isNetwork,
  type JobResult,
  type KernelResult,
  type NetworkResult,
  type Rms,
  resultName,
} from "./job.ts";
import { predictRows, rowsOfValues } from "./judge.ts";
import type { Results } from "./results.ts";

/** An exported model with everything known of it. */
export interface StudyModel {
  readonly result: NetworkResult | KernelResult;
  readonly name: string;
  readonly cost: InferenceCost;
  /** On the test part. */
  readonly candidate: Candidate;
}

/** What a study found out. */
export interface Summary {
  /** All exported models: networks in the order of Table 6, then kernel machines. */
  readonly models: readonly StudyModel[];
  readonly evaluation: Evaluation;
  /** Errors of L1 on the validation part. */
  readonly level1: Rms;
  /** Chosen on the validation part. */
  readonly best: { readonly network: StudyModel | null; readonly falkon: StudyModel | null };
}

/**
 * Judges all exported models on the test part, all on the same rows; which is the best was chosen
 * before, on the validation part.
 */
export async function summarize(
  runtime: Runtime,
  data: Dataset,
  done: readonly JobResult[],
  { results, level1, floor, seed }: SummaryOptions,
): Promise<Summary | null> {
  const centersOf = (r: KernelResult) => r.job.centers;
  const exported = [
    ...done.filter(isNetwork),
    ...kernelTypes.flatMap((type) =>
      done
        .filter(isKernel)
        .filter((r) => r.job.kernel.type === type)
        .sort((a, b) => centersOf(a) - centersOf(b)),
    ),
  ];
  const judged = [];
  for (const result of exported) {
    const bytes = await results.model(result.job);
    if (!bytes) continue;
    const values = await predictRows(runtime, bytes, data, data.parts.test);
    judged.push({ result, name: resultName(result), cost: inferenceCost(bytes), values });
  }
  if (judged.length === 0) return null;
  const level1Values = rowsOfValues(data, data.level1, data.parts.test);
  const evaluation = evaluate(
    data,
    { name: "L1", values: level1Values },
    // all alike, so that uncertainties do not depend on what else is done
    { seed, floor, baselines: judged },
  );
  const models = judged.map(
    ({ result, name, cost }, i): StudyModel => ({
      result,
      name,
      cost,
      candidate: evaluation.baselines[i],
    }),
  );
  return { models, evaluation, level1, best: chosen(models, level1) };
}

interface SummaryOptions {
  readonly results: Results;
  readonly level1: Rms;
  readonly floor: Floor | null;
  readonly seed: number;
}

/** In the order of tables. */
const kernelTypes = ["linear", "polynomial", "gaussian"] as const;

function chosen(models: readonly StudyModel[], level1: Rms): Summary["best"] {
  const of = (is: (r: JobResult) => boolean) =>
    models.find((m) => m.result === bestOf(models.map((x) => x.result).filter(is), level1)) ?? null;
  return {
    // the smaller networks are there for the cost, not for the report's question
    network: of((r) => isNetwork(r) && r.job.table6 !== null) ?? of(isNetwork),
    falkon: of(isKernel),
  };
}

/**
 * The models that stand for all in comparisons of cost: of each shape of network the one chosen on
 * the validation part, and all kernel machines.
 */
export function representatives({ models, level1 }: Summary): StudyModel[] {
  const shapes = [
    ...new Set(models.flatMap(({ result: r }) => (isNetwork(r) ? [r.job.model] : []))),
  ];
  const networks = shapes.flatMap((shape) => {
    const all = models.flatMap(({ result: r }) =>
      isNetwork(r) && r.job.model === shape ? [r] : [],
    );
    const best = bestOf(all, level1);
    return models.filter((m) => m.result === best);
  });
  return [...networks, ...models.filter((m) => isKernel(m.result))];
}

/** One model over another in one quantity, on the same rows. */
export interface Comparison {
  readonly quantity: Quantity;
  /** Error of the kernel machine over that of the network. */
  readonly ratio: Measured;
  /** Standard deviations by which the ratio differs from 1; > 0: the network is better. */
  readonly sigma: number;
}

/** Falkon's best over the network's best, per quantity. */
export function compare(network: StudyModel, falkon: StudyModel): Comparison[] {
  return quantities.flatMap((quantity) => {
    const [a, b] = [falkon, network].map(({ candidate }) => candidate.residuals[quantity]);
    if (!a || !b) return [];
    const ratio = rmsRatio(a, b);
    return [{ quantity, ratio, sigma: (ratio.value - 1) / ratio.uncertainty }];
  });
}

/**
 * Models that no other one beats in both cost and error, cheapest first.
 * @returns indices.
 */
export function paretoFront(points: readonly { readonly cost: number; readonly error: number }[]) {
  const order = points
    .map((_, i) => i)
    .sort((a, b) => points[a].cost - points[b].cost || points[a].error - points[b].error);
  let lowest = Number.POSITIVE_INFINITY;
  return order.filter((i) => {
    const isBetter = points[i].error < lowest;
    if (isBetter) lowest = points[i].error;
    return isBetter;
  });
}

/** The Pareto front of operations against the error of one quantity on the test part. */
export function frontOf(models: readonly StudyModel[], q: Quantity): StudyModel[] {
  const known = models.filter((m) => m.candidate.errors[q]);
  const points = known.map(({ cost, candidate }) => ({
    cost: cost.flops,
    error: (candidate.errors[q] as Measured).value,
  }));
  return paretoFront(points).map((i) => known[i]);
}

/** Errors with null for what is not there. */
export function errorsOrNull(errors: Errors): Readonly<Record<Quantity, Measured | null>> {
  return { phi: errors.phi ?? null, eta: errors.eta ?? null, pt: errors.pt ?? null };
}
