import type { Cell, TableColumn, TableData } from "../../report/index.ts";
import type { Dataset } from "../recalibration/prepare.ts";
import type { Quantity } from "../recalibration/quantities.ts";
import { errorLabel } from "../recalibration/verdict.ts";
import { bestOf } from "./choose.ts";
import type { StudyConfig } from "./config.ts";
import { bestPerCenters, widthOf } from "./figures.ts";
import { depths, featureCount, fitting } from "./hardware.ts";
import { isKernel, isNetwork, kernelName, powerText, type TuningResult } from "./job.ts";
import type { StudyModel, Summary } from "./summary.ts";

/** The models of the report's Tables 7 and 8, as far as they are there, and the best of each kind. */
export function headlineModels({ models, level1, best }: Summary): StudyModel[] {
  const network = (shape: string) => {
    const all = models.flatMap(({ result: r }) =>
      isNetwork(r) && r.job.model === shape ? [r] : [],
    );
    const chosen = bestOf(all, level1);
    return models.filter((m) => m.result === chosen);
  };
  const kernel = (type: string, centers: readonly number[]) =>
    models.filter(
      ({ result: r }) =>
        isKernel(r) && r.job.kernel.type === type && centers.includes(r.job.centers),
    );
  const listed = [
    ...network("128x4"),
    ...network("32x3"),
    ...kernel("gaussian", [100, 500, 1000, 2000]),
    ...kernel("linear", [100]),
    ...kernel("polynomial", [100]),
    ...[best.network, best.falkon].flatMap((m) => m ?? []),
  ];
  return listed.filter((m, i) => listed.indexOf(m) === i);
}

function errorColumns(quantities: readonly Quantity[], best = true): TableColumn[] {
  return quantities.map((q) => ({
    name: errorLabel[q],
    ...(q === "phi" ? { unit: "rad" } : {}),
    ...(best ? { best: "min" as const } : {}),
  }));
}

const testErrors = (
  { candidate }: Pick<StudyModel, "candidate">,
  quantities: readonly Quantity[],
) => quantities.map((q) => candidate.errors[q] ?? null);

/** The report's Table 7. */
export function accuracyTable(
  summary: Summary,
  { quantities }: Dataset,
  { minimize }: Pick<StudyConfig, "minimize">,
): TableData {
  const { evaluation } = summary;
  const { floor, level1 } = evaluation;
  const models = headlineModels(summary);
  const hasOtherFloor = floor?.pt && minimize === "delta";
  const floorRow: Cell[][] = floor
    ? [["Bayes floor", ...quantities.map((q) => floor[q] ?? null)]]
    : [];
  return {
    title: "Errors on the test part",
    caption: `Root mean square errors (the report's Table 7) with bootstrapped uncertainties; every model was chosen on the validation part.${floor ? " The Bayes floor is the smallest error that any function of the inputs can reach, computed from the generator." : ""}${hasOtherFloor ? " That of p_{T} belongs to the best answer in GeV; another answer, such as log-cosh finds, can have a smaller relative error." : ""}`,
    columns: [{ name: "" }, ...errorColumns(quantities)],
    rows: [
      ["L1", ...quantities.map((q) => level1.errors[q] ?? null)],
      ...models.map((m) => [m.name, ...testErrors(m, quantities)]),
      ...floorRow,
    ],
    reference: floor ? [models.length + 1] : [],
  };
}

/** The report's Table 8, with what it leaves out. */
export function costTable(summary: Summary): TableData {
  return {
    title: "Cost of one inference",
    caption:
      "Operations, multiply-accumulates and exponentials are counted node by node in the exported file, features and units included; an exponential counts as one operation. The report's formulas (Table 8) are H (D + N H + T) for a network, and M T for Falkon: there it leaves the kernel out, with its products and exponentials.",
    columns: [
      { name: "" },
      { name: "Operations" },
      { name: "Report's formula" },
      { name: "Multiply-accumulates" },
      { name: "Exponentials" },
      { name: "Parameters" },
      { name: "Fit", unit: "s" },
    ],
    rows: headlineModels(summary).map(({ name, cost, result }) => [
      name,
      cost.flops,
      cost.reportFlops,
      cost.macs,
      cost.exponentials,
      cost.parameters,
      Number(result.fitSeconds.toPrecision(3)),
    ]),
  };
}

/** What M and what width fit a latency. */
export function hardwareTable(summary: Summary, data: Dataset, config: StudyConfig): TableData {
  const sizes = { features: featureCount(data.source), targets: data.quantities.length };
  return {
    title: "What fits in a latency",
    caption: `For ${config.multipliers} multipliers at ${config.clock} MHz that are always busy: an upper limit, without the depth of the pipeline. An exponential (a table look-up in hardware) counts as one multiplication, scaling and units are left out. The last column is the model of this study with the lowest validation error that fits.`,
    columns: [
      { name: "Latency", unit: "µs" },
      { name: "Multiplications" },
      { name: "Falkon, Gaussian: M" },
      ...depths.map((depth) => ({ name: `Network, ${depth} layers: width` })),
      { name: "Best tested that fits" },
    ],
    rows: fitting(config, sizes).map(({ latencyUs, budget, centers, widths }) => {
      const fits = summary.models.filter(({ cost }) => cost.macs + cost.exponentials <= budget);
      const best = bestOf(
        fits.map((m) => m.result),
        summary.level1,
      );
      return [
        String(latencyUs),
        budget,
        centers,
        ...depths.map((depth) => widths[depth]),
        fits.find((m) => m.result === best)?.name ?? "none",
      ];
    }),
  };
}

/** The report's Table 6, with the errors of every training. */
export function networkTable({ models }: Summary, { quantities }: Dataset): TableData {
  const networks = models.flatMap((m) => (isNetwork(m.result) ? [{ ...m, result: m.result }] : []));
  return {
    title: "Networks",
    caption:
      "All trainings: models by their number in the report's Table 6 (which has no number 5), smaller ones beside them, in each batch size. Errors on the test part.",
    columns: [
      { name: "Model" },
      { name: "Number" },
      { name: "Loss" },
      { name: "L2" },
      { name: "Batch" },
      { name: "Epochs" },
      { name: "Best" },
      { name: "Fit", unit: "s" },
      ...errorColumns(quantities),
    ],
    rows: networks.map((m) => {
      const { job, epochs, bestEpoch, fitSeconds } = m.result;
      return [
        job.model,
        job.table6,
        job.loss === "mse" ? "MSE" : "log-cosh",
        job.l2 > 0 ? powerText(job.l2) : "none",
        job.batch,
        epochs,
        bestEpoch,
        Number(fitSeconds.toPrecision(3)),
        ...testErrors(m, quantities),
      ];
    }),
  };
}

/** For each kernel and M the best combination, by its validation errors. */
export function tuningTable(
  tuned: readonly TuningResult[],
  { level1 }: Summary,
  { quantities }: Dataset,
): TableData {
  return {
    title: "Tuning of the kernel machines",
    caption:
      "For each kernel and number of centers M the λ with the lowest validation error (mean over quantities of the error over that of L1), and the errors on the validation part. A linear or polynomial kernel of few features has a rank (its number of monomials), and no more centers are used. One fit of the largest M gives all rows of a kernel.",
    columns: [
      { name: "Kernel" },
      { name: "Width" },
      { name: "M" },
      { name: "Used" },
      { name: "λ" },
      ...errorColumns(quantities),
    ],
    rows: tuned.flatMap((result) =>
      bestPerCenters(result, level1).map(({ centers, used, lambda, validation }) => [
        kernelName(result.job.kernel),
        Number.isNaN(widthOf(result)) ? null : widthOf(result),
        centers,
        used,
        powerText(lambda),
        ...quantities.map((q) => validation[q] ?? null),
      ]),
    ),
  };
}

/** Exported kernel machines with their errors on the test part. */
export function kernelTable({ models }: Summary, { quantities, source }: Dataset): TableData {
  const kernels = models.flatMap((m) => (isKernel(m.result) ? [{ ...m, result: m.result }] : []));
  return {
    title: "Kernel machines",
    caption: `Falkon with the settings that were best on the validation part for its kernel and M, fitted to all training rows. Errors on the test part. The condition number is that of the system solved.${source.scaling === "standard" ? " Standardized features are held within three deviations." : ""}`,
    columns: [
      { name: "Kernel" },
      { name: "M" },
      { name: "Used" },
      { name: "Width" },
      { name: "λ" },
      { name: "Condition" },
      { name: "Fit", unit: "s" },
      ...errorColumns(quantities),
    ],
    rows: kernels.map((m) => {
      const { job, used, kernel, conditionNumber, fitSeconds } = m.result;
      const width = kernel.type === "gaussian" ? Number(kernel.width) : null;
      return [
        kernelName(job.kernel),
        job.centers,
        used,
        width,
        powerText(job.lambda),
        conditionNumber.toExponential(0),
        Number(fitSeconds.toPrecision(3)),
        ...testErrors(m, quantities),
      ];
    }),
  };
}
