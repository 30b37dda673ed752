import { orbitRateHz } from "../../../cms/menu/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import {
  type FigureData,
  formatNumber,
  type HistogramSeries,
  type Page,
  type Section,
} from "../../../report/index.ts";
import type { ScoutConfig } from "../config.ts";
import type { AlgorithmRate, ScoutMetrics } from "./metrics.ts";
import type { HistogramSnapshot, Snapshot } from "./snapshot.ts";

interface PageInput {
  readonly config: ScoutConfig;
  readonly metrics: ScoutMetrics;
  readonly snapshot: Snapshot;
  readonly provenance: object;
}

/** Algorithms that the page lists; `metrics.json` has all. */
const listedAlgorithms = 40;

/** The page of a run: what came in, how fast, what was seen, and what was not as it should be. */
export function scoutPage({ config, metrics, snapshot, provenance }: PageInput): Page {
  const lost = Object.values(metrics.dropped).reduce((sum, n) => sum + n, 0);
  const { alarms, realTimeFactor } = metrics;
  const muons = metrics.objects.muons ?? 0;
  const perCrossing = muons / (metrics.orbits * crossingsPerOrbit);
  return {
    title: metrics.run === null ? "Scouting" : `Scouting of run ${metrics.run}`,
    subtitle: `${formatNumber(metrics.orbits)} orbits, ${formatNumber(muons)} muons`,
    verdict: {
      text: `${lost === 0 ? "No orbit was lost" : `${formatNumber(lost)} orbits were dropped`}${alarms.length > 0 ? `; ${alarms.length} distributions depart from the reference` : ""}.`,
      status: alarms.length > 0 ? "bad" : lost > 0 ? "neutral" : "good",
      headlines: [
        { label: "Orbits", value: formatNumber(metrics.orbits) },
        {
          label: "Real time",
          value: `${realTimeFactor.toPrecision(3)}×`,
          note: `${config.workers} threads; 1× is ${orbitRateHz} orbits/s`,
        },
        { label: "Muons per crossing", value: perCrossing.toPrecision(3) },
        { label: "Crossings kept", value: formatNumber(metrics.kept) },
      ],
    },
    sections: [
      ...alarmSection(metrics),
      spectrumSection(snapshot),
      orbitSection(snapshot, metrics),
      mapSection(snapshot),
      ...rateSection(metrics),
      speedSection(metrics),
    ].filter(
      ({ figures = [], tables = [], text = [] }) =>
        figures.length + tables.length + text.length > 0,
    ),
    configuration: config,
    provenance,
  };
}

function alarmSection({ alarms }: ScoutMetrics): Section[] {
  if (alarms.length === 0) return [];
  const rows = alarms.map(({ name, chiSquared, degreesOfFreedom, p, significance }) => [
    ...[name, chiSquared.toFixed(1), degreesOfFreedom],
    ...[p.toPrecision(2), significance.toFixed(1)],
  ]);
  const columns = ["distribution", "χ^{2}", "degrees of freedom", "p, corrected", "Z"];
  const title = "Departures from the reference";
  return [
    { title: "Alarms", tables: [{ title, columns: columns.map((name) => ({ name })), rows }] },
  ];
}

const series = (name: string, h: HistogramSnapshot): HistogramSeries => ({
  name,
  edges: h.edges,
  counts: h.counts,
  errors: h.counts.map(Math.sqrt),
});
const total = (h: HistogramSnapshot) => h.counts.reduce((sum, n) => sum + n, 0);
const unitOf = (of: string) =>
  /mass|pt|^ht/.test(of) ? { unit: "GeV" } : /phi/.test(of) ? { unit: "rad" } : {};
const isLog = ({ edges }: HistogramSnapshot) =>
  edges.length > 2 && Math.abs(edges[2] - 2 * edges[1] + edges[0]) > 1e-9 * (edges[2] - edges[0]);

/** Opposite and same sign in one figure where both are there, all other spectra by themselves. */
function spectrumSection({ histograms }: Snapshot): Section {
  const opposite = histograms.find(({ of }) => of === "dimuon.massOpposite");
  const same = histograms.find(({ of }) => of === "dimuon.massSame");
  const both = opposite && same && String(opposite.edges) === String(same.edges);
  const figures: FigureData[] = both
    ? [
        {
          kind: "stepHistogram",
          title: "Dimuon mass",
          caption: "The two muons with the largest pt of each crossing.",
          n: total(opposite) + total(same),
          x: { label: "m_{μμ}", unit: "GeV", log: isLog(opposite) },
          y: { label: "Crossings" },
          series: [series("opposite sign", opposite), series("same sign", same)],
        },
      ]
    : [];
  for (const h of histograms) {
    if (both && (h === opposite || h === same)) continue;
    figures.push({
      ...{ kind: "stepHistogram", title: h.name, n: total(h) },
      caption: `${h.of}; ${formatNumber(h.underflow)} below and ${formatNumber(h.overflow)} above the edges.`,
      x: { label: h.of, ...unitOf(h.of), log: isLog(h) },
      y: { label: "Entries" },
      series: [series(h.name, h)],
    });
  }
  return { title: "Spectra", figures };
}

function orbitSection({ occupancy, orbits }: Snapshot, { correlations }: ScoutMetrics): Section {
  const edges = Array.from({ length: crossingsPerOrbit / 9 + 1 }, (_, i) => 9 * i + 0.5);
  const figures: FigureData[] = Object.entries(occupancy).map(([kind, counts]) => ({
    kind: "stepHistogram",
    title: `Occupancy of ${kind} along the orbit`,
    caption: "Mean per crossing, nine crossings to a bin: trains of bunches and the gaps between.",
    n: counts.reduce((sum, n) => sum + n, 0),
    x: { label: "bx" },
    y: { label: `${kind} per crossing` },
    series: [
      {
        name: kind,
        edges,
        counts: edges.slice(1).map((_, i) => {
          const nine = counts.slice(9 * i, 9 * i + 9);
          return nine.reduce((sum, n) => sum + n, 0) / (9 * Math.max(1, orbits));
        }),
      },
    ],
  }));
  const seen = correlations.filter(({ expected }) => expected > 0);
  if (seen.length > 0)
    figures.push({
      kind: "curves",
      title: "Muons in neighboring crossings",
      caption: "Pairs of crossings with muons over those expected of independent crossings.",
      x: { label: "distance", unit: "crossings" },
      y: { label: "observed / expected" },
      series: [
        {
          name: "muons",
          x: seen.map((c) => c.distance),
          y: seen.map((c) => c.ratio),
          errors: seen.map((c) => c.uncertainty),
        },
      ],
      levels: [{ name: "independent", value: 1 }],
    });
  return { title: "Along the orbit", figures };
}

function mapSection({ maps }: Snapshot): Section {
  const figures = maps.map(
    ({ name, x, y, counts }): FigureData => ({
      ...{ kind: "heatmap2d", title: name, caption: `${y.of} against ${x.of}.` },
      n: counts.reduce((sum, n) => sum + n, 0),
      x: { label: x.of, ...unitOf(x.of) },
      y: { label: y.of, ...unitOf(y.of) },
      ...{ xEdges: x.edges, yEdges: y.edges, counts, colorLabel: "Entries per cell" },
    }),
  );
  return { title: "Maps", figures };
}

function rateSection({ menu, selections }: ScoutMetrics): Section[] {
  const columns = [{ name: "algorithm" }, { name: "crossings" }, { name: "rate", unit: "kHz" }];
  const rows = (rates: readonly AlgorithmRate[]) =>
    rates.map(({ name, count, rateHz, errorHz }) => [
      ...[name, count],
      { value: rateHz / 1e3, uncertainty: errorHz / 1e3 },
    ]);
  const fired = menu.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  const tables = [
    ...(selections.length > 0 ? [{ title: "Selections", columns, rows: rows(selections) }] : []),
    ...(menu.length > 0
      ? [
          {
            title: "Trigger menu",
            caption: `${fired.length} of ${menu.length} algorithms fired; the ${Math.min(fired.length, listedAlgorithms)} most frequent, before prescales.`,
            columns,
            rows: rows(fired.slice(0, listedAlgorithms)),
          },
        ]
      : []),
  ];
  return tables.length > 0 ? [{ title: "Rates", tables }] : [];
}

function speedSection({ stages, orbits, dropped, seconds, lagSeconds }: ScoutMetrics): Section {
  const columns = [
    { name: "stage" },
    { name: "time of all threads", unit: "s" },
    { name: "items" },
    { name: "items per second and thread" },
    { name: "real-time factor of one thread" },
  ];
  const rows = stages.map(({ name, seconds: s, items }) => [
    ...[name, s.toFixed(2), items, (items / s).toPrecision(3)],
    (orbits / s / orbitRateHz).toPrecision(3),
  ]);
  const reasons = Object.entries(dropped).map(([reason, n]) => [reason, n]);
  return {
    title: "Speed and losses",
    text: [
      `${seconds.toFixed(1)} s in all; the last block took ${lagSeconds.toFixed(2)} s from reading to result.`,
    ],
    tables: [
      { title: "Stages", columns, rows },
      ...(reasons.length > 0
        ? [
            {
              title: "Dropped orbits",
              columns: [{ name: "reason" }, { name: "orbits" }],
              rows: reasons,
            },
          ]
        : []),
    ],
  };
}
