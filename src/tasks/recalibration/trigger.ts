import { efficiencySeries, type FigureData, type Section } from "../../report/index.ts";
import { binsFromEdges, type Measured, quantile, turnOn, wilson } from "../../stats/index.ts";
import { trimmed } from "./bins.ts";
import { axisOf, common, type FigureContext } from "./figures.ts";
import type { ObjectKind } from "./quantities.ts";
import { capital, type Words, wordsOf } from "./words.ts";

/** Thresholds on single and double objects that a trigger menu has, GeV, and bins to show them in. */
const menus: Readonly<Record<ObjectKind, { thresholds: readonly number[]; edges: number[] }>> = {
  muons: {
    thresholds: [5, 10, 20, 22],
    edges: [...Array.from({ length: 16 }, (_, i) => 2 * i), 32, 35, 38, 42, 46, 50, 60],
  },
  jets: {
    thresholds: [10, 20, 35, 60, 90, 120],
    edges: [...Array.from({ length: 15 }, (_, i) => 4 * i), 60, 70, 85, 100, 120, 140, 170, 200],
  },
};

/** pt of all test objects, GeV: offline, by L1, and by L1 with the calibration in its window. */
export interface TurnOnPts {
  readonly offline: Float64Array;
  readonly before: Float64Array;
  readonly after: Float64Array;
}

/** A threshold on the pt, GeV, and the share of all test objects that pass it. */
export interface Passing {
  readonly threshold: number;
  readonly before: Measured;
  readonly after: Measured;
  /** Threshold on the calibrated pt that passes as many as L1 does, GeV. */
  readonly equalRateThreshold: number;
}

/** Thresholds that enough offline objects reach for a curve. */
function thresholdsOf(object: ObjectKind, { offline }: TurnOnPts): readonly number[] {
  const above = (threshold: number) => offline.reduce((n, pt) => n + Number(pt >= threshold), 0);
  const { thresholds } = menus[object];
  return thresholds.filter((threshold, i) => i === 0 || above(threshold) >= 20);
}

/** What passes the thresholds of a trigger menu. */
export function passing(object: ObjectKind, pts: TurnOnPts): Passing[] {
  const share = (pt: Float64Array, threshold: number): Measured => {
    const passed = pt.reduce((n, x) => n + Number(x >= threshold), 0);
    const { low, high } = wilson(passed, pt.length); // not 0 wide where none passes
    return { value: passed / pt.length, uncertainty: (high - low) / 2 };
  };
  const same = equalRateThresholds(object, pts);
  return thresholdsOf(object, pts).map((threshold, i) => ({
    threshold,
    before: share(pts.before, threshold),
    after: share(pts.after, threshold),
    equalRateThreshold: Number(same[i].toFixed(2)),
  }));
}

/** Thresholds on the calibrated pt that pass as many objects as those of the menu on the L1 pt. */
function equalRateThresholds(object: ObjectKind, pts: TurnOnPts): number[] {
  const { before, after } = pts;
  return thresholdsOf(object, pts).map((threshold) => {
    const failed = before.reduce((n, pt) => n + Number(pt < threshold), 0);
    return quantile(after, failed / before.length);
  });
}

/** Turn-on curves and rates at the thresholds of a menu. */
export function triggerSection(pts: TurnOnPts, context: FigureContext): Section {
  const words = wordsOf[context.object];
  return {
    title: "Trigger",
    figures: [
      turnOnFigure(context, pts, { equalRate: false }),
      turnOnFigure(context, pts, { equalRate: true }),
    ],
    tables: [
      {
        title: `Share of ${words.many} that pass a threshold`,
        caption: `Of all test ${words.many}. The last column is the threshold on the calibrated p_{T} that passes as many as L1 does.`,
        columns: [
          { name: "Threshold", unit: "GeV" },
          { name: "L1" },
          { name: context.evaluation.model.name },
          { name: "Threshold at the L1 rate", unit: "GeV" },
        ],
        rows: passing(context.object, pts).map((p) => [
          String(p.threshold),
          p.before,
          p.after,
          p.equalRateThreshold,
        ]),
      },
    ],
  };
}

/**
 * Efficiency against offline pt: of the same thresholds on L1 and calibrated pt, or of thresholds
 * on the calibrated pt that let as many objects through as the L1 ones (`equalRate`).
 */
function turnOnFigure(
  context: FigureContext,
  pts: TurnOnPts,
  { equalRate }: { readonly equalRate: boolean },
): FigureData {
  const { reference, object, evaluation } = context;
  const bins = binsFromEdges(trimmed(menus[object].edges, pts.offline));
  const series = (decision: Float64Array, threshold: number) =>
    efficiencySeries(turnOn(bins, { reference: pts.offline, decision, threshold }));
  const same = equalRateThresholds(object, pts);
  const words = wordsOf[object];
  return {
    kind: "turnOn",
    title: equalRate ? "Turn-on curves at the same rate" : "Turn-on curves at the same threshold",
    caption: equalRate ? equalRateCaption(words, same) : sameCaption(words),
    x: axisOf("pt", capital(reference)),
    y: { label: "Efficiency" },
    beforeName: evaluation.level1.name,
    afterName: evaluation.model.name,
    thresholds: thresholdsOf(object, pts).map((threshold, i) => ({
      threshold,
      before: series(pts.before, threshold),
      after: series(pts.after, equalRate ? same[i] : threshold),
    })),
    ...common(context, pts.offline.length),
  };
}

const equalRateCaption = ({ many }: Words, thresholds: readonly number[]) =>
  `Thresholds on the calibrated p_{T} (${thresholds.map((t) => t.toFixed(1)).join(", ")} GeV) let through as many test ${many} as the L1 ones in the legend: at equal rate, the curve that rises later and steeper rejects more soft ${many}, and the higher one beyond keeps more of the wanted ones.`;

const sameCaption = ({ many, Many }: Words) =>
  `Share of ${many} with an L1 candidate that pass a threshold, with Clopper-Pearson intervals. ${Many} outside the calibrated p_{T} window keep their L1 p_{T}.${many === "muons" ? " L1 reports a p_{T} that is high on purpose, so its curves rise before the threshold; compare them at equal rate too." : ""}`;
