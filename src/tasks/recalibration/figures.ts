import {
  type FigureData,
  heatmapCells,
  histogramSeries,
  outsideShare,
  profileSeries,
} from "../../report/index.ts";
import {
  binsFromEdges,
  createHistogram2d,
  fillHistogram2d,
  histogram,
  type Measured,
  profile,
} from "../../stats/index.ts";
import { residualBins, trimmed, valueBins } from "./bins.ts";
import { type Candidate, candidatesOf, type Evaluation } from "./evaluate.ts";
import {
  type ObjectKind,
  type Quantity,
  quantityText,
  type Values,
  type Variable,
} from "./quantities.ts";
import { capital, wordsOf } from "./words.ts";

/** What all figures of a run share. */
export interface FigureContext {
  readonly object: ObjectKind;
  readonly evaluation: Evaluation;
  readonly quantities: readonly Quantity[];
  /** What resolution and bias are shown against, per test row inside the window. */
  readonly variables: readonly Variable[];
  /** "offline" or "generated". */
  readonly reference: string;
  /** "Simulation" where the input is simulated. */
  readonly tag: string | undefined;
}

export const axisOf = (q: Quantity, of: string) => {
  const { label, unit } = quantityText[q];
  return { label: `${of} ${label}`, ...(unit ? { unit } : {}) };
};

/** Label of the error of a quantity, as the report's Table 7 defines it. */
const residualAxis: Readonly<Record<Quantity, { label: string; unit?: string }>> = {
  phi: { label: "Δφ", unit: "rad" },
  eta: { label: "Δη" },
  pt: { label: "p_{T} / p_{T}^{ref} - 1" },
};

export const common = ({ tag }: FigureContext, n: number) => ({ n, ...(tag ? { tag } : {}) });

/** Distributions of L1, calibrated (if asked for) and offline values: Figures 5 and 11. */
export function distribution(q: Quantity, context: FigureContext, calibrated: boolean): FigureData {
  const { evaluation, reference, object } = context;
  const { level1, model } = evaluation;
  const { One, Many } = wordsOf[object];
  const offline = evaluation.offline[q] as Float64Array;
  const bins = valueBins(object, q, offline);
  const series = (name: string, values: Values, style: "line" | "fill" | "points") =>
    histogramSeries(name, histogram(bins, values[q] as Float64Array), {
      style,
      errors: style !== "fill",
    });
  return {
    kind: "stepHistogram",
    title: `Distribution of ${quantityText[q].label}`,
    caption: calibrated
      ? `L1 and calibrated values against the ${reference} ones; the lower panel shows their ratio to ${reference}.`
      : `L1 against ${reference} values; the lower panel shows their ratio.`,
    x: axisOf(q, One),
    y: { label: `${Many} per bin`, ...(q === "pt" ? { log: true } : {}) },
    series: [
      series(capital(reference), evaluation.offline, "fill"),
      series(level1.name, level1.values, "line"),
      ...(calibrated ? [series(model.name, model.values, "points")] : []),
    ],
    lower: "ratio",
    ...common(context, offline.length),
  };
}

/** L1 (or calibrated) against offline, object by object: Figures 5 and 11. */
export function correlation(
  q: Quantity,
  context: FigureContext,
  { name, values }: Pick<Candidate, "name" | "values">,
): FigureData {
  const { evaluation, reference, object } = context;
  const offline = evaluation.offline[q] as Float64Array;
  const bins = valueBins(object, q, offline);
  const h = createHistogram2d(bins, bins);
  fillHistogram2d(h, { xs: offline, ys: values[q] as Float64Array });
  const isLevel1 = name === evaluation.level1.name;
  return {
    kind: "heatmap2d",
    title: `${name} against ${reference} ${quantityText[q].label}`,
    caption: `A perfect measurement lies on the dashed diagonal${isLevel1 ? "" : "; compare with the same figure of L1"}.`,
    x: axisOf(q, capital(reference)),
    y: axisOf(q, name),
    ...heatmapCells(h),
    colorLabel: `${wordsOf[object].Many} per cell`,
    diagonal: true,
    ...common(context, offline.length),
  };
}

/** Residuals before and after with their root mean squares: Figure 11, first row. */
export function residuals(q: Quantity, context: FigureContext): FigureData {
  const { evaluation, reference, object } = context;
  const { Many, many } = wordsOf[object];
  const bins = residualBins(object, q);
  return {
    kind: "residualCurves",
    title: `Residuals of ${quantityText[q].label}`,
    caption: `Difference from the ${reference} value before and after recalibration; the legend gives the root mean square over all test ${many}.`,
    x: residualAxis[q],
    y: { label: `${Many} per bin` },
    series: shown(evaluation).map(({ name, residuals, errors }) => {
      const h = histogram(bins, residuals[q] as Float64Array);
      return {
        ...histogramSeries(name, h, { errors: false }),
        rms: errors[q] as Measured,
        outside: outsideShare(h),
      };
    }),
    ...common(context, evaluation.offline[q]?.length ?? 0),
  };
}

/** The candidates of curves: of several baselines the first, the fitted one. */
function shown(evaluation: Evaluation): Candidate[] {
  const { level1, baselines, model } = evaluation;
  return candidatesOf({ ...evaluation, level1, model, baselines: baselines.slice(0, 1) });
}

/** Resolution (half of the central 68 %) or bias (median) of q in bins of a variable. */
export function trend(
  q: Quantity,
  variable: Variable,
  kind: "resolution" | "bias",
  context: FigureContext,
): FigureData {
  const quantity = kind === "resolution" ? "halfWidth" : "median";
  const bins = binsFromEdges(trimmed(variable.edges, variable.values));
  const { label, unit } = residualAxis[q];
  const of = kind === "resolution" ? "Half of central 68 % of" : "Median of";
  return {
    kind: "profilePlot",
    title: `${capital(kind)} of ${quantityText[q].label} versus ${lowered(variable.label)}`,
    caption:
      kind === "resolution"
        ? "Half of the central 68 % of the residuals in bins; lower is better."
        : "Median residual in bins; a fair measurement stays at zero.",
    x: { label: variable.label, ...(variable.unit ? { unit: variable.unit } : {}) },
    y: { label: `${of} ${label}`, ...(unit ? { unit } : {}) },
    series: shown(context.evaluation).map(({ name, residuals }) =>
      profileSeries(name, profile(bins, variable.values, residuals[q] as Float64Array), {
        quantity,
        least: 20,
      }),
    ),
    ...(kind === "bias" ? { zeroLine: true } : {}),
    ...common(context, variable.values.length),
  };
}

/** "Offline p_{T}" in a title: "offline p_{T}"; "L1 η" stays. */
const lowered = (label: string) =>
  /^[A-Z][a-z]/.test(label) ? label[0].toLowerCase() + label.slice(1) : label;
