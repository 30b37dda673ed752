import type { Measured } from "../stats/index.ts";

/**
 * Figures as plain data, ready for JSON. Labels may hold `_{…}` and `^{…}` for sub- and
 * superscripts ("p_{T}"). Arrays are per bin or per point; NaN or null means "not there".
 */
export type FigureData =
  | StepHistogramData
  | ResidualCurvesData
  | Heatmap2dData
  | ProfilePlotData
  | TurnOnData
  | LearningCurvesData
  | CurvesData
  | BarsData
  | RangesData;

/** What every figure says about itself. */
export interface FigureText {
  /** Short title, without a full stop. */
  readonly title: string;
  /** One sentence: what to see. */
  readonly caption: string;
  /** Number of objects shown. */
  readonly n?: number;
  /** Short label above the frame, such as "Simulation". */
  readonly tag?: string;
}

/** An axis; the range is taken from the data where no domain is given. */
export interface AxisData {
  readonly label: string;
  readonly unit?: string;
  readonly domain?: readonly [number, number];
  readonly log?: boolean;
}

/** Bin contents [bins] between edges [bins + 1]. */
export interface HistogramSeries {
  readonly name: string;
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Standard uncertainties [bins]; drawn as bars (points, lines) or a band (fill). */
  readonly errors?: readonly number[];
  /** Outline, shaded area, or points; default line. */
  readonly style?: "line" | "fill" | "points";
}

/** Overlaid one-dimensional distributions; all must share their edges for a lower panel. */
export interface StepHistogramData extends FigureText {
  readonly kind: "stepHistogram";
  readonly x: AxisData;
  readonly y: AxisData;
  readonly series: readonly HistogramSeries[];
  /** Lower panel: every other series over, or its pull against, the first series. */
  readonly lower?: "ratio" | "pull";
}

/** Residuals before and after, with their root mean squares in the legend. */
export interface ResidualCurvesData extends FigureText {
  readonly kind: "residualCurves";
  readonly x: AxisData;
  readonly y: AxisData;
  readonly series: readonly (HistogramSeries & {
    readonly rms: Measured;
    /** Share of the entries outside the edges, which no bin shows; named in the legend. */
    readonly outside?: number;
  })[];
}

/** A two-dimensional histogram, color on a logarithmic scale; empty cells stay blank. */
export interface Heatmap2dData extends FigureText {
  readonly kind: "heatmap2d";
  readonly x: AxisData;
  readonly y: AxisData;
  readonly xEdges: readonly number[];
  readonly yEdges: readonly number[];
  /** [x bins, y bins], row-major. */
  readonly counts: readonly number[];
  /** What the color counts, such as "Muons per cell". */
  readonly colorLabel: string;
  /** Draws y = x, where perfect predictions lie. */
  readonly diagonal?: boolean;
}

/** Points in bins of x. */
export interface ProfileSeries {
  readonly name: string;
  readonly edges: readonly number[];
  readonly values: readonly (number | null)[];
  readonly errors: readonly (number | null)[];
  /** Where in the bin the point lies; default the middle. */
  readonly centers?: readonly (number | null)[];
}

/** Resolution or bias against pt, eta or phi: before and after. */
export interface ProfilePlotData extends FigureText {
  readonly kind: "profilePlot";
  readonly x: AxisData;
  readonly y: AxisData;
  readonly series: readonly ProfileSeries[];
  /** Best possible value per bin [bins of the first series], drawn as a dashed line. */
  readonly floor?: { readonly name: string; readonly values: readonly (number | null)[] };
  /** Draws y = 0: for biases. Without it the y axis starts at 0: for resolutions. */
  readonly zeroLine?: boolean;
}

/** Efficiency per bin with its interval. */
export interface EfficiencySeries {
  readonly centers: readonly number[];
  readonly values: readonly (number | null)[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** Trigger efficiency against offline pt at several thresholds, before and after. */
export interface TurnOnData extends FigureText {
  readonly kind: "turnOn";
  readonly x: AxisData;
  readonly y: AxisData;
  readonly beforeName: string;
  readonly afterName: string;
  readonly thresholds: readonly {
    /** GeV. */
    readonly threshold: number;
    readonly before: EfficiencySeries;
    readonly after: EfficiencySeries;
  }[];
}

/** Loss per epoch, first epoch 1. */
export interface LearningCurvesData extends FigureText {
  readonly kind: "learningCurves";
  readonly y: AxisData;
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** The epoch whose weights are kept, from 1. */
  readonly bestEpoch: number;
  /** Straight level to compare with, such as the loss of the Bayes floor. */
  readonly floor?: { readonly name: string; readonly value: number };
}

/** Values with uncertainties against a setting (tuning curves) or a cost (Pareto fronts). */
export interface CurvesData extends FigureText {
  readonly kind: "curves";
  readonly x: AxisData;
  readonly y: AxisData;
  readonly series: readonly {
    readonly name: string;
    readonly x: readonly number[];
    readonly y: readonly number[];
    readonly errors?: readonly number[];
    /** Text beside each point. */
    readonly labels?: readonly string[];
    /** Joins the points by a line; default true. */
    readonly connect?: boolean;
  }[];
  readonly levels?: readonly { readonly name: string; readonly value: number }[];
}

/** Stacked horizontal bars: shares of a whole by category, such as resources per layer. */
export interface BarsData extends FigureText {
  readonly kind: "bars";
  readonly x: AxisData;
  /** From top to bottom. */
  readonly categories: readonly string[];
  readonly series: readonly {
    readonly name: string;
    /** [categories], not negative. */
    readonly values: readonly number[];
  }[];
}

/** Where values lie, by category, against the range that can hold them. */
export interface RangesData extends FigureText {
  readonly kind: "ranges";
  readonly x: AxisData;
  readonly rows: readonly {
    readonly label: string;
    /** Smallest value, quartiles, largest value; null where there are none. */
    readonly box: readonly [number, number, number, number, number] | null;
    /** Smallest and largest value that fit; null for a row without a format. */
    readonly range: readonly [number, number] | null;
  }[];
  /** What the shading and the boxes are, for the legend. */
  readonly rangeName: string;
  readonly boxName: string;
}
