import type { EfficiencySeries, FigureData } from "../../../report/index.ts";
import { clopperPearson } from "../../../stats/index.ts";
import type { TurnOnSnapshot } from "../results/snapshot.ts";
import { areSame, total } from "./compare.ts";
import type { FigureCard } from "./figures.ts";
import { quantityAxis } from "./labels.ts";

/** Thresholds in one quantity and in its Level-1 value share a figure; others stand alone. */
export function turnOnFigures(turnOns: readonly TurnOnSnapshot[]): FigureCard[] {
  const isPartner = (raw: TurnOnSnapshot) => (t: TurnOnSnapshot) =>
    raw.of === `${t.of}L1` &&
    t.threshold === raw.threshold &&
    t.against === raw.against &&
    areSame(t.edges, raw.edges);
  const pairs = turnOns.flatMap((raw) => {
    const after = turnOns.find(isPartner(raw));
    return after ? [{ raw, after }] : [];
  });
  const paired = new Set(pairs.flatMap(({ raw, after }) => [raw, after]));
  const alone = turnOns.filter((t) => !paired.has(t));
  const axes = new Map(pairs.map((pair) => [pair.raw.against, pair.raw]));
  return [
    ...[...axes.values()].map(({ against }) =>
      pairFigure(pairs.filter(({ raw }) => raw.against === against)),
    ),
    ...alone.map(singleFigure),
  ];
}

function pairFigure(
  pairs: readonly { readonly raw: TurnOnSnapshot; readonly after: TurnOnSnapshot }[],
): FigureCard {
  const [{ raw, after }] = pairs;
  return {
    ...{ id: `turn-on-${raw.against}`, bins: [] },
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

function singleFigure(turnOn: TurnOnSnapshot): FigureCard {
  const { centers, values, low, high } = efficiency(turnOn);
  const filled = centers.flatMap((_, i) => (values[i] === null ? [] : [i]));
  const figure: FigureData = {
    ...{ kind: "curves", title: turnOn.name, n: total(turnOn.total) },
    caption: `Share of objects with ${turnOn.of} of at least ${turnOn.threshold}.`,
    x: quantityAxis(turnOn.against),
    y: { label: "Efficiency", domain: [0, 1.08] },
    series: [
      {
        name: `${turnOn.of} ≥ ${turnOn.threshold}`,
        x: filled.map((i) => centers[i]),
        y: filled.map((i) => values[i] as number),
        errors: filled.map((i) => (high[i] - low[i]) / 2),
      },
    ],
    levels: [{ name: "all", value: 1 }],
  };
  return { id: `turn-on-${turnOn.name}`, bins: [], figure };
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
