import { type FigureData, formatNumber, type HistogramSeries } from "../../../report/index.ts";
import type { HistogramSnapshot, MapSnapshot, Snapshot } from "../results/snapshot.ts";
import { areSame, comparedSeries, deviations, occupancyOf, total } from "./compare.ts";
import { isLogAxis, quantityAxis } from "./labels.ts";
import { type CrossingRange, correlationFigure, occupancyFigure } from "./orbit-figures.ts";
import { turnOnFigures } from "./turn-on-figures.ts";

/** A figure of the monitor. */
export interface FigureCard {
  /** Stable, and good for a file name. */
  readonly id: string;
  /** What it shows, as alarms call it. */
  readonly bins: readonly string[];
  readonly figure: FigureData;
  /** Along the orbit: as wide as the page. */
  readonly isWide?: boolean;
}

export interface FigureGroup {
  readonly title: string;
  readonly cards: readonly FigureCard[];
}

/** How a snapshot is shown. */
export interface FigureView {
  /** Drawn behind, scaled to as many entries; null for none. */
  readonly reference: Snapshot | null;
  /** Logarithmic y axes of spectra. */
  readonly isLog: boolean;
  /** Crossings shown along the orbit. */
  readonly crossings: CrossingRange;
}

/** All figures of a snapshot as data, by subject. */
export function figureGroups(snapshot: Snapshot, view: FigureView): FigureGroup[] {
  const { reference } = view;
  const orbit = Object.keys(snapshot.occupancy).flatMap((kind): FigureCard[] => {
    const own = occupancyOf(snapshot, kind);
    if (!own) return [];
    const other = reference && occupancyOf(reference, kind);
    const figure = occupancyFigure({ kind, orbits: snapshot.orbits, own, other }, view.crossings);
    return [{ id: `occupancy-${kind}`, bins: [`occupancy.${kind}`], figure, isWide: true }];
  });
  const neighbors = correlationFigure(snapshot.correlations, reference?.correlations ?? null);
  return [
    { title: "Spectra", cards: spectra(snapshot, view) },
    { title: "Along the orbit", cards: orbit },
    {
      title: "Maps, neighbors and turn-ons",
      cards: [
        ...snapshot.maps.flatMap((map) => mapCards(map, reference)),
        ...(neighbors ? [{ id: "neighbors", bins: [], figure: neighbors }] : []),
        ...turnOnFigures(snapshot.turnOns, reference?.turnOns ?? []),
      ],
    },
  ].filter(({ cards }) => cards.length > 0);
}

/** Opposite and same sign share a figure, unless each has its reference behind it. */
function spectra({ histograms }: Snapshot, view: FigureView): FigureCard[] {
  const { reference } = view;
  const [opposite, same] = ["dimuon.massOpposite", "dimuon.massSame"].map((of) =>
    histograms.find((h) => h.of === of),
  );
  const isPair = opposite && same && areSame(opposite.edges, same.edges) && !reference;
  const cards: FigureCard[] = isPair ? [dimuonCard(opposite, same, view)] : [];
  for (const h of histograms) {
    if (isPair && (h === opposite || h === same)) continue;
    const other = reference?.histograms.find((r) => r.name === h.name && areSame(r.edges, h.edges));
    cards.push({
      ...{ id: `histogram-${h.name}`, bins: [`histogram.${h.name}`] },
      figure: {
        ...{ kind: "stepHistogram", title: h.name, n: total(h.counts) },
        caption: `${h.of}; ${formatNumber(h.underflow)} below and ${formatNumber(h.overflow)} above the edges.`,
        x: { ...quantityAxis(h.of), log: isLogAxis(h.edges) },
        y: { label: "Entries", log: view.isLog },
        ...comparedSeries(series("this run", h.edges, h.counts), other?.counts ?? null),
      },
    });
  }
  return cards;
}

function dimuonCard(
  opposite: HistogramSnapshot,
  same: HistogramSnapshot,
  { isLog }: FigureView,
): FigureCard {
  return {
    id: "dimuon-mass",
    bins: [`histogram.${opposite.name}`, `histogram.${same.name}`],
    figure: {
      ...{ kind: "stepHistogram", title: "Dimuon mass" },
      n: total(opposite.counts) + total(same.counts),
      caption: "The two muons with the largest pt of each crossing.",
      x: { ...quantityAxis(opposite.of), log: isLogAxis(opposite.edges) },
      y: { label: "Crossings", log: isLog },
      series: [
        series("opposite sign", opposite.edges, opposite.counts),
        series("same sign", same.edges, same.counts),
      ],
    },
  };
}

/** A map; with a reference also where the two differ, as in logarithmic colors nobody sees that. */
function mapCards(map: MapSnapshot, reference: Snapshot | null): FigureCard[] {
  const { name, x, y, counts } = map;
  const axes = {
    ...{ x: quantityAxis(x.of), y: quantityAxis(y.of) },
    ...{ xEdges: x.edges, yEdges: y.edges },
  };
  const own: FigureCard = {
    ...{ id: `map-${name}`, bins: [`map.${name}`] },
    figure: {
      ...{ kind: "heatmap2d", title: name, caption: `${y.of} against ${x.of}.`, n: total(counts) },
      ...{ ...axes, counts, colorLabel: "Entries per cell" },
    },
  };
  const other = reference?.maps.find(
    (r) => r.name === name && areSame(r.x.edges, x.edges) && areSame(r.y.edges, y.edges),
  );
  if (!other) return [own];
  const difference: FigureCard = {
    ...{ id: `map-${name}-difference`, bins: [] },
    figure: {
      ...{ kind: "heatmap2d", title: `${name} against the reference` },
      caption: `Cells with more or fewer entries than the reference of the same total, by at least ${leastDeviations} standard deviations.`,
      ...{ ...axes, colorLabel: "Standard deviations" },
      counts: deviations(counts, other.counts).map((d) => (d >= leastDeviations ? d : 0)),
    },
  };
  return [own, difference];
}

/** Fewer are chance. */
const leastDeviations = 3;

function series(
  name: string,
  edges: readonly number[],
  counts: readonly number[],
): HistogramSeries {
  return { name, edges, counts, errors: counts.map(Math.sqrt) };
}
