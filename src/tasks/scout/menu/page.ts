import { type FigureData, formatNumber, type Page, type TableData } from "../../../report/index.ts";
import type { MenuCounts } from "./counts.ts";

/** Algorithms in the figures, and pairs of them in the map. */
const drawnAlgorithms = 20;

/** The page of a menu: rates, what overlaps with what, and the rate against a threshold. */
export function menuPage(counts: MenuCounts, provenance: object): Page {
  const { menu, crossings, orbits, total, algorithms, bunches, differing, overlaps } = counts;
  const byRate = algorithms
    .filter(({ rateKHz }) => rateKHz > 0)
    .sort((a, b) => b.rateKHz - a.rateKHz);
  const drawn = byRate.slice(0, drawnAlgorithms);
  const isChecked = algorithms.some(({ extra }) => extra !== undefined);
  return {
    title: `Trigger menu ${menu}`,
    subtitle: `${formatNumber(crossings)} crossings${orbits > 0 ? `, ${formatNumber(orbits)} orbits` : ""}; rates for ${bunches} colliding bunches`,
    verdict: {
      text: isChecked
        ? `${differing === 0 ? "No algorithm differs" : `${differing} algorithms differ`} from the bits in the files.`
        : `${byRate.length} of ${algorithms.length} algorithms fired.`,
      status: !isChecked ? "neutral" : differing === 0 ? "good" : "bad",
      headlines: [
        {
          ...{ label: "Total rate", unit: "kHz", note: "of any algorithm" },
          value: { value: total.rateKHz, uncertainty: total.errorKHz },
        },
        { label: "Fired", value: byRate.length, note: `of ${algorithms.length} algorithms` },
        { label: "Undecided", value: counts.undecided, note: "need conditions from outside" },
      ],
    },
    sections: [
      ...(differing === 0 ? [] : [{ title: "Against the bits", tables: [checkTable(counts)] }]),
      ...(byRate.length === 0
        ? []
        : [{ title: "Rates", text: [rateText], figures: [rateBars(drawn)] }]),
      ...(overlaps.length === 0
        ? []
        : [
            {
              title: "Overlaps",
              figures: [overlapMap(counts, drawn)],
              tables: [overlapTable(overlaps)],
            },
          ]),
      ...(counts.curve === null
        ? []
        : [{ title: "Rate against threshold", figures: [curveFigure(counts.curve)] }]),
      { title: "All algorithms that fired", tables: [rateTable(byRate)] },
    ],
    provenance,
  };
}

const rateText =
  "Uncertainties are statistical. Pure: of crossings that no other algorithm of the menu takes, after prescales.";

function checkTable({ algorithms }: MenuCounts): TableData {
  const wrong = algorithms.filter(({ extra = 0, missing = 0 }) => extra + missing > 0);
  return {
    title: "Algorithms that differ",
    columns: [
      ...[{ name: "algorithm" }, { name: "fired here" }, { name: "in the file" }],
      ...[{ name: "only here" }, { name: "only in the file" }],
    ],
    rows: wrong.map(({ name, fired, expected = 0, extra = 0, missing = 0 }) => [
      ...[name, fired, expected, extra, missing],
    ]),
  };
}

type Rated = MenuCounts["algorithms"][number];

function rateBars(drawn: readonly Rated[]): FigureData {
  return {
    kind: "bars",
    title: `The ${drawn.length} largest rates`,
    caption: "How much of each rate is pure, and how much other algorithms take too.",
    x: { label: "Rate", unit: "kHz" },
    categories: drawn.map(({ name }, k) => `${k + 1}  ${name}`),
    series: [
      { name: "pure", values: drawn.map(({ pureKHz }) => pureKHz) },
      { name: "shared", values: drawn.map(({ rateKHz, pureKHz }) => rateKHz - pureKHz) },
    ],
  };
}

function rateTable(byRate: readonly Rated[]): TableData {
  const isPrescaled = byRate.some(({ prescale }) => prescale !== 1);
  return {
    title: "Rates in descending order",
    columns: [
      ...[{ name: "algorithm" }, { name: "rate", unit: "kHz" }, { name: "pure", unit: "kHz" }],
      ...(isPrescaled ? [{ name: "prescale" }] : []),
    ],
    rows: byRate.map(({ name, rateKHz, errorKHz, pureKHz, pureErrorKHz, prescale }) => [
      name,
      { value: rateKHz, uncertainty: errorKHz },
      { value: pureKHz, uncertainty: pureErrorKHz },
      ...(isPrescaled ? [prescale] : []),
    ]),
  };
}

/** Rows and columns are places in the order of rate, which the figure of the rates tells. */
function overlapMap({ shared }: MenuCounts, drawn: readonly Rated[]): FigureData {
  const edges = Array.from({ length: drawn.length + 1 }, (_, k) => k + 0.5);
  const counts = drawn.flatMap(({ name: a }) => drawn.map(({ name: b }) => shared(a, b)));
  return {
    kind: "heatmap2d",
    title: "Crossings that two algorithms share",
    caption: `The ${drawn.length} largest rates by their places in the figure above; the diagonal is each by itself.`,
    x: { label: "Algorithm, by place" },
    y: { label: "Algorithm, by place" },
    ...{ xEdges: edges, yEdges: edges, counts },
    colorLabel: "Crossings",
  };
}

function overlapTable(overlaps: MenuCounts["overlaps"]): TableData {
  return {
    title: "Pairs with the largest part in common",
    caption: "Of the crossings that either takes, those that both take.",
    columns: [
      ...[{ name: "algorithm" }, { name: "and" }, { name: "both", unit: "kHz" }],
      { name: "part of either", unit: "%" },
    ],
    rows: overlaps.map(({ a, b, rateKHz, errorKHz, share }) => [
      ...[a, b, { value: rateKHz, uncertainty: errorKHz }],
      Number((100 * share).toPrecision(3)),
    ]),
  };
}

function curveFigure({ name, points, own }: NonNullable<MenuCounts["curve"]>): FigureData {
  return {
    kind: "curves",
    title: `${name} against its threshold`,
    caption: `Every crossing decided anew at each threshold of the first object; the menu has ${own} GeV.`,
    x: { label: "Threshold", unit: "GeV" },
    y: { label: "Rate", unit: "kHz", log: points.every(({ rateKHz }) => rateKHz > 0) },
    series: [
      {
        name,
        x: points.map(({ threshold }) => threshold),
        y: points.map(({ rateKHz }) => rateKHz),
        errors: points.map(({ errorKHz }) => errorKHz),
      },
    ],
  };
}
