import { DataError } from "../../base/errors.ts";
import type { RootObject } from "./write-object.ts";

/** A histogram of one or two axes, as ROOT stores it. */
export interface RootHistogram {
  readonly name: string;
  readonly title?: string | undefined;
  /** Bin edges, increasing, and what is on the axis; the first axis is x. */
  readonly axes: readonly { readonly edges: ArrayLike<number>; readonly label?: string }[];
  /**
   * Sum of weights in each bin, with one bin below and one above each axis:
   * [(ny + 2) x] (nx + 2), x varying fastest.
   */
  readonly sumW: ArrayLike<number>;
  /** Sums of squared weights, laid out alike; without them errors are square roots of `sumW`. */
  readonly sumW2?: ArrayLike<number> | undefined;
  /** Number of fills; default the sum of all bins. */
  readonly entries?: number | undefined;
  /** Precision of the bins; default float64. */
  readonly type?: "float32" | "float64" | undefined;
}

/** A TH1D, TH1F, TH2D or TH2F; `DataError` for edges that do not increase and wrong bin counts. */
export function histogramObject(h: RootHistogram): RootObject {
  const { name, title = "", axes, sumW, sumW2 = [], type = "float64" } = h;
  const where = `histogram "${name}"`;
  if (axes.length !== 1 && axes.length !== 2)
    throw new DataError(`${where}: ${axes.length} axes; one or two can be written`);
  axes.forEach(({ edges }, i) => {
    checkEdges(where, "xy"[i], edges);
  });
  const cells = axes.reduce((n, { edges }) => n * (edges.length + 1), 1);
  for (const [what, values] of Object.entries({ sumW, ...(h.sumW2 && { sumW2 }) }))
    if (values.length !== cells)
      throw new DataError(
        `${where}: ${what} has ${values.length} bins, the axes give ${cells} with those below and above`,
      );
  const total = Array.from(sumW).reduce((sum, w) => sum + w, 0);
  return {
    class: `TH${axes.length}${type === "float32" ? "F" : "D"}`,
    fName: name,
    fTitle: title,
    fLineColor: 602,
    fLineStyle: 1,
    fLineWidth: 1,
    fFillStyle: 1001,
    fMarkerColor: 1,
    fMarkerStyle: 1,
    fMarkerSize: 1,
    fNcells: cells,
    fXaxis: axisObject("xaxis", axes[0]),
    fYaxis: axisObject("yaxis", axes[1]),
    fZaxis: axisObject("zaxis", undefined),
    fBarWidth: 1000,
    fEntries: h.entries ?? total,
    ...moments(
      axes.map(({ edges }) => edges),
      sumW,
      h.sumW2 ?? sumW,
    ),
    // What ROOT takes for "not set".
    fMaximum: -1111,
    fMinimum: -1111,
    fSumw2: sumW2,
    fStatOverflows: 2,
    fScalefactor: 1,
    fArray: sumW,
  };
}

function checkEdges(where: string, axis: string, edges: ArrayLike<number>): void {
  if (edges.length < 2) throw new DataError(`${where}: axis ${axis} has no bins`);
  for (let i = 0; i < edges.length; i++)
    if (!Number.isFinite(edges[i]) || (i > 0 && !(edges[i] > edges[i - 1])))
      throw new DataError(
        `${where}: axis ${axis}: edges must be finite and increase, edge ${i} is ${edges[i]}`,
      );
}

/** Equal bins, to 1e-12 of the axis, are kept by their ends and number. */
function axisObject(name: string, axis: RootHistogram["axes"][number] | undefined): RootObject {
  const { edges, label = "" } = axis ?? { edges: [0, 1] };
  const n = edges.length - 1;
  const range = edges[n] - edges[0];
  const isUniform = Array.from(edges).every(
    (edge, i) => Math.abs(edge - edges[0] - (range * i) / n) <= 1e-12 * range,
  );
  return {
    class: "TAxis",
    fName: name,
    fTitle: label,
    fNdivisions: 510,
    fAxisColor: 1,
    fLabelColor: 1,
    fLabelFont: 42,
    fLabelOffset: 0.005,
    fLabelSize: 0.035,
    fTickLength: 0.03,
    fTitleOffset: 1,
    fTitleSize: 0.035,
    fTitleColor: 1,
    fTitleFont: 42,
    fNbins: n,
    fXmin: edges[0],
    fXmax: edges[n],
    fXbins: isUniform ? [] : edges,
  };
}

/** Weighted moments from which ROOT takes mean and width, each bin at its center. */
function moments(
  [x, y = [0, 0]]: readonly ArrayLike<number>[],
  sumW: ArrayLike<number>,
  sumW2: ArrayLike<number>,
) {
  const sums = { w: 0, w2: 0, wx: 0, wx2: 0, wy: 0, wy2: 0, wxy: 0 };
  const isFlat = sumW.length === x.length + 1;
  for (let j = 1; j < y.length; j++)
    for (let i = 1; i < x.length; i++) {
      const cell = i + (isFlat ? 0 : j * (x.length + 1));
      const w = sumW[cell];
      const cx = (x[i - 1] + x[i]) / 2;
      const cy = (y[j - 1] + y[j]) / 2;
      sums.w += w;
      sums.w2 += sumW2[cell];
      sums.wx += w * cx;
      sums.wx2 += w * cx * cx;
      sums.wy += w * cy;
      sums.wy2 += w * cy * cy;
      sums.wxy += w * cx * cy;
    }
  return {
    fTsumw: sums.w,
    fTsumw2: sums.w2,
    fTsumwx: sums.wx,
    fTsumwx2: sums.wx2,
    fTsumwy: sums.wy,
    fTsumwy2: sums.wy2,
    fTsumwxy: sums.wxy,
  };
}
