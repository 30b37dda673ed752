import {
  type FigureData,
  formatCount,
  formatWithUncertainty,
  type Page,
  type Section,
} from "../../report/index.ts";
import { quantityText } from "../recalibration/quantities.ts";
import { errorLabel } from "../recalibration/verdict.ts";
import type { Chosen } from "./choose.ts";
import type { DesignConfig } from "./config.ts";
import {
  activationRanges,
  latencyBars,
  resourceBars,
  sweepCurves,
  trainingCurves,
  weightRanges,
} from "./figures.ts";
import type { DesignMetrics } from "./metrics.ts";
import type { Design } from "./resources.ts";
import type { Sample } from "./sample.ts";
import {
  castTable,
  differenceTable,
  errorTable,
  layerTable,
  priceTable,
  sweepTable,
} from "./tables.ts";

/** Everything the page of a design shows. */
export interface DesignPageInput {
  readonly metrics: DesignMetrics;
  readonly config: DesignConfig;
  readonly chosen: Chosen;
  readonly sample: Sample;
  readonly logic: Design;
  readonly provenance: object;
}

/** The page of a design: what it computes, what it costs, what it cuts off, as data. */
export function designPage(input: DesignPageInput): Page {
  const { metrics, config, provenance } = input;
  const { model, rows, verdict, mismatches, vectors } = metrics;
  const proof =
    vectors === null
      ? " Not simulated; --verify compares every bit."
      : mismatches === 0
        ? ` The simulated logic equals the interpreter in all ${formatCount(vectors)} vectors.`
        : ` The simulated logic differs from the interpreter in ${mismatches} of ${vectors} vectors.`;
  return {
    title: `${model} as trigger logic`,
    subtitle: `${metrics.formats}; ${rows}`,
    verdict: {
      text: verdict.text + proof,
      status: mismatches ? "bad" : verdict.fits ? "good" : "neutral",
      headlines: headlines(metrics),
    },
    sections: [
      accuracySection(input),
      {
        title: "Price",
        text: [
          "Estimated from the logic itself: adder by adder, table by table, register by register. Effective bit operations are the bits of both factors, summed over all products.",
        ],
        tables: [priceTable(metrics, config), layerTable(metrics)],
        figures: [resourceBars(metrics), latencyBars(input.logic)],
        notes: [
          `With nothing shared between the products of a layer it would take ${formatCount(metrics.plainLuts)} LUT: sharing saves ${(100 * (1 - metrics.luts / metrics.plainLuts)).toFixed(0)} %.`,
        ],
      },
      {
        title: "Formats",
        text: [
          "What values occur, on rows of the sample, against what their formats can hold. Values beyond a shaded range are held at its end or wrap around; values below it are lost.",
        ],
        figures: [weightRanges(input.chosen), activationRanges(input.chosen)].filter(
          (f): f is FigureData => f !== null,
        ),
        tables: [castTable(metrics)],
      },
      ...sweepSection(metrics),
      ...trainingSection(input),
    ],
    configuration: config,
    provenance,
  };
}

function headlines(metrics: DesignMetrics) {
  const { luts, ffs, dsps, latencyClocks, latencyNs, verdict, errors } = metrics;
  return [
    ...(errors ?? []).map(({ quantity, fixed, float, ratio }) => ({
      label: errorLabel[quantity],
      value: fixed,
      ...(quantityText[quantity].unit && quantity === "phi" ? { unit: "rad" } : {}),
      note: `float ${formatWithUncertainty(float)}, ratio ${formatWithUncertainty(ratio)}`,
    })),
    { label: "LUT", value: formatCount(luts), note: `${verdict.shares.luts.toPrecision(2)} %` },
    { label: "FF, DSP", value: `${formatCount(ffs)}, ${dsps}` },
    { label: "Latency", value: latencyClocks, unit: "clocks", note: `${latencyNs.toFixed(1)} ns` },
  ];
}

function accuracySection({ metrics }: DesignPageInput): Section {
  return {
    title: "Accuracy",
    text: [
      metrics.errors
        ? "Errors on the test part, of Level 1, of the float model and of the logic; ratios on the same rows."
        : "What quantization changes at the outputs, on rows that no format was chosen on.",
    ],
    tables: [...(metrics.errors ? [errorTable(metrics.errors)] : []), differenceTable(metrics)],
  };
}

function sweepSection(metrics: DesignMetrics): Section[] {
  if (metrics.sweep.length === 0) return [];
  return [
    {
      title: "Accuracy against resources",
      figures: [sweepCurves(metrics)],
      tables: [sweepTable(metrics)],
    },
  ];
}

function trainingSection({ chosen }: DesignPageInput): Section[] {
  const { training } = chosen;
  if (!training) return [];
  return [
    {
      title: "Learning with bits",
      figures: trainingCurves(training),
      notes: [
        `Weights of ${training.layers.meanWeightBits.toFixed(2)} and activations of ${training.layers.meanLaneBits.toFixed(2)} bits on average; ${(100 * training.layers.sparsity).toFixed(0)} % of the weights are gone.`,
        ...(training.keepsBudget ? [] : ["No epoch kept the budget; the nearest one is used."]),
      ],
    },
  ];
}
