import { DataError, FormatError } from "../../base/errors.ts";
import type { RootFile } from "./file.ts";
import {
  itemsOf,
  numberIn,
  numbersIn,
  ObjectReader,
  objectIn,
  type RootObject,
  stringIn,
} from "./object.ts";

/** An axis of a histogram. */
export interface HistogramAxis {
  /** Ascending bin edges [bins + 1]; bin i holds edges[i] <= x < edges[i + 1]. */
  readonly edges: Float64Array;
  /** What is on the axis, as its title in ROOT. */
  readonly label: string;
  /** Names of the bins [bins], "" where there is none; absent for axes of numbers. */
  readonly binLabels?: readonly string[];
}

/** A TH1, TH2, TH3 or TProfile as plain data. */
export interface HistogramData {
  readonly name: string;
  readonly title: string;
  /** Class in ROOT, as "TH1D". */
  readonly className: string;
  /** x, then y, then z. */
  readonly axes: readonly HistogramAxis[];
  /**
   * Sum of weights in each bin, flows included, [[(nz + 2),] (ny + 2),] (nx + 2): x varies fastest,
   * below stands first and above last on each axis.
   */
  readonly sumW: Float64Array;
  /** Sum of squared weights, laid out alike; where the file holds none, that of weights 1. */
  readonly sumW2: Float64Array;
  /** Number of fills. */
  readonly entries: number;
  /** Only in profiles: sums of w y and w y^2, laid out alike; the mean of y is sumWY / sumW. */
  readonly profile?: { readonly sumWY: Float64Array; readonly sumWY2: Float64Array };
}

const histogramClass = /^(?:TH([123])[CSILFD]|TProfile([23]D)?)$/;

/** Whether a key of this class is read by `readHistogram`. */
export function isHistogramClass(className: string): boolean {
  return histogramClass.test(className);
}

/**
 * Reads a histogram of a file. Throws `DataError` where `path` is something else, `FormatError`
 * where it is corrupt.
 */
export async function readHistogram(
  file: RootFile,
  path: string,
  cycle?: number,
): Promise<HistogramData> {
  const key = file.key(path, cycle);
  if (!isHistogramClass(key.className))
    throw new DataError(`${file.name}: "${path}" is a ${key.className}, not a histogram`);
  const reader = new ObjectReader(await file.payload(key), file.streamers);
  return histogramData(reader.object(key.className), `${file.name}: histogram "${path}"`);
}

/** An object of ROOT as plain histogram. @see ROOT hist/hist/inc/TH1.h, TAxis.h and TProfile.h */
export function histogramData(object: RootObject, where: string): HistogramData {
  const [, dimensions, profileKind] = histogramClass.exec(object.$class) ?? [];
  const n = Number(dimensions ?? profileKind?.[0] ?? 1);
  const axes = ["fXaxis", "fYaxis", "fZaxis"].slice(0, n).map((m) => readAxis(object, m, where));
  const cells = axes.reduce((product, { edges }) => product * (edges.length + 1), 1);
  const bins = (values: ArrayLike<number>, what: string) => {
    if (values.length !== cells)
      throw new FormatError(
        `${where}: ${what} has ${values.length} bins, the axes give ${cells} with the flows`,
      );
    return Float64Array.from(values);
  };
  const content = bins(numbersIn(object, "values"), "the content");
  const squares = arrayIn(object, "fSumw2");
  const head = {
    name: stringIn(object, "fName"),
    title: stringIn(object, "fTitle"),
    className: object.$class,
    axes,
    entries: numberIn(object, "fEntries"),
  };
  if (dimensions !== undefined) {
    const sumW2 = squares.length > 0 ? bins(squares, "fSumw2") : content.map(Math.abs);
    return { ...head, sumW: content, sumW2 };
  }
  const sumW = bins(arrayIn(object, "fBinEntries"), "fBinEntries");
  const weights2 = arrayIn(object, "fBinSumw2");
  const sumW2 = weights2.length > 0 ? bins(weights2, "fBinSumw2") : sumW.slice();
  return { ...head, sumW, sumW2, profile: { sumWY: content, sumWY2: bins(squares, "fSumw2") } };
}

function readAxis(histogram: RootObject, member: string, where: string): HistogramAxis {
  const axis = objectIn(histogram, member);
  if (axis === null) throw new FormatError(`${where}: no ${member}`);
  const n = numberIn(axis, "fNbins");
  const [low, high] = [numberIn(axis, "fXmin"), numberIn(axis, "fXmax")];
  const written = arrayIn(axis, "fXbins");
  const cells = numberIn(histogram, "fNcells");
  if (!(Number.isInteger(n) && n >= 1 && n <= cells))
    throw new FormatError(`${where}: ${member} has ${n} bins of ${cells}`);
  const edges =
    written.length > 0
      ? Float64Array.from(written)
      : Float64Array.from({ length: n + 1 }, (_, i) => low + ((high - low) * i) / n);
  const ascends = edges.every((edge, i) => i === 0 || edge > edges[i - 1]);
  if (edges.length !== n + 1 || !ascends)
    throw new FormatError(
      `${where}: ${member} has edges that do not ascend from ${low} to ${high}`,
    );
  const labels = objectIn(axis, "fLabels");
  const label = stringIn(axis, "fTitle");
  return labels === null ? { edges, label } : { edges, label, binLabels: binLabels(labels, n) };
}

/** Names of bins: strings whose unique id is the number of the bin, from 1. */
function binLabels(labels: RootObject, n: number): string[] {
  const names: string[] = new Array(n).fill("");
  for (const item of itemsOf(labels)) {
    const bin = item === null ? 0 : numberIn(item, "fUniqueID");
    if (item !== null && bin >= 1 && bin <= n) names[bin - 1] = stringIn(item, "fString");
  }
  return names;
}

/** The numbers of a member that is a TArray; none where it is missing. */
function arrayIn(object: RootObject, member: string): ArrayLike<number> {
  const array = objectIn(object, member);
  return array === null ? [] : numbersIn(array, "values");
}
