import { muonScales } from "../../cms/index.ts";
import {
  efficiencySeries,
  type FigureData,
  heatmapCells,
  histogramSeries,
  outsideShare,
  profileSeries,
} from "../../report/index.ts";
import {
  type Binning,
  binsFromEdges,
  createHistogram2d,
  fillHistogram2d,
  histogram,
  profile,
  quantile,
  turnOn,
  uniformBins,
} from "../../stats/index.ts";
import type { Evaluation } from "./evaluate.ts";
import { type Quantity, quantityText, type Values } from "./quantities.ts";

/** What all figures of a run share. */
export interface FigureContext {
  readonly evaluation: Evaluation;
  readonly quantities: readonly Quantity[];
  /** "offline" or "generated". */
  readonly reference: string;
  /** Name of the model in legends. */
  readonly model: string;
  /** "Simulation" where the input is simulated. */
  readonly tag: string | undefined;
}

const axisOf = (q: Quantity, of: string) => {
  const { label, unit } = quantityText[q];
  return { label: `${of} ${label}`, ...(unit ? { unit } : {}) };
};

/** Label of the error of a quantity, as the report's Table 7 defines it. */
const residualAxis: Readonly<Record<Quantity, { label: string; unit?: string }>> = {
  phi: { label: "Δφ", unit: "rad" },
  eta: { label: "Δη" },
  pt: { label: "p_{T} / p_{T}^{ref} - 1" },
};

/** Bins that hold equally many steps of the hardware scales, edges between the steps. */
function valueBins(q: Quantity, values: ArrayLike<number>): Binning {
  const { hwPhiL1, hwEtaL1 } = muonScales;
  if (q === "phi") return uniformBins(72, -hwPhiL1.width / 2, 2 * Math.PI - hwPhiL1.width / 2);
  if (q === "pt") return uniformBins(60, 0, 60);
  const [low, high] = [quantile(values, 0), quantile(values, 1)];
  const step = high - low > 2 ? 8 * hwEtaL1.width : hwEtaL1.width;
  const from = Math.floor(low / step);
  const to = Math.ceil(high / step) + 1;
  return uniformBins(to - from, (from - 1 / 16) * step, (to - 1 / 16) * step);
}

const common = ({ tag }: FigureContext, n: number) => ({ n, ...(tag ? { tag } : {}) });
const capital = (text: string) => text[0].toUpperCase() + text.slice(1);

/** Distributions of L1, calibrated (if asked for) and offline values: Figures 5 and 11. */
export function distribution(q: Quantity, context: FigureContext, calibrated: boolean): FigureData {
  const { evaluation, reference, model } = context;
  const offline = evaluation.offline[q] as Float64Array;
  const bins = valueBins(q, offline);
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
    x: axisOf(q, "Muon"),
    y: { label: "Muons per bin", ...(q === "pt" ? { log: true } : {}) },
    series: [
      series(capital(reference), evaluation.offline, "fill"),
      series("L1", evaluation.level1, "line"),
      ...(calibrated ? [series(model, evaluation.calibrated, "points")] : []),
    ],
    lower: "ratio",
    ...common(context, offline.length),
  };
}

/** L1 (or calibrated) against offline, muon by muon: Figures 5 and 11. */
export function correlation(q: Quantity, context: FigureContext, after: boolean): FigureData {
  const { evaluation, reference, model } = context;
  const offline = evaluation.offline[q] as Float64Array;
  const values = (after ? evaluation.calibrated : evaluation.level1)[q] as Float64Array;
  const bins = valueBins(q, offline);
  const h = createHistogram2d(bins, bins);
  fillHistogram2d(h, { xs: offline, ys: values });
  const name = after ? model : "L1";
  return {
    kind: "heatmap2d",
    title: `${name} against ${reference} ${quantityText[q].label}`,
    caption: `A perfect measurement lies on the dashed diagonal${after ? "; compare with the same figure of L1" : ""}.`,
    x: axisOf(q, capital(reference)),
    y: axisOf(q, name),
    ...heatmapCells(h),
    colorLabel: "Muons per cell",
    diagonal: true,
    ...common(context, offline.length),
  };
}

const residualRange: Readonly<Record<Quantity, number>> = { phi: 1, eta: 0.15, pt: 1.5 };

/** Residuals before and after with their root mean squares: Figure 11, first row. */
export function residuals(q: Quantity, context: FigureContext): FigureData {
  const { evaluation, model, reference } = context;
  const range = residualRange[q];
  const bins = uniformBins(80, q === "pt" ? -1 : -range, range);
  const series = (name: string, values: Values, part: "before" | "after") => {
    const h = histogram(bins, values[q] as Float64Array);
    const rms = evaluation[part][q];
    return {
      ...histogramSeries(name, h, { errors: false }),
      rms: rms as NonNullable<typeof rms>,
      outside: outsideShare(h),
    };
  };
  return {
    kind: "residualCurves",
    title: `Residuals of ${quantityText[q].label}`,
    caption: `Difference from the ${reference} value before and after recalibration; the legend gives the root mean square over all test muons.`,
    x: residualAxis[q],
    y: { label: "Muons per bin" },
    series: [
      series("L1", evaluation.residuals.before, "before"),
      series(model, evaluation.residuals.after, "after"),
    ],
    ...common(context, evaluation.residuals.after[q]?.length ?? 0),
  };
}

function profileBins(variable: Quantity, values: ArrayLike<number>): Binning {
  if (variable === "pt")
    return binsFromEdges([3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 33, 40, 50, 70]);
  if (variable === "phi") return uniformBins(18, 0, 2 * Math.PI);
  const { edges } = valueBins("eta", values);
  return uniformBins(16, edges[0], edges[edges.length - 1]);
}

/** Resolution (half of the central 68 %) or bias (median) of q in bins of an offline variable. */
export function trend(
  q: Quantity,
  variable: Quantity,
  kind: "resolution" | "bias",
  context: FigureContext,
): FigureData {
  const { evaluation, model, reference } = context;
  const xs = evaluation.offline[variable] as Float64Array;
  const bins = profileBins(variable, xs);
  const quantity = kind === "resolution" ? "halfWidth" : "median";
  const series = (name: string, values: Values) =>
    profileSeries(name, profile(bins, xs, values[q] as Float64Array), { quantity, least: 20 });
  const { label, unit } = residualAxis[q];
  const of = kind === "resolution" ? "Half of central 68 % of" : "Median of";
  return {
    kind: "profilePlot",
    title: `${capital(kind)} of ${quantityText[q].label} versus ${quantityText[variable].label}`,
    caption:
      kind === "resolution"
        ? `Half of the central 68 % of the residuals in bins of the ${reference} value; lower is better.`
        : `Median residual in bins of the ${reference} value; a fair measurement stays at zero.`,
    x: axisOf(variable, capital(reference)),
    y: { label: `${of} ${label}`, ...(unit ? { unit } : {}) },
    series: [series("L1", evaluation.residuals.before), series(model, evaluation.residuals.after)],
    ...(kind === "bias" ? { zeroLine: true } : {}),
    ...common(context, xs.length),
  };
}

/** Thresholds a trigger menu has on single and double muons, GeV. */
export const turnOnThresholds = [5, 10, 20, 22];

/** pt of all test muons, GeV: offline, by L1, and by L1 with the calibration in its window. */
export interface TurnOnPts {
  readonly offline: Float64Array;
  readonly before: Float64Array;
  readonly after: Float64Array;
}

/**
 * Efficiency against offline pt: of the same thresholds on L1 and calibrated pt, or of thresholds
 * on the calibrated pt that let as many muons through as the L1 ones (`equalRate`).
 */
export function turnOnFigure(
  context: FigureContext,
  pts: TurnOnPts,
  { equalRate }: { readonly equalRate: boolean },
): FigureData {
  const { reference, model } = context;
  const bins = binsFromEdges([
    ...Array.from({ length: 16 }, (_, i) => 2 * i),
    32,
    35,
    38,
    42,
    46,
    50,
    60,
  ]);
  const series = (decision: Float64Array, threshold: number) =>
    efficiencySeries(turnOn(bins, { reference: pts.offline, decision, threshold }));
  const same = equalRateThresholds(pts);
  return {
    kind: "turnOn",
    title: equalRate ? "Turn-on curves at the same rate" : "Turn-on curves at the same threshold",
    caption: equalRate
      ? `Thresholds on the calibrated p_{T} (${same.map((t) => t.toFixed(1)).join(", ")} GeV) let through as many test muons as the L1 ones in the legend: at equal rate, the curve that rises later and steeper rejects more soft muons, and the higher one beyond keeps more of the wanted ones.`
      : `Share of muons with an L1 candidate that pass a threshold, with Clopper-Pearson intervals. Muons outside the calibrated p_{T} window keep their L1 p_{T}. L1 reports a p_{T} that is high on purpose, so its curves rise before the threshold; compare them at equal rate too.`,
    x: axisOf("pt", capital(reference)),
    y: { label: "Efficiency" },
    beforeName: "L1",
    afterName: model,
    thresholds: turnOnThresholds.map((threshold, i) => ({
      threshold,
      before: series(pts.before, threshold),
      after: series(pts.after, equalRate ? same[i] : threshold),
    })),
    ...common(context, pts.offline.length),
  };
}

/** Thresholds on the calibrated pt that pass as many muons as `turnOnThresholds` on the L1 pt. */
export function equalRateThresholds({ before, after }: TurnOnPts): number[] {
  return turnOnThresholds.map((threshold) => {
    const failed = before.reduce((n, pt) => n + Number(pt < threshold), 0);
    return quantile(after, failed / before.length);
  });
}
