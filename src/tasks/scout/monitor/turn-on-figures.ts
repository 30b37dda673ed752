import type { EfficiencySeries, FigureData, HistogramSeries } from "../../../report/index.ts";
import { clopperPearson } from "../../../stats/index.ts";
import type { TurnOnSnapshot } from "../results/snapshot.ts";
import { areSame, sameTurnOn, total } from "./compare.ts";
import type { FigureCard } from "./figures.ts";
import { isLogAxis, quantityAxis } from "./labels.ts";

/**
 * Thresholds in one quantity and in its Level-1 value share a figure, unless each has its reference
 * behind it; others stand alone.
 */
export function turnOnFigures(
  turnOns: readonly TurnOnSnapshot[],
  reference: readonly TurnOnSnapshot[],
): FigureCard[] {
  const behind = new Map(turnOns.map((t) => [t, sameTurnOn(t, reference)]));
  const isPartner = (raw: TurnOnSnapshot) => (t: TurnOnSnapshot) =>
    raw.of === `${t.of}L1` &&
    t.threshold === raw.threshold &&
    t.against === raw.against &&
    areSame(t.edges, raw.edges);
  const together = turnOns.filter((t) => !behind.get(t));
  const pairs = together.flatMap((raw) => {
    const after = together.find(isPartner(raw));
    return after ? [{ raw, after }] : [];
  });
  const paired = new Set(pairs.flatMap(({ raw, after }) => [raw, after]));
  const alone = turnOns.filter((t) => !paired.has(t));
  const axes = new Map(pairs.map((pair) => [pair.raw.against, pair.raw]));
  return [
    ...[...axes.values()].map(({ against }) =>
      pairFigure(pairs.filter(({ raw }) => raw.against === against)),
    ),
    ...alone.map((t) => singleFigure(t, behind.get(t))),
  ];
}

function pairFigure(
  pairs: readonly { readonly raw: TurnOnSnapshot; readonly after: TurnOnSnapshot }[],
): FigureCard {
  const [{ raw, after }] = pairs;
  return {
    id: `turn-on-${raw.against}`,
    bins: pairs.flatMap((pair) => [pair.raw, pair.after].map(binsName)),
    figure: {
      ...{ kind: "turnOn", title: "Turn-on, raw and recalibrated", n: total(raw.total) },
      caption: `Share of objects above a threshold in ${raw.of} and in ${after.of}.`,
      ...{ x: quantityAxis(raw.against), y: { label: "Efficiency" } },
      beforeName: `raw (${raw.of})`,
      afterName: `recalibrated (${after.of})`,
      thresholds: pairs.map((pair) => ({
        threshold: pair.raw.threshold,
        before: efficiency(pair.raw),
        after: efficiency(pair.after),
      })),
    },
  };
}

/** What alarms call it. */
const binsName = ({ name }: TurnOnSnapshot) => `turnOn.${name}`;

/** One threshold; with a reference, that behind it and the ratio below. */
function singleFigure(turnOn: TurnOnSnapshot, other: TurnOnSnapshot | undefined): FigureCard {
  const { name, of, threshold, against, edges } = turnOn;
  const seriesName = `${of} ≥ ${threshold}`;
  const { unit } = quantityAxis(of);
  const text = {
    ...{ title: name, n: total(turnOn.total) },
    caption: `Share of objects with ${of} of at least ${threshold}${unit ? ` ${unit}` : ""}.`,
    x: { ...quantityAxis(against), log: isLogAxis(edges) },
    y: { label: "Efficiency", domain: [0, 1.08] as const },
  };
  const figure: FigureData =
    other && total(other.total) > 0
      ? {
          ...{ kind: "stepHistogram", ...text, lower: "ratio" },
          series: [
            efficiencySteps(other, { name: "reference", style: "fill" }),
            efficiencySteps(turnOn, { name: seriesName }),
          ],
        }
      : {
          ...{ kind: "curves", ...text, levels: [{ name: "all", value: 1 }] },
          series: [{ name: seriesName, ...efficiencyPoints(turnOn) }],
        };
  return { id: `turn-on-${name}`, bins: [binsName(turnOn)], figure };
}

/** Filled bins; errors are half of the interval. */
function efficiencyPoints(turnOn: TurnOnSnapshot) {
  const { centers, values, low, high } = efficiency(turnOn);
  const filled = centers.flatMap((_, i) => (values[i] === null ? [] : [i]));
  return {
    x: filled.map((i) => centers[i]),
    y: filled.map((i) => values[i] as number),
    errors: filled.map((i) => (high[i] - low[i]) / 2),
  };
}

/** All bins, NaN for empty ones; errors reach the farther end of the interval. */
function efficiencySteps(
  turnOn: TurnOnSnapshot,
  look: Pick<HistogramSeries, "name" | "style">,
): HistogramSeries {
  const { values, low, high } = efficiency(turnOn);
  return {
    ...{ ...look, edges: turnOn.edges },
    counts: values.map((value) => value ?? Number.NaN),
    errors: values.map((value, i) =>
      value === null ? Number.NaN : Math.max(high[i] - value, value - low[i]),
    ),
  };
}

function efficiency({ edges, passed, total }: TurnOnSnapshot): EfficiencySeries {
  const intervals = passed.map((n, i) => clopperPearson(n, total[i]));
  return {
    centers: passed.map((_, i) => (edges[i] + edges[i + 1]) / 2),
    values: passed.map((n, i) => (total[i] > 0 ? n / total[i] : null)),
    low: intervals.map((interval) => interval.low),
    high: intervals.map((interval) => interval.high),
  };
}
