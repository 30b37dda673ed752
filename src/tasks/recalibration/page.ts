import type { FitResult } from "../../nn/index.ts";
import type { Page, Section, TableData } from "../../report/index.ts";
import { offlineVariables } from "./bins.ts";
import type { RecalibrationConfig } from "./config.ts";
import type { InferenceCost } from "./cost.ts";
import { candidatesOf, type Errors, type Evaluation } from "./evaluate.ts";
import { correlation, distribution, type FigureContext, residuals, trend } from "./figures.ts";
import { type Dataset, take } from "./prepare.ts";
import { quantities, quantityText } from "./quantities.ts";
import { type TurnOnPts, triggerSection } from "./trigger.ts";
import { errorLabel, sensitivitySection, verdict } from "./verdict.ts";
import { capital, countText, type Words, wordsOf } from "./words.ts";

/** Everything the report shows. */
export interface PageInput {
  readonly data: Dataset;
  readonly config: RecalibrationConfig;
  readonly evaluation: Evaluation;
  readonly cost: InferenceCost;
  /** Null where a model was given. */
  readonly fit: Pick<FitResult, "history" | "best" | "reason"> | null;
  /** Offline, L1 and finally used pt of all test objects, inside and outside the window. */
  readonly turnOn: TurnOnPts | null;
  readonly seconds: number;
  readonly provenance: object;
}

const minimizeText: Readonly<Record<RecalibrationConfig["minimize"], (w: Words) => string>> = {
  relative: ({ one }) =>
    `The network minimizes the mean square of p_{T}/p_{T}^{ref} - 1, the error of Table 1 itself. This helps rates and resolutions that count every ${one}: one measured far too high costs much, so the answer leans low where the measurement is uncertain.`,
  delta: () =>
    "The network minimizes the squared (or log-cosh) difference L1 - reference in GeV, as in the report. This helps sums and masses, where an error in GeV is what matters; high momenta dominate it.",
  width: () =>
    "The network minimizes log-cosh of the logarithm of p_{T}/p_{T}^{ref}, which counts far tails only linearly. This helps sharp turn-on curves and unbiased medians; rare bad measurements stay bad.",
};

const flatText =
  "Rows were weighed so that p_{T}^{ref} is flat in log p_{T}. On a falling spectrum the answer leans toward momenta that are frequent; on a flat one the scale of rare high momenta is kept, at the price of larger errors on what is frequent.";

/** The report of a run, as data. */
export function reportPage(input: PageInput): Page {
  const { data, config, evaluation, fit } = input;
  const { source } = data;
  const { reference, object } = source;
  const words = wordsOf[object];
  const test = data.parts.test;
  const context: FigureContext = {
    object,
    evaluation,
    quantities: data.quantities,
    variables:
      data.variables?.map((v) => ({ ...v, values: take(v.values, test) })) ??
      offlineVariables(object, evaluation.offline, { quantities: data.quantities, reference }),
    reference,
    tag: config.simulated ? "Simulation" : undefined,
  };
  const judged = {
    evaluation,
    quantities: data.quantities,
    reference,
    words,
    learned: fit && { rows: data.counts.train, parameters: input.cost.parameters },
  };
  const limits = sensitivitySection(judged);
  return {
    title: `Level-1 ${words.one} recalibration`,
    subtitle: `${config.simulated ? `Simulated ${words.many}` : capital(source.title)}, ${countText(data.counts.test)} test ${words.many} with ${config.ptMin} < L1 p_{T} < ${config.ptMax} GeV`,
    verdict: verdict(judged),
    sections: [
      results(input),
      ...(limits ? [limits] : []),
      inputSection(input, context),
      residualSection(context),
      ...(input.turnOn ? [triggerSection(input.turnOn, context)] : []),
      trendSection(context),
      ...(fit ? [trainingSection({ ...input, fit })] : []),
    ],
    configuration: config,
    provenance: input.provenance,
  };
}

function results({ config, evaluation, data, cost }: PageInput): Section {
  const columns = [
    ...data.quantities,
    ...(data.quantities.includes("pt") ? ["ptWidth" as const] : []),
  ];
  const row = (name: string, errors: Errors) => [name, ...columns.map((c) => errors[c] ?? null)];
  const { floor, model } = evaluation;
  const candidates = candidatesOf(evaluation);
  const errors: TableData = {
    title: "Errors on the test part",
    caption: `Root mean square errors as in the report's Table 7, and half of the central 68 % of the p_{T} ratio over its median; uncertainties are bootstrapped.${floor ? " The Bayes floor is the smallest error that any function of the inputs can reach, computed from the generator." : ""}`,
    columns: [
      { name: "" },
      ...columns.map((c) => ({
        name: errorLabel[c],
        ...(c === "phi" ? { unit: "rad" } : {}),
        best: "min" as const,
      })),
    ],
    rows: [
      ...candidates.map(({ name, errors }) => row(name, errors)),
      ...(floor ? [row("Bayes floor", floor)] : []),
      ...(model.overFloor ? [row(`${model.name} / floor`, model.overFloor)] : []),
    ],
    reference: floor ? [candidates.length, candidates.length + 1] : [],
  };
  const isMuons = data.source.object === "muons"; // of jets only pt is recalibrated
  const absent = quantities.filter((q) => isMuons && !data.quantities.includes(q));
  const costs: TableData = {
    title: "Cost of one inference",
    caption:
      "Counted node by node in the exported file, features and units included; the report's Table 8 approximates H (D + N H + T).",
    columns: [{ name: "" }, { name: "Exact" }, { name: "Report's formula" }],
    rows: [
      ["Floating-point operations", cost.flops, cost.reportFlops],
      ["Multiply-accumulates", cost.macs, null],
      ["Parameters", cost.parameters, null],
    ],
  };
  return {
    title: "Result",
    text: [
      minimizeText[config.minimize](wordsOf[data.source.object]),
      ...(config.spectrum === "flat" ? [flatText] : []),
      ...(absent.length > 0
        ? [
            `This file has no L1 or ${data.source.reference} value of ${absent.map((q) => quantityText[q].label).join(", ")}; the other quantities are recalibrated.`,
          ]
        : []),
    ],
    tables: [errors, costs],
  };
}

function inputSection({ data }: PageInput, context: FigureContext): Section {
  const c = data.counts;
  return {
    title: "Input",
    tables: [
      {
        title: "Rows",
        columns: [{ name: "" }, { name: wordsOf[data.source.object].Many }],
        rows: [
          ["Read", c.read],
          ["Duplicates dropped", c.duplicates],
          ["Without offline partner", c.unmatched],
          ["Outside the p_{T} window", c.outsidePt],
          ["Training", c.train],
          ["Validation", c.validation],
          ["Test", c.test],
        ],
      },
    ],
    figures: [
      ...data.quantities.map((q) => distribution(q, context, false)),
      ...data.quantities.map((q) => correlation(q, context, context.evaluation.level1)),
    ],
  };
}

function residualSection(context: FigureContext): Section {
  return {
    title: "Before and after",
    figures: [
      ...context.quantities.map((q) => residuals(q, context)),
      ...context.quantities.map((q) => correlation(q, context, context.evaluation.model)),
      ...context.quantities.map((q) => distribution(q, context, true)),
    ],
  };
}

function trendSection(context: FigureContext): Section {
  return {
    title: "Resolution and bias",
    figures: context.quantities.flatMap((q) =>
      (["resolution", "bias"] as const).flatMap((kind) =>
        context.variables.map((variable) => trend(q, variable, kind, context)),
      ),
    ),
  };
}

function trainingSection({
  fit,
  data,
  config,
  seconds,
  evaluation,
}: PageInput & { readonly fit: NonNullable<PageInput["fit"]> }): Section {
  const words = wordsOf[data.source.object];
  const { history, best, reason } = fit;
  const bestEpoch = best ? best.epoch + 1 : history.length;
  const why = {
    epochs: "all epochs done",
    earlyStopping: "early stopping",
    maxSeconds: "time limit",
  };
  return {
    title: "Training",
    text: [
      `${evaluation.model.name}: ${history.length} epochs of ${countText(data.counts.train)} ${words.many} in batches of ${config.batch} (${why[reason]}); the weights of epoch ${bestEpoch} are kept. The whole run took ${seconds.toFixed(0)} s.`,
    ],
    figures: [
      {
        kind: "learningCurves",
        title: "Learning curves",
        caption: "Loss per epoch; the weights of the marked epoch are the ones exported.",
        y: { label: "Loss" },
        train: history.map((h) => h.loss),
        validation: history.map((h) => h.validationLoss ?? Number.NaN),
        bestEpoch,
      },
    ],
  };
}
