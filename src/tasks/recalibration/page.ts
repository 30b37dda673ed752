import type { FitResult } from "../../nn/index.ts";
import type { Page, Section, TableData } from "../../report/index.ts";
import { formatWithUncertainty } from "../../report/index.ts";
import type { Measured } from "../../stats/index.ts";
import type { RecalibrationConfig } from "./config.ts";
import type { InferenceCost } from "./cost.ts";
import type { Errors, Evaluation } from "./evaluate.ts";
import {
  correlation,
  distribution,
  equalRateThresholds,
  type FigureContext,
  residuals,
  type TurnOnPts,
  trend,
  turnOnFigure,
  turnOnThresholds,
} from "./figures.ts";
import type { Dataset } from "./prepare.ts";
import { type Quantity, quantities, quantityText } from "./quantities.ts";

/** Everything the report shows. */
export interface PageInput {
  readonly data: Dataset;
  readonly config: RecalibrationConfig;
  readonly evaluation: Evaluation;
  readonly cost: InferenceCost;
  readonly fit: Pick<FitResult, "history" | "best" | "reason">;
  /** Offline, L1 and finally used pt of all test muons, inside and outside the window. */
  readonly turnOn: TurnOnPts | null;
  readonly seconds: number;
  readonly provenance: object;
}

const minimizeText: Readonly<Record<RecalibrationConfig["minimize"], string>> = {
  relative:
    "The network minimizes the mean square of p_{T}/p_{T}^{ref} - 1, the error of Table 1 itself. This helps rates and resolutions that count every muon: one measured far too high costs much, so the answer leans low where the measurement is uncertain.",
  delta:
    "The network minimizes the squared (or log-cosh) difference L1 - reference in GeV, as in the report. This helps sums and masses, where an error in GeV is what matters; high momenta dominate it.",
  width:
    "The network minimizes log-cosh of the logarithm of p_{T}/p_{T}^{ref}, which counts far tails only linearly. This helps sharp turn-on curves and unbiased medians; rare bad measurements stay bad.",
};

/** The report of a run, as data. */
export function reportPage(input: PageInput): Page {
  const { data, config, evaluation } = input;
  const model = `Network ${config.model}`;
  const context: FigureContext = {
    evaluation,
    quantities: data.quantities,
    reference: data.source.reference,
    model,
    tag: config.simulated ? "Simulation" : undefined,
  };
  return {
    title: "Level-1 muon recalibration",
    subtitle: `${config.simulated ? "Simulated muons" : data.source.title}, ${data.counts.test.toLocaleString("en-US")} test muons with ${config.ptMin} < L1 p_{T} < ${config.ptMax} GeV`,
    verdict: verdict(evaluation, data.quantities, model, data.source.reference),
    sections: [
      results(input, model),
      inputSection(input, context),
      residualSection(context),
      ...(input.turnOn ? [triggerSection(input.turnOn, context)] : []),
      trendSection(context),
      trainingSection(input, model),
    ],
    configuration: config,
    provenance: input.provenance,
  };
}

function verdict(
  { before, after, overFloor }: Evaluation,
  used: readonly Quantity[],
  model: string,
  reference: string,
): NonNullable<Page["verdict"]> {
  const better = used.filter((q) => gain(before[q], after[q]) > 2);
  const worse = used.filter((q) => gain(before[q], after[q]) < -2);
  const names = (list: readonly Quantity[]) => list.map((q) => quantityText[q].label).join(", ");
  const text =
    better.length === 0
      ? `${model} does not improve on the L1 measurement within uncertainties.`
      : `${model} brings ${names(better)} closer to the ${reference} values than the L1 measurement${worse.length > 0 ? `, but ${names(worse)} farther away` : ""}.`;
  return {
    text,
    status: better.length === 0 ? "neutral" : worse.length > 0 ? "bad" : "good",
    headlines: used.map((q) => ({
      label: errorLabel[q],
      value: after[q] as Measured,
      ...(q === "phi" ? { unit: "rad" } : {}),
      note: `L1 ${formatWithUncertainty(before[q] as Measured)}${overFloor?.[q] ? `, ${formatWithUncertainty(overFloor[q])} of the Bayes floor` : ""}`,
    })),
  };
}

/** Improvement in standard deviations, as if independent: an underestimate on common rows. */
function gain(before: Measured | undefined, after: Measured | undefined): number {
  if (!before || !after) return 0;
  return (before.value - after.value) / Math.hypot(before.uncertainty, after.uncertainty);
}

const errorLabel: Readonly<Record<Quantity | "ptWidth", string>> = {
  phi: "rms Δφ",
  eta: "rms Δη",
  pt: "rms p_{T} / p_{T}^{ref} - 1",
  ptWidth: "width of p_{T} / p_{T}^{ref}",
};

function results({ config, evaluation, data, cost }: PageInput, model: string): Section {
  const columns = [
    ...data.quantities,
    ...(data.quantities.includes("pt") ? ["ptWidth" as const] : []),
  ];
  const row = (name: string, errors: Errors) => [name, ...columns.map((c) => errors[c] ?? null)];
  const { before, after, floor, overFloor } = evaluation;
  const errors: TableData = {
    title: "Errors on the test part",
    caption: `Root mean square errors as in the report's Table 7, and half of the central 68 % of the p_{T} ratio over its median; uncertainties are bootstrapped.${floor ? " The Bayes floor is the smallest error that any function of the L1 integers can reach, computed from the generator on the same muons." : ""}`,
    columns: [
      { name: "" },
      ...columns.map((c) => ({
        name: errorLabel[c],
        ...(c === "phi" ? { unit: "rad" } : {}),
        best: "min" as const,
      })),
    ],
    rows: [
      row("L1", before),
      row(model, after),
      ...(floor ? [row("Bayes floor", floor)] : []),
      ...(overFloor ? [row(`${model} / floor`, overFloor)] : []),
    ],
    reference: floor ? [2, 3] : [],
  };
  const absent = quantities.filter((q) => !data.quantities.includes(q));
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
      minimizeText[config.minimize],
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
        columns: [{ name: "" }, { name: "Muons" }],
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
      ...data.quantities.map((q) => correlation(q, context, false)),
    ],
  };
}

function residualSection(context: FigureContext): Section {
  return {
    title: "Before and after",
    figures: [
      ...context.quantities.map((q) => residuals(q, context)),
      ...context.quantities.map((q) => correlation(q, context, true)),
      ...context.quantities.map((q) => distribution(q, context, true)),
    ],
  };
}

/** A threshold on the pt, GeV, and the share of all test muons that pass it. */
export interface Passing {
  readonly threshold: number;
  readonly before: Measured;
  readonly after: Measured;
  /** Threshold on the calibrated pt that passes as many as L1 does, GeV. */
  readonly equalRateThreshold: number;
}

/** What passes the thresholds of a trigger menu. */
export function passing(pts: TurnOnPts): Passing[] {
  const share = (pt: Float64Array, threshold: number): Measured => {
    const p = pt.reduce((n, x) => n + Number(x >= threshold), 0) / pt.length;
    return { value: p, uncertainty: Math.sqrt((p * (1 - p)) / pt.length) };
  };
  const same = equalRateThresholds(pts);
  return turnOnThresholds.map((threshold, i) => ({
    threshold,
    before: share(pts.before, threshold),
    after: share(pts.after, threshold),
    equalRateThreshold: Number(same[i].toFixed(2)),
  }));
}

function triggerSection(pts: TurnOnPts, context: FigureContext): Section {
  return {
    title: "Trigger",
    figures: [
      turnOnFigure(context, pts, { equalRate: false }),
      turnOnFigure(context, pts, { equalRate: true }),
    ],
    tables: [
      {
        title: "Share of muons that pass a threshold",
        caption: `Of all test muons. The last column is the threshold on the calibrated p_{T} that passes as many as L1 does.`,
        columns: [
          { name: "Threshold", unit: "GeV" },
          { name: "L1" },
          { name: context.model },
          { name: "Threshold at the L1 rate", unit: "GeV" },
        ],
        rows: passing(pts).map((p) => [
          String(p.threshold),
          p.before,
          p.after,
          p.equalRateThreshold,
        ]),
      },
    ],
  };
}

function trendSection(context: FigureContext): Section {
  return {
    title: "Resolution and bias",
    figures: context.quantities.flatMap((q) =>
      (["resolution", "bias"] as const).flatMap((kind) =>
        context.quantities.map((variable) => trend(q, variable, kind, context)),
      ),
    ),
  };
}

function trainingSection({ fit, data, config, seconds }: PageInput, model: string): Section {
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
      `${model}: ${history.length} epochs of ${data.counts.train.toLocaleString("en-US")} muons in batches of ${config.batch} (${why[reason]}); the weights of epoch ${bestEpoch} are kept. The whole run took ${seconds.toFixed(0)} s.`,
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
