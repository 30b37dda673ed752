import type { HostArray } from "../../base/host-array.ts";
import {
  type FigureData,
  type HistogramSeries,
  histogramSeries,
  outsideShare,
  type Page,
  type Section,
} from "../../report/index.ts";
import {
  type Binning,
  createHistogram,
  fillHistogram,
  histogram,
  logChiSquaredTail,
  quantiles,
  uniformBins,
} from "../../stats/index.ts";
import type { DriftSummary } from "./run-drift.ts";
import type { SharedColumn } from "./samples.ts";
import { pText } from "./settings.ts";

interface PageInput {
  readonly summary: DriftSummary;
  readonly columns: readonly SharedColumn[];
  /** Of the files. */
  readonly names: { readonly reference: string; readonly sample: string };
  /** f on the reference rows [rows, 1]. */
  readonly logRatio: HostArray;
  readonly provenance: object;
}

/** The page of a drift test: the finding, t among its toys, and what was learned column by column. */
export function driftPage({ summary, columns, names, logRatio, provenance }: PageInput): Page {
  const { rows, settings, isDrift, text, t, z, p, chiSquared, smallestP } = summary;
  const count = (n: number) => n.toLocaleString("en-US");
  return {
    title: `Drift test of ${names.sample}`,
    subtitle: `${count(rows.sample.used)} rows of ${names.sample} against ${count(rows.reference.used)} of ${names.reference}, ${columns.length} columns together`,
    verdict: {
      text: `${text[0].toUpperCase()}${text.slice(1)}.`,
      status: isDrift ? "bad" : "good",
      headlines: [
        {
          label: "t",
          value: Number(t.toPrecision(4)),
          note: `${summary.toys.length} toys: ${rangeText(summary.toys)}`,
        },
        {
          label: "p",
          value: `${p === smallestP ? "<= " : ""}${pText(p)}`,
          note: `Z = ${z.toFixed(1)}`,
        },
        ...(chiSquared
          ? [
              {
                label: "p by χ^{2}",
                value: pText(chiSquared.p),
                note: `Z = ${chiSquared.z.toFixed(1)}; fit of the toys p = ${pText(chiSquared.goodness)}`,
              },
            ]
          : []),
      ],
    },
    sections: [
      toySection(summary),
      columnSection(summary, columns, names, logRatio),
      rowSection(summary),
    ],
    configuration: settings,
    provenance,
  };
}

function rangeText(toys: readonly number[]): string {
  const [low, middle, high] = quantiles(toys, [0, 0.5, 1]).map((v) => v.toPrecision(3));
  return `${low} to ${high}, median ${middle}`;
}

function toySection({ toys, t, chiSquared, rows }: DriftSummary): Section {
  const [low, high] = quantiles(toys, [0, 1]);
  const pad = Math.max((high - low) * 0.15, Math.abs(high) * 1e-3, 1e-9);
  const isFar = t > high + 3 * (high - low) + pad || t < low - 3 * (high - low) - pad;
  const [from, to] = isFar
    ? [low - pad, high + pad]
    : [Math.min(low, t) - pad, Math.max(high, t) + pad];
  const binning = uniformBins(Math.max(10, Math.min(40, Math.round(toys.length / 5))), from, to);
  const filled = histogram(binning, toys);
  const shown: HistogramSeries[] = [histogramSeries("Toys, no drift", filled, { style: "fill" })];
  const edges = [...binning.edges];
  if (chiSquared) {
    const { scale, degreesOfFreedom } = chiSquared;
    const above = edges.map((edge) => Math.exp(logChiSquaredTail(edge / scale, degreesOfFreedom)));
    const counts = above.slice(1).map((p, i) => toys.length * (above[i] - p));
    shown.push({
      name: `${scale.toPrecision(2)} χ^{2} with ${degreesOfFreedom.toFixed(0)} d.o.f.`,
      edges,
      counts,
    });
  }
  if (!isFar) {
    const top = Math.max(...shown[0].counts);
    const counts = edges.slice(1).map((edge, i) => (t >= edges[i] && t < edge ? top : 0));
    shown.push({ name: `Observed, t = ${t.toPrecision(4)}`, edges, counts });
  }
  return {
    title: "The statistic",
    text: [
      "A kernel machine learns f, the logarithm of the density of the new sample over that of the reference; t = 2 [w Σ_{reference} (1 - e^{f}) + Σ_{new} f] is twice the log-likelihood it gains. Toys are fitted the same way after all rows of both samples have been dealt anew, so p is right for samples of any size.",
    ],
    figures: [
      {
        kind: "stepHistogram",
        title: "t of toys and observed",
        caption: isFar
          ? `The observed t = ${t.toPrecision(4)} lies far outside the range shown.`
          : "A drift puts the observed t to the right of the toys.",
        x: { label: "t" },
        y: { label: "Toys per bin" },
        series: shown,
        n: toys.length,
      },
    ],
    notes: [
      ...(rows.reference.used === rows.sample.used
        ? []
        : ["The two samples differ in size; shapes are compared, not numbers of rows."]),
    ],
  };
}

function columnSection(
  { perColumn }: DriftSummary,
  columns: readonly SharedColumn[],
  names: PageInput["names"],
  logRatio: HostArray,
): Section {
  const weights = Float64Array.from(logRatio.data as Float32Array, Math.exp);
  return {
    title: "Column by column",
    text: [
      `Points: ${names.sample}. Shaded: ${names.reference}, scaled to as many rows. Line: the reference with each row weighted by the learned ratio e^{f} of all columns together; where it follows the points, the drift has been understood.`,
    ],
    tables: [
      {
        title: "Each column alone",
        caption:
          "Two-sample Kolmogorov-Smirnov test; it sees no change of correlations, and the smallest of many p-values is small by chance.",
        columns: ["Column", "Distance", "p"].map((name) => ({ name })),
        rows: perColumn.map(({ column, distance, p }) => [column, distance, pText(p)]),
      },
    ],
    figures: columns.map((column) => columnFigure(column, weights)),
  };
}

function columnFigure(column: SharedColumn, weights: Float64Array): FigureData {
  const { name, unit, reference, sample } = column;
  const binning = binsOf(column);
  const scale = sample.length / reference.length;
  const fill = (values: Float64Array, factors?: Float64Array) =>
    fillHistogram(createHistogram(binning), values, factors);
  const fresh = fill(sample);
  const share = outsideShare(fresh);
  return {
    kind: "stepHistogram",
    title: name.replaceAll("_", " "),
    caption:
      share > 0
        ? `${(100 * share).toFixed(1)} % of the new rows lie outside.`
        : "All new rows are shown.",
    x: { label: name.replaceAll("_", " "), ...(unit ? { unit } : {}) },
    y: { label: "Rows per bin" },
    series: [
      histogramSeries(
        "Reference",
        fill(reference, new Float64Array(reference.length).fill(scale)),
        { style: "fill" },
      ),
      histogramSeries(
        "Reference, reweighted",
        fill(
          reference,
          weights.map((w) => w * scale),
        ),
        { errors: false },
      ),
      histogramSeries("New", fresh, { style: "points" }),
    ],
    lower: "ratio",
    n: sample.length,
  };
}

/** 40 bins or fewer over nearly all values of both; of whole numbers, equally many in each. */
function binsOf({ reference, sample }: SharedColumn): Binning {
  const all = new Float64Array(reference.length + sample.length);
  all.set(reference);
  all.set(sample, reference.length);
  const [low, high] = quantiles(all, [0.002, 0.998]);
  if (all.every(Number.isInteger)) {
    const width = Math.ceil((high - low + 1) / 40);
    const bins = Math.max(1, Math.floor((high - low + 1) / width));
    return uniformBins(bins, Math.floor(low) - 0.5, Math.floor(low) - 0.5 + bins * width);
  }
  return high > low ? uniformBins(40, low, high) : uniformBins(1, low - 0.5, low + 0.5);
}

function rowSection({ rows, leftOut, width, centers }: DriftSummary): Section {
  const line = (name: string, r: DriftSummary["rows"]["sample"]) =>
    [name, r.available, r.incomplete, r.used] as const;
  return {
    title: "Rows and columns",
    tables: [
      {
        title: "Rows",
        caption:
          "Rows with a missing or infinite value are left out; of the others at most as many as asked for are drawn.",
        columns: ["", "In the file", "Incomplete", "Compared"].map((name) => ({ name })),
        rows: [line("Reference", rows.reference), line("New", rows.sample)],
      },
    ],
    notes: [
      `Gaussian kernel of width ${width.toPrecision(3)} standard deviations of the reference, ${centers} centers.`,
      ...leftOut.map(({ name, reason }) => `${name} is not compared: ${reason}.`),
    ],
  };
}
