import type { AxisData, FigureData } from "../../report/index.ts";
import type { Measured } from "../../stats/index.ts";
import { offlineVariables } from "../recalibration/bins.ts";
import {
  correlation,
  distribution,
  type FigureContext,
  residuals,
} from "../recalibration/figures.ts";
import type { Dataset } from "../recalibration/prepare.ts";
import { type Quantity, quantityText } from "../recalibration/quantities.ts";
import { errorLabel } from "../recalibration/verdict.ts";
import { type Choice, chooseKernels } from "./choose.ts";
import {
  isKernel,
  isNetwork,
  kernelName,
  type Rms,
  type TuningPoint,
  type TuningResult,
} from "./job.ts";
import { frontOf, representatives, type StudyModel, type Summary } from "./summary.ts";

/** What the figures of a study share. */
export interface StudyFigures {
  readonly data: Dataset;
  readonly summary: Summary;
  readonly tuned: readonly TuningResult[];
  /** "Simulation" where the input is simulated. */
  readonly tag: string | undefined;
}

const tagged = ({ tag, data }: StudyFigures, n: number = data.counts.validation) => ({
  n,
  ...(tag ? { tag } : {}),
});

/** The Gaussian that Figure 12 is drawn around: the best with the most centers tuned. */
export function figure12Choice(tuned: readonly TuningResult[], level1: Rms): Choice | null {
  const centers = Math.max(
    0,
    ...tuned
      .filter(({ job }) => job.kernel.type === "gaussian")
      .flatMap(({ points }) => points.map((p) => p.centers)),
  );
  return chooseKernels(tuned, level1, { type: "gaussian", centers });
}

/** Logarithmic where the errors span much. */
function errorAxis(label: string, series: readonly { readonly y: readonly number[] }[]): AxisData {
  const values = series.flatMap(({ y }) => y);
  return Math.max(...values) > 8 * Math.min(...values) ? { label, log: true } : { label };
}

/** The report's Figure 12: one parameter of the Gaussian varied, the two others at their best. */
export function gaussianCurves(figures: StudyFigures): FigureData[] {
  const { tuned, summary, data } = figures;
  const best = figure12Choice(tuned, summary.level1);
  if (!best) return [];
  const gaussians = tuned.filter(({ job }) => job.kernel.type === "gaussian");
  const { point, result } = best;
  const atWidth = result.points.filter((p) => p.lambda === point.lambda);
  const beyond = summary.models.flatMap(({ result: r }) =>
    isKernel(r) && r.job.kernel.type === "gaussian" && r.job.centers > point.centers
      ? [{ at: r.job.centers, validation: r.validation }]
      : [],
  );
  const curves = [
    {
      parameter: "width",
      label: "Width of the Gaussian (scaled features)",
      fixed: `M = ${point.centers}, λ = ${point.lambda}`,
      points: gaussians.flatMap((r) =>
        r.points
          .filter((p) => p.centers === point.centers && p.lambda === point.lambda)
          .map((p) => ({ at: widthOf(r), validation: p.validation })),
      ),
    },
    {
      parameter: "λ",
      label: "Regularization λ",
      fixed: `M = ${point.centers}, width ${widthOf(result).toPrecision(3)}`,
      points: result.points
        .filter((p) => p.centers === point.centers)
        .map((p) => ({ at: p.lambda, validation: p.validation })),
    },
    {
      parameter: "M",
      label: "Number of centers M",
      fixed: `width ${widthOf(result).toPrecision(3)}, λ = ${point.lambda}`,
      points: [...atWidth.map((p) => ({ at: p.centers, validation: p.validation })), ...beyond],
    },
  ];
  return curves.map(({ parameter, label, fixed, points }): FigureData => {
    const sorted = points.toSorted((a, b) => a.at - b.at);
    const series = data.quantities.map((q) => ({
      name: quantityText[q].label,
      x: sorted.map((p) => p.at),
      y: sorted.map((p) => (p.validation[q] as number) / (point.validation[q] as number)),
    }));
    return {
      kind: "curves",
      title: `Gaussian kernel: ${parameter} varied`,
      caption: `Validation error over that of the best combination, with ${fixed} fixed (the report's Figure 12).`,
      x: { label, log: true },
      y: errorAxis("Error over the best combination's", series),
      series,
      ...tagged(figures),
    };
  });
}

export function widthOf({ kernel }: TuningResult): number {
  return kernel.type === "gaussian" && typeof kernel.width === "number" ? kernel.width : Number.NaN;
}

/** The report's Figure 13: M varied for linear and polynomial kernels, each at its best λ. */
export function dotKernelCurves(figures: StudyFigures): FigureData[] {
  const { tuned, summary, data } = figures;
  const dots = tuned.filter(({ job }) => job.kernel.type !== "gaussian");
  if (dots.length === 0) return [];
  return data.quantities.map((q): FigureData => {
    const series = dots.map((result) => {
      const points = bestPerCenters(result, summary.level1);
      return {
        name: kernelName(result.job.kernel),
        x: points.map((p) => p.centers),
        y: points.map((p) => p.validation[q] as number),
      };
    });
    return {
      kind: "curves",
      title: `Linear and polynomial kernels: M varied, ${quantityText[q].label}`,
      caption:
        "Validation error, for each kernel and M with the λ that is best there (the report's Figure 13). A curve is flat from where M reaches the rank of its kernel, the number of its monomials.",
      x: { label: "Number of centers M", log: true },
      y: { ...errorAxis(errorLabel[q], series), ...(q === "phi" ? { unit: "rad" } : {}) },
      series,
      ...tagged(figures),
    };
  });
}

/** For each M of a tuning the point with the best λ. */
export function bestPerCenters(result: TuningResult, level1: Rms): TuningPoint[] {
  const { type } = result.job.kernel;
  const sizes = [...new Set(result.points.map((p) => p.centers))];
  return sizes.flatMap(
    (centers) => chooseKernels([result], level1, { type, centers })?.point ?? [],
  );
}

/** Accuracy against operations, one figure per quantity; the models of the front are named. */
export function paretoFigures(figures: StudyFigures): FigureData[] {
  const { summary, data } = figures;
  const shown = representatives(summary);
  return data.quantities.map((q): FigureData => {
    const named = spacedOut(frontOf(shown, q));
    const groups = [
      { name: "Networks", of: shown.filter((m) => isNetwork(m.result)) },
      ...(["gaussian", "polynomial", "linear"] as const).map((type) => ({
        name: `Falkon, ${type === "gaussian" ? "Gaussian" : type}`,
        of: shown.filter(({ result }) => isKernel(result) && result.job.kernel.type === type),
      })),
    ];
    const { floor } = summary.evaluation;
    const series = groups
      .filter(({ of }) => of.length > 0)
      .map(({ name, of }) => {
        const sorted = of.toSorted((a, b) => a.cost.flops - b.cost.flops);
        const errors = sorted.map((m) => m.candidate.errors[q] as Measured);
        return {
          name,
          x: sorted.map((m) => m.cost.flops),
          y: errors.map((e) => e.value),
          errors: errors.map((e) => e.uncertainty),
          labels: sorted.map((m) => (named.has(m) ? shortName(m) : "")),
          connect: name !== "Networks",
        };
      });
    return {
      kind: "curves",
      title: `Accuracy against cost: ${quantityText[q].label}`,
      caption:
        "Test error against operations per inference, counted in the exported files; an exponential counts as one. Models that none beats in both are named where there is room, and all below.",
      x: { label: "Operations per inference", log: true },
      y: { ...errorAxis(errorLabel[q], series), ...(q === "phi" ? { unit: "rad" } : {}) },
      series,
      ...(floor?.[q] ? { levels: [{ name: "Bayes floor", value: floor[q].value }] } : {}),
      ...tagged(figures, data.counts.test),
    };
  });
}

/** Those of a front that are far enough apart for their names. */
function spacedOut(front: readonly StudyModel[]): ReadonlySet<StudyModel> {
  const named = new Set<StudyModel>();
  let last = 0;
  for (const model of front)
    if (model.cost.flops > 3 * last) {
      named.add(model);
      last = model.cost.flops;
    }
  return named;
}

function shortName({ result }: StudyModel): string {
  return isNetwork(result) ? result.job.model : `M = ${result.job.centers}`;
}

/** The report's Figure 11 for the best network and the best kernel machine. */
export function residualFigures({ data, summary, tag }: StudyFigures): FigureData[] {
  const { network, falkon } = summary.best;
  const chosen = [network, falkon].flatMap((m) => m?.candidate ?? []);
  const model = chosen.at(-1);
  if (!model) return [];
  const { object, reference } = data.source;
  const evaluation = { ...summary.evaluation, baselines: chosen.slice(0, -1), model };
  const context: FigureContext = {
    object,
    evaluation,
    quantities: data.quantities,
    variables: offlineVariables(object, evaluation.offline, {
      quantities: data.quantities,
      reference,
    }),
    reference,
    tag,
  };
  const each = <T>(of: (q: Quantity) => T) => data.quantities.map(of);
  return [
    ...each((q) => residuals(q, context)),
    ...chosen.flatMap((candidate) => each((q) => correlation(q, context, candidate))),
    ...each((q) => distribution(q, context, true)),
  ];
}
