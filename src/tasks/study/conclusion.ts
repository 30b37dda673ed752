import { formatWithUncertainty } from "../../report/index.ts";
import { type Measured, moments } from "../../stats/index.ts";
import type { Dataset } from "../recalibration/prepare.ts";
import { quantityText } from "../recalibration/quantities.ts";
import { countText, wordsOf } from "../recalibration/words.ts";
import { isNetwork } from "./job.ts";
import type { Comparison, StudyModel, Summary } from "./summary.ts";

interface ConclusionInput {
  readonly data: Dataset;
  readonly summary: Summary;
  readonly comparison: readonly Comparison[];
}

/** Fewer standard deviations show no difference. */
const visible = 2;
/** A model this close to the best is as good for a trigger. */
const closeEnough = 0.02;

/** The answer to the report's question in one paragraph, made of the numbers alone. */
export function conclusion({ data, summary, comparison }: ConclusionInput): string {
  const { best, models } = summary;
  const { one, many } = wordsOf[data.source.object];
  const test = `${countText(data.counts.test)} test ${many}`;
  const { network, falkon } = best;
  const cheapest = cheapestGood(models, data);
  const last = cheapest
    ? ` The cheapest model within ${100 * closeEnough} % of the best error in every quantity is ${cheapest.name}, with ${costText(cheapest)}.`
    : "";
  if (!network || !falkon) {
    const only = (network ?? falkon) as StudyModel;
    const errors = data.quantities.map((q) => errorText(only, q));
    return `On ${test} ${only.name} reaches ${errors.join(", ")}, with ${costText(only)} per ${one}; nothing of the other kind is done to compare with.${last}`;
  }
  const parts = comparison.map((c) => {
    const { label } = quantityText[c.quantity];
    const of = `${label} (${errorText(network, c.quantity)} against ${errorText(falkon, c.quantity)})`;
    if (!(Math.abs(c.sigma) >= visible)) return `in ${of} there is no difference (${sigmaText(c)})`;
    const winner = c.sigma > 0 ? "the network" : "Falkon";
    return `in ${of} ${winner} is better by ${percentText(c)} (${sigmaText(c)})`;
  });
  const ratio = network.cost.flops / falkon.cost.flops;
  const cheaper = ratio > 1 ? "Falkon" : "the network";
  const times = (ratio > 1 ? ratio : 1 / ratio).toPrecision(2);
  const spread = data.quantities.flatMap((q) => {
    const s = scatter(network, models, q);
    return s === null ? [] : [`${(100 * s).toPrecision(2)} % in ${quantityText[q].label}`];
  });
  const training =
    spread.length > 0
      ? ` The uncertainties are those of the test part; trainings of that network's shape with other losses and batch sizes scatter by ${spread.join(", ")}.`
      : "";
  return (
    `On ${test} the best network, ${network.name}, and the best kernel machine, ${falkon.name}, both chosen on the validation part, compare like this: ${parts.join("; ")}. ` +
    `One ${one} costs the network ${costText(network)}, and Falkon ${costText(falkon)}: ${cheaper} needs ${Number(times)} times fewer operations.${training}${last}`
  );
}

function errorText({ candidate }: StudyModel, q: keyof typeof quantityText): string {
  const unit = q === "phi" ? " rad" : "";
  return `${formatWithUncertainty(candidate.errors[q] as Measured)}${unit}`;
}

const sigmaText = ({ sigma }: Comparison) => `${Math.abs(sigma).toFixed(1)} σ`;

function percentText({ ratio, sigma }: Comparison): string {
  // of the loser's error over the winner's
  const over = sigma > 0 ? ratio.value : 1 / ratio.value;
  const uncertainty = sigma > 0 ? ratio.uncertainty : ratio.uncertainty / ratio.value ** 2;
  return `${formatWithUncertainty({ value: 100 * (over - 1), uncertainty: 100 * uncertainty })} %`;
}

function costText({ cost }: StudyModel): string {
  const exps =
    cost.exponentials > 0 ? `, ${countText(cost.exponentials)} of them exponentials` : "";
  return `${countText(cost.flops)} operations${exps}`;
}

/** Relative standard deviation of the error among trainings of the same shape; null of fewer than 3. */
function scatter(
  { result }: StudyModel,
  models: readonly StudyModel[],
  q: keyof typeof quantityText,
): number | null {
  if (!isNetwork(result)) return null;
  const errors = models.flatMap(({ result: r, candidate }) =>
    isNetwork(r) && r.job.model === result.job.model ? (candidate.errors[q]?.value ?? []) : [],
  );
  if (errors.length < 3) return null;
  const { mean, m2, n } = moments(Float64Array.from(errors));
  return Math.sqrt(m2 / (n - 1)) / mean;
}

/** The model with the fewest operations whose errors are all close to the smallest ones. */
function cheapestGood(models: readonly StudyModel[], { quantities }: Dataset): StudyModel | null {
  const error = (m: StudyModel, q: (typeof quantities)[number]) =>
    m.candidate.errors[q]?.value ?? Number.POSITIVE_INFINITY;
  const lowest = quantities.map((q) => Math.min(...models.map((m) => error(m, q))));
  const good = models.filter((m) =>
    quantities.every((q, i) => error(m, q) <= (1 + closeEnough) * lowest[i]),
  );
  return good.toSorted((a, b) => a.cost.flops - b.cost.flops)[0] ?? null;
}
