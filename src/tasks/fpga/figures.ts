import { type FixedFormat, fractionOf, type QuantizedTraining, rangeOf } from "../../fpga/index.ts";
import type { FigureData, RangesData } from "../../report/index.ts";
import { quantiles } from "../../stats/index.ts";
import type { Chosen } from "./choose.ts";
import type { DesignMetrics } from "./metrics.ts";
import type { Design } from "./resources.ts";

/** What is before the first layer belongs to the inputs. */
export const layerName = (layer: string): string => layer || "inputs";

/** LUT and FF by layer. */
export function resourceBars({ layers }: DesignMetrics): FigureData {
  return {
    kind: "bars",
    title: "Resources by layer",
    caption: "Lookup tables and flip-flops of each layer, estimated.",
    x: { label: "LUT and FF" },
    categories: layers.map((l) => l.layer),
    series: [
      { name: "LUT", values: layers.map((l) => l.luts) },
      { name: "FF", values: layers.map((l) => l.ffs) },
    ],
  };
}

/** Clocks by layer: how far each layer moves the latest result. */
export function latencyBars({ netlist, pipeline }: Design): FigureData {
  const last = new Map<string, number>();
  netlist.nodes.forEach(({ layer }, i) => {
    last.set(layer, Math.max(last.get(layer) ?? 0, pipeline.stages[i]));
  });
  const layers = [...last].sort((a, b) => a[1] - b[1]);
  let before = -1;
  const clocks = layers.map(([, stage]) => {
    const own = Math.max(0, stage - before);
    before = Math.max(before, stage);
    return own;
  });
  return {
    kind: "bars",
    title: "Latency by layer",
    caption: `Clocks that each layer adds; ${pipeline.latency} in all, with the registers at the outputs.`,
    x: { label: "Clocks" },
    categories: layers.map(([layer]) => layerName(layer)),
    series: [{ name: "clocks", values: clocks }],
  };
}

const ranges = (title: string, caption: string, rows: RangesData["rows"]): RangesData => ({
  kind: "ranges",
  title,
  caption,
  x: { label: "Magnitude", log: true },
  rangeName: "what the format holds",
  boxName: "quartiles and extremes that occur",
  rows,
});

/** Weights of each layer against their formats. */
export function weightRanges({ calibration, plan }: Chosen): FigureData | null {
  const rows = calibration.network.nodes.flatMap((node) => {
    if (node.op !== "affine") return [];
    const box = boxOf(node.weights);
    if (!box) return [];
    const formats = node.weightFormats ?? plan.weights[node.output] ?? [];
    return [
      { label: node.layer, box, range: rangeOfAll(formats, plan.units[node.output]?.[0] ?? 1) },
    ];
  });
  if (rows.length === 0) return null;
  return ranges("Weights", "Weights that are not zero, by layer.", rows);
}

/** Values of each vector that is cast against its formats. */
export function activationRanges({ calibration, plan }: Chosen): FigureData | null {
  const rows = calibration.network.nodes.flatMap((node) => {
    const formats = node.op === "quantize" ? node.formats : plan.casts[node.output];
    const lanes = calibration.values.get(node.output);
    if (!formats || !lanes) return [];
    const box = boxOf(Float64Array.from(lanes.flatMap((lane) => [...lane.subarray(0, 256)])));
    const unit = node.op === "quantize" ? 1 : (plan.units[node.output]?.[0] ?? 1);
    return box ? [{ label: node.output, box, range: rangeOfAll(formats, unit) }] : [];
  });
  if (rows.length === 0) return null;
  return ranges("Activations", "Values that are not zero, by vector.", rows);
}

/** Extremes and quartiles of magnitudes above zero. */
function boxOf(values: Float64Array): [number, number, number, number, number] | null {
  const magnitudes = values.map(Math.abs).filter((v) => v > 0);
  if (magnitudes.length === 0) return null;
  return quantiles(magnitudes, [0, 0.25, 0.5, 0.75, 1]) as [number, number, number, number, number];
}

/** Smallest step and largest magnitude of some formats. */
function rangeOfAll(formats: readonly FixedFormat[], unit: number): [number, number] | null {
  const used = formats.filter((f) => f.width > 0);
  if (used.length === 0) return null;
  const steps = used.map((f) => Math.abs(unit) * 2 ** -fractionOf(f));
  const tops = used.map((f, i) => steps[i] * Math.max(rangeOf(f).hi, -rangeOf(f).lo));
  return [Math.min(...steps), Math.max(...tops)];
}

/** Accuracy against LUT, the float model as the level. */
export function sweepCurves({ sweep, errors }: DesignMetrics): FigureData {
  return {
    kind: "curves",
    title: "Accuracy against LUT",
    caption: errors
      ? "Largest ratio of an error to that of the float model, over the quantities, by budget."
      : "Difference to the float model in quadrature over the outputs, each over its spread, by budget.",
    x: { label: "LUT", log: true },
    y: { label: errors ? "Fixed over float" : "Relative difference" },
    series: [
      {
        name: "budgets",
        x: sweep.map((p) => p.luts),
        y: sweep.map((p) => p.error),
        labels: sweep.map((p) => `${p.bits.toFixed(1)} bits`),
      },
    ],
    levels: [{ name: "float model", value: errors ? 1 : 0 }],
  };
}

/** Loss and bit operations over the epochs. */
export function trainingCurves({ history, best }: QuantizedTraining): FigureData[] {
  const epochs = history.map((h) => h.epoch + 1);
  return [
    {
      kind: "learningCurves",
      title: "Loss with bits",
      caption: "Mean squared error over that of the float model; 1 is as good as that.",
      y: { label: "Loss" },
      train: history.map((h) => h.loss),
      validation: history.map((h) => h.validationLoss),
      bestEpoch: best.epoch + 1,
    },
    {
      kind: "curves",
      title: "Effective bit operations",
      caption: "What the bits cost, epoch by epoch.",
      x: { label: "Epoch" },
      y: { label: "Bit operations", log: true },
      series: [{ name: "training", x: epochs, y: history.map((h) => h.ebops) }],
    },
  ];
}
