import { ConfigError, ShapeError } from "../base/errors.ts";

/** Ascending bin edges [bins + 1]; bin i holds edges[i] <= x < edges[i + 1]. */
export interface Binning {
  readonly edges: Float64Array;
  /** Bins per unit of x where all are equally wide, else 0. */
  readonly scale: number;
}

/** Equal bins from low to high. */
export function uniformBins(bins: number, low: number, high: number): Binning {
  if (!(Number.isInteger(bins) && bins > 0 && low < high))
    throw new ConfigError(
      `uniformBins: need bins > 0 and low < high, got ${bins}, ${low}, ${high}`,
    );
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins);
  edges[bins] = high;
  return { edges, scale: bins / (high - low) };
}

/** Bins of equal width in log x, low > 0. */
export function logBins(bins: number, low: number, high: number): Binning {
  if (!(low > 0)) throw new ConfigError(`logBins: low must be > 0, got ${low}`);
  const exponents = uniformBins(bins, Math.log(low), Math.log(high)).edges;
  const edges = exponents.map(Math.exp);
  edges[0] = low;
  edges[bins] = high;
  return { edges, scale: 0 };
}

/** Bins between given edges, which must ascend. */
export function binsFromEdges(edges: ArrayLike<number>): Binning {
  const copy = Float64Array.from(edges);
  for (let i = 1; i < copy.length; i++)
    if (!(copy[i] > copy[i - 1]))
      throw new ConfigError(`binsFromEdges: edges must ascend: ${copy[i - 1]}, ${copy[i]} at ${i}`);
  if (copy.length < 2) throw new ConfigError("binsFromEdges: need at least two edges");
  return { edges: copy, scale: 0 };
}

/** 0 for underflow, 1 … bins inside, bins + 1 for overflow, -1 for NaN. */
export function binOf({ edges, scale }: Binning, x: number): number {
  const bins = edges.length - 1;
  if (!(x >= edges[0])) return x < edges[0] ? 0 : -1;
  if (x >= edges[bins]) return bins + 1;
  return scale > 0 ? equalBin(edges, scale, x) : edgesUpTo(edges, x, 1, bins);
}

/** The product may round across an edge; the edges themselves decide. */
function equalBin(edges: Float64Array, scale: number, x: number): number {
  const i = Math.min(edges.length - 2, ((x - edges[0]) * scale) | 0);
  return x < edges[i] ? i : x >= edges[i + 1] ? i + 2 : i + 1;
}

/** How many edges are not above x, which is known to be first ... last. */
function edgesUpTo(edges: Float64Array, x: number, first: number, last: number): number {
  let low = first;
  let high = last;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (x < edges[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Bins of values [n], as `binOf` gives them, into the first n of `into`. */
export type BinFinder = (values: Float64Array, n: number, into: Int32Array) => void;

/**
 * `binOf` made ready for many values: the same bins, in a time that does not grow with their
 * number. Edges are looked up by the leading bits of x as float32; a cell with several is searched.
 */
export function binFinder({ edges, scale }: Binning): BinFinder {
  if (scale > 0) return (values, n, into) => findEqual(edges, scale, values, n, into);
  const cells = createCells(edges);
  return (values, n, into) => findInCells(edges, cells, values, n, into);
}

function findEqual(
  edges: Float64Array,
  scale: number,
  values: Float64Array,
  n: number,
  into: Int32Array,
): void {
  const bins = edges.length - 1;
  const [low, high] = [edges[0], edges[bins]];
  for (let i = 0; i < n; i++) {
    const x = values[i];
    if (!(x >= low)) into[i] = x < low ? 0 : -1;
    else into[i] = x >= high ? bins + 1 : equalBin(edges, scale, x);
  }
}

/** Edges by cells, all numbers with the same leading bits: cell c has below[c] ... below[c + 1] - 1. */
interface Cells {
  readonly below: Uint32Array;
  readonly shift: number;
  /** Number of the first cell. */
  readonly start: number;
  readonly float: Float32Array;
  readonly bits: Int32Array;
}

/** So many that few cells have more than one edge where bins are equal in log x. */
const cellsPerBin = 8;

function createCells(edges: Float64Array): Cells {
  const bits = new Int32Array(1);
  const float = new Float32Array(bits.buffer);
  const keyOf = (x: number) => {
    float[0] = x + 0;
    return ascending(bits[0]);
  };
  const [first, last] = [keyOf(edges[0]), keyOf(edges[edges.length - 1])];
  const shift = Math.max(0, Math.ceil(Math.log2((last - first) / (cellsPerBin * edges.length))));
  const start = first >> shift;
  const below = new Uint32Array((last >> shift) - start + 2);
  for (const edge of edges) below[(keyOf(edge) >> shift) - start + 1]++;
  for (let c = 1; c < below.length; c++) below[c] += below[c - 1];
  return { below, shift, start, float, bits };
}

/**
 * Bits of a float32 as an integer that does not fall as the number grows. Neither does rounding to
 * float32; so an edge in a cell before that of x is below x, and one in a cell after it above.
 */
const ascending = (bits: number) => bits ^ ((bits >> 31) & 0x7fffffff);

function findInCells(
  edges: Float64Array,
  { below, shift, start, float, bits }: Cells,
  values: Float64Array,
  n: number,
  into: Int32Array,
): void {
  const bins = edges.length - 1;
  const [low, high] = [edges[0], edges[bins]];
  for (let i = 0; i < n; i++) {
    const x = values[i];
    if (!(x >= low)) into[i] = x < low ? 0 : -1;
    else if (x >= high) into[i] = bins + 1;
    else {
      float[0] = x + 0; // -0 is 0
      const cell = (ascending(bits[0]) >> shift) - start;
      into[i] = edgesUpTo(edges, x, below[cell], below[cell + 1]);
    }
  }
}

/** One-dimensional histogram; arrays are [bins + 2] with underflow first and overflow last. */
export interface Histogram {
  readonly binning: Binning;
  readonly sumW: Float64Array;
  readonly sumW2: Float64Array;
  /** Fills that were NaN, and so in no bin. */
  missing: number;
}

/** An empty histogram. */
export function createHistogram(binning: Binning): Histogram {
  const size = binning.edges.length + 1;
  return { binning, sumW: new Float64Array(size), sumW2: new Float64Array(size), missing: 0 };
}

/** Adds values [n], with weights [n] or weight 1, to the histogram and returns it. */
export function fillHistogram(
  h: Histogram,
  values: ArrayLike<number>,
  weights?: ArrayLike<number>,
): Histogram {
  requireSameLength("fillHistogram", values, weights);
  const { binning, sumW, sumW2 } = h;
  for (let i = 0; i < values.length; i++) {
    const bin = binOf(binning, values[i]);
    const w = weights ? weights[i] : 1;
    if (bin < 0) {
      h.missing++;
      continue;
    }
    sumW[bin] += w;
    sumW2[bin] += w * w;
  }
  return h;
}

/** Histogram of values [n] in one call. */
export function histogram(binning: Binning, values: ArrayLike<number>): Histogram {
  return fillHistogram(createHistogram(binning), values);
}

/** Sum of histograms with the same edges; throws `ShapeError` where they differ. */
export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  requireSameBinning(a.binning, b.binning);
  return {
    binning: a.binning,
    sumW: a.sumW.map((w, i) => w + b.sumW[i]),
    sumW2: a.sumW2.map((w, i) => w + b.sumW2[i]),
    missing: a.missing + b.missing,
  };
}

/** Contents of the bins [bins] without the flows. */
export function binContents(h: Histogram): Float64Array {
  return h.sumW.slice(1, -1);
}

/** Standard uncertainty of each bin [bins], sqrt of the sum of squared weights. */
export function binErrors(h: Histogram): Float64Array {
  return h.sumW2.slice(1, -1).map(Math.sqrt);
}

/** Two-dimensional histogram; arrays are [x bins + 2, y bins + 2], row-major, flows included. */
export interface Histogram2d {
  readonly x: Binning;
  readonly y: Binning;
  readonly sumW: Float64Array;
  readonly sumW2: Float64Array;
  /** Fills with a NaN in either coordinate. */
  missing: number;
}

/** An empty two-dimensional histogram. */
export function createHistogram2d(x: Binning, y: Binning): Histogram2d {
  const size = (x.edges.length + 1) * (y.edges.length + 1);
  return { x, y, sumW: new Float64Array(size), sumW2: new Float64Array(size), missing: 0 };
}

/** Adds the points (xs, ys) [n], with weights [n] or weight 1, and returns the histogram. */
export function fillHistogram2d(
  h: Histogram2d,
  points: { readonly xs: ArrayLike<number>; readonly ys: ArrayLike<number> },
  weights?: ArrayLike<number>,
): Histogram2d {
  const { xs, ys } = points;
  requireSameLength("fillHistogram2d", xs, ys);
  requireSameLength("fillHistogram2d", xs, weights);
  const stride = h.y.edges.length + 1;
  for (let i = 0; i < xs.length; i++) {
    const row = binOf(h.x, xs[i]);
    const column = binOf(h.y, ys[i]);
    const w = weights ? weights[i] : 1;
    if (row < 0 || column < 0) {
      h.missing++;
      continue;
    }
    h.sumW[row * stride + column] += w;
    h.sumW2[row * stride + column] += w * w;
  }
  return h;
}

/** Sum of two-dimensional histograms with the same edges. */
export function mergeHistograms2d(a: Histogram2d, b: Histogram2d): Histogram2d {
  requireSameBinning(a.x, b.x);
  requireSameBinning(a.y, b.y);
  return {
    x: a.x,
    y: a.y,
    sumW: a.sumW.map((w, i) => w + b.sumW[i]),
    sumW2: a.sumW2.map((w, i) => w + b.sumW2[i]),
    missing: a.missing + b.missing,
  };
}

/** Contents [x bins, y bins], row-major, without the flows. */
export function binContents2d(h: Histogram2d): Float64Array {
  const [nx, ny] = [h.x.edges.length - 1, h.y.edges.length - 1];
  const inside = new Float64Array(nx * ny);
  for (let i = 0; i < nx; i++)
    inside.set(h.sumW.subarray((i + 1) * (ny + 2) + 1, (i + 1) * (ny + 2) + 1 + ny), i * ny);
  return inside;
}

function requireSameLength(where: string, a: ArrayLike<number>, b?: ArrayLike<number>): void {
  if (b && a.length !== b.length)
    throw new ShapeError(`${where}: arrays differ in length: ${a.length} and ${b.length}`);
}

function requireSameBinning(a: Binning, b: Binning): void {
  const same = a.edges.length === b.edges.length && a.edges.every((e, i) => e === b.edges[i]);
  if (!same)
    throw new ShapeError(
      `mergeHistograms: edges differ: ${a.edges.length - 1} bins from ${a.edges[0]} and ` +
        `${b.edges.length - 1} from ${b.edges[0]}`,
    );
}
