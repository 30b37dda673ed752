import { formatWithUncertainty, type Page, type Section } from "../../report/index.ts";
import type { Measured } from "../../stats/index.ts";
import type { Candidate, Evaluation } from "./evaluate.ts";
import { type Quantity, quantityText } from "./quantities.ts";
import { countText, type Words } from "./words.ts";

export const errorLabel: Readonly<Record<Quantity | "ptWidth", string>> = {
  phi: "rms Δφ",
  eta: "rms Δη",
  pt: "rms p_{T} / p_{T}^{ref} - 1",
  ptWidth: "width of p_{T} / p_{T}^{ref}",
};

/** What a comparison with L1 on the same objects says, at the level of two standard deviations. */
export type Finding = "better" | "worse" | "undecided";

/** The finding from an error over that of L1, and the smallest change that n objects show. */
function findingOf({ value }: Measured, smallestChange: number): Finding {
  if (1 - value > smallestChange) return "better";
  return value - 1 > smallestChange ? "worse" : "undecided";
}

/**
 * Student's quantile at the level of two standard deviations (95.45 %), to third order in 1/nu:
 * few objects do not know their own spread.
 * @see Abramowitz & Stegun 26.7.5
 */
export function twoSigma(n: number): number {
  const [z, nu] = [2, Math.max(1, n - 1)];
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + g1 / nu + g2 / nu ** 2 + g3 / nu ** 3;
}

/** How much the test rows can tell of one quantity. */
export interface Sensitivity {
  readonly quantity: Quantity;
  readonly overLevel1: Measured;
  /** Relative change of the error that has to be exceeded to be seen. */
  readonly smallestChange: number;
  /** Share of one object, the worst, in the summed squared residuals. */
  readonly largestShare: { readonly level1: number; readonly model: number };
  readonly finding: Finding;
}

/** Of every quantity, in their order. */
export function sensitivities(
  { level1, model }: Evaluation,
  quantities: readonly Quantity[],
): Sensitivity[] {
  return quantities.map((quantity) => {
    const overLevel1 = model.overLevel1[quantity] as Measured;
    const n = model.residuals[quantity]?.length ?? 0;
    const smallestChange = twoSigma(n) * overLevel1.uncertainty;
    return {
      quantity,
      overLevel1,
      smallestChange,
      largestShare: {
        level1: largestShare(level1, quantity),
        model: largestShare(model, quantity),
      },
      finding: findingOf(overLevel1, smallestChange),
    };
  });
}

interface VerdictInput {
  readonly evaluation: Evaluation;
  readonly quantities: readonly Quantity[];
  readonly reference: string;
  readonly words: Words;
  /** Rows that were learned from, and the weights learned; null where nothing was trained. */
  readonly learned: { readonly rows: number; readonly parameters: number } | null;
}

/** The first sentence of the report, and its headline numbers. */
export function verdict(input: VerdictInput): NonNullable<Page["verdict"]> {
  const { evaluation, quantities } = input;
  const { level1, model } = evaluation;
  const all = sensitivities(evaluation, quantities);
  const found = (wanted: Finding) =>
    all.filter(({ finding }) => finding === wanted).map(({ quantity }) => quantity);
  const hasWorse = found("worse").length > 0;
  return {
    text: sentence(input, found),
    status: hasWorse ? "bad" : found("better").length > 0 ? "good" : "neutral",
    headlines: quantities.map((q) => ({
      label: errorLabel[q],
      value: model.errors[q] as Measured,
      ...(q === "phi" ? { unit: "rad" } : {}),
      note: `L1 ${formatWithUncertainty(level1.errors[q] as Measured)}${model.overFloor?.[q] ? `, ${formatWithUncertainty(model.overFloor[q])} of the Bayes floor` : ""}`,
    })),
  };
}

function sentence(
  { evaluation, quantities, reference, words }: VerdictInput,
  found: (wanted: Finding) => readonly Quantity[],
): string {
  const { name, residuals } = evaluation.model;
  const names = (list: readonly Quantity[]) => list.map((q) => quantityText[q].label).join(", ");
  const n = residuals[quantities[0]]?.length ?? 0;
  const [better, worse, open] = [found("better"), found("worse"), found("undecided")];
  const parts = [
    ...(better.length > 0 ? [`brings ${names(better)} closer to the ${reference} values`] : []),
    ...(worse.length > 0 ? [`moves ${names(worse)} farther from the ${reference} values`] : []),
  ];
  const undecided =
    open.length > 0
      ? `${parts.length > 0 ? " For" : "For"} ${names(open)}, ${countText(n)} test ${words.many} show no difference beyond two standard deviations.`
      : "";
  return parts.length > 0
    ? `${name} ${parts.join(" and ")} than the L1 measurement.${undecided}`
    : `${undecided} ${name} may still be better or worse than L1.`;
}

/** Above this smallest visible change (relative) a table says how little the rows can tell. */
const coarse = 0.02;

/**
 * How much the test rows can tell: the smallest change that they would show, and how much of the
 * squared error is due to a single object; null where there are rows enough.
 */
export function sensitivitySection({
  evaluation,
  quantities,
  words,
  learned,
}: VerdictInput): Section | null {
  const all = sensitivities(evaluation, quantities);
  if (all.every(({ smallestChange }) => smallestChange < coarse)) return null;
  const n = evaluation.model.residuals[quantities[0]]?.length ?? 0;
  return {
    title: "What these rows can tell",
    text: [
      `There are ${countText(n)} test ${words.many}. An error that differs from that of L1 by less than the smallest visible change (two standard deviations of the ratio, by Student, on the same ${words.many}) cannot be told from it; four times as many ${words.many} halve it. Where one ${words.one} carries much of the squared error, the root mean square and its uncertainty hang on that ${words.one}: trust the width instead.`,
      ...(learned && learned.rows < learned.parameters
        ? [
            `The network has ${countText(learned.parameters)} weights and saw ${countText(learned.rows)} ${words.many}: another split or seed gives another model, and this one says little about the next ${words.many}. Apply a model that was trained on more (--apply).`,
          ]
        : []),
    ],
    tables: [
      {
        title: "Sensitivity",
        caption: `The worst ${words.one} has this share of the summed squared residuals.`,
        columns: [
          { name: "" },
          { name: "Error over L1" },
          { name: "Smallest visible change" },
          { name: `Worst ${words.one}, L1` },
          { name: `Worst ${words.one}, after` },
          { name: "Finding" },
        ],
        rows: all.map((s) => [
          errorLabel[s.quantity],
          s.overLevel1,
          s.smallestChange,
          s.largestShare.level1,
          s.largestShare.model,
          s.finding,
        ]),
      },
    ],
  };
}

/** Share of the largest squared residual in their sum. */
function largestShare({ residuals }: Candidate, q: Quantity): number {
  let [sum, largest] = [0, 0];
  for (const r of residuals[q] ?? []) {
    sum += r * r;
    largest = Math.max(largest, r * r);
  }
  return sum > 0 ? largest / sum : 0;
}
