import type { FigureData, Page, Section } from "../../report/index.ts";
import { formatWithUncertainty } from "../../report/index.ts";
import type { Measured } from "../../stats/index.ts";
import type { Dataset } from "../recalibration/prepare.ts";
import { quantityText } from "../recalibration/quantities.ts";
import { errorLabel } from "../recalibration/verdict.ts";
import { capital, countText, wordsOf } from "../recalibration/words.ts";
import type { StudyConfig } from "./config.ts";
import {
  dotKernelCurves,
  gaussianCurves,
  paretoFigures,
  residualFigures,
  type StudyFigures,
} from "./figures.ts";
import { isKernel, isNetwork, type TuningResult } from "./job.ts";
import type { FailedJob } from "./run-jobs.ts";
import {
  type Comparison,
  frontOf,
  representatives,
  type StudyModel,
  type Summary,
} from "./summary.ts";
import {
  accuracyTable,
  costTable,
  hardwareTable,
  headlineModels,
  kernelTable,
  networkTable,
  tuningTable,
} from "./tables.ts";

/** Everything the page of a study shows. */
export interface StudyPageInput {
  readonly data: Dataset;
  readonly config: StudyConfig;
  readonly summary: Summary;
  readonly comparison: readonly Comparison[];
  readonly conclusion: string;
  readonly tuned: readonly TuningResult[];
  readonly failed: readonly FailedJob[];
  readonly provenance: object;
}

/** The page of a study, as data. */
export function studyPage(input: StudyPageInput): Page {
  const { data, config, summary, tuned, failed } = input;
  const { many } = wordsOf[data.source.object];
  const figures: StudyFigures = {
    data,
    summary,
    tuned,
    tag: config.simulated ? "Simulation" : undefined,
  };
  const hasNetworks = summary.models.some((m) => isNetwork(m.result));
  const kernelTables = [
    ...(summary.models.some((m) => isKernel(m.result)) ? [kernelTable(summary, data)] : []),
    ...(tuned.length > 0 ? [tuningTable(tuned, summary, data)] : []),
  ];
  return {
    title: `Kernel method or network: ${many}`,
    subtitle: `${config.simulated ? `Simulated ${many}` : capital(data.source.title)}: ${countText(data.counts.train)} for training, ${countText(data.counts.validation)} for validation, ${countText(data.counts.test)} for the test, ${config.ptMin} < L1 p_{T} < ${config.ptMax} GeV${config.quick ? "; a quick look, not the full study" : ""}`,
    verdict: {
      text: input.conclusion,
      status: "neutral",
      headlines: headlines(input),
    },
    sections: [
      ...(failed.length > 0 ? [failedSection(failed)] : []),
      {
        title: "Accuracy and cost",
        text: [minimizeText[config.minimize]],
        tables: [accuracyTable(summary, data, config), costTable(summary)],
      },
      paretoSection(figures),
      {
        title: "Numbers for the hardware",
        tables: [hardwareTable(summary, data, config)],
      },
      { title: "Residuals", figures: residualFigures(figures) },
      ...(tuned.length > 0 ? [tuningSection(figures)] : []),
      ...(kernelTables.length > 0 ? [{ title: "Kernel machines", tables: kernelTables }] : []),
      ...(hasNetworks ? [networkSection(figures)] : []),
    ],
    configuration: config,
    provenance: input.provenance,
  };
}

const minimizeText: Readonly<Record<StudyConfig["minimize"], string>> = {
  delta:
    "All models learn the difference L1 - reference, of p_{T} in GeV, as in the report. The tables give the relative error of p_{T}, as the report's Table 7 does, which is not what was minimized.",
  relative:
    "All models minimize the mean square of p_{T}/p_{T}^{ref} - 1, the error in the tables: networks through their loss, kernel machines by weighted least squares of reference/L1 with weights (L1/reference)^{2}.",
};

function headlines({ summary, data }: StudyPageInput) {
  const { network, falkon } = summary.best;
  const { level1, floor } = summary.evaluation;
  return data.quantities.flatMap((q) =>
    [network, falkon].flatMap((m) => {
      if (!m) return [];
      const notes = [
        `L1 ${formatWithUncertainty(level1.errors[q] as Measured)}`,
        ...(floor?.[q] ? [`floor ${formatWithUncertainty(floor[q])}`] : []),
      ];
      return [
        {
          label: `${m === network ? "Network" : "Falkon"}: ${errorLabel[q]}`,
          value: m.candidate.errors[q] as Measured,
          ...(q === "phi" ? { unit: "rad" } : {}),
          note: notes.join(", "),
        },
      ];
    }),
  );
}

function failedSection(failed: readonly FailedJob[]): Section {
  return {
    title: "Not finished",
    text: ["These jobs gave no result; --resume runs them again."],
    tables: [
      {
        title: "Jobs without a result",
        columns: [{ name: "Job" }, { name: "Id" }, { name: "Reason" }],
        rows: failed.map(({ name, id, reason }) => [name, id, reason]),
      },
    ],
  };
}

function paretoSection(figures: StudyFigures): Section {
  const { summary, data } = figures;
  const shown = representatives(summary);
  const named = (m: StudyModel) => `${m.name} (${countText(m.cost.flops)})`;
  return {
    title: "Accuracy against cost",
    text: [
      "Of each shape of network the training that was chosen on the validation part, and all kernel machines.",
    ],
    figures: paretoFigures(figures),
    notes: data.quantities.map(
      (q) =>
        `Pareto front of ${quantityText[q].label}, with operations: ${frontOf(shown, q).map(named).join("; ")}.`,
    ),
  };
}

function tuningSection(figures: StudyFigures): Section {
  return {
    title: "Tuning of the kernel machines",
    figures: [...gaussianCurves(figures), ...dotKernelCurves(figures)],
  };
}

function networkSection({ summary, data }: StudyFigures): Section {
  const shown = headlineModels(summary);
  return {
    title: "Networks",
    tables: [networkTable(summary, data)],
    figures: shown.flatMap(({ name, result }): FigureData[] =>
      isNetwork(result)
        ? [
            {
              kind: "learningCurves",
              title: `Learning curves: ${name}`,
              caption: "Loss per epoch; the weights of the marked epoch are the ones exported.",
              y: { label: "Loss" },
              train: result.losses.map((l) => l.train),
              validation: result.losses.map((l) => l.validation ?? Number.NaN),
              bestEpoch: result.bestEpoch,
            },
          ]
        : [],
    ),
  };
}
