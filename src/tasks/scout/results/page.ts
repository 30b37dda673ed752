import { orbitRateHz } from "../../../cms/menu/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { formatNumber, type Page, type Section } from "../../../report/index.ts";
import type { ScoutConfig } from "../config.ts";
import { figureGroups } from "../monitor/figures.ts";
import { wholeOrbit } from "../monitor/orbit-figures.ts";
import { comparisonSection } from "./comparison-section.ts";
import type { AlgorithmRate, ScoutMetrics } from "./metrics.ts";
import type { Snapshot } from "./snapshot.ts";

interface PageInput {
  readonly config: ScoutConfig;
  readonly metrics: ScoutMetrics;
  readonly snapshot: Snapshot;
  /** The reference as a snapshot, drawn behind. */
  readonly reference?: Snapshot | null;
  readonly provenance: object;
}

/** Algorithms that the page lists; `metrics.json` has all. */
const listedAlgorithms = 40;

/** The page of a run: what came in, how fast, what was seen, and what was not as it should be. */
export function scoutPage({
  config,
  metrics,
  snapshot,
  reference = null,
  provenance,
}: PageInput): Page {
  const { realTimeFactor } = metrics;
  const muons = metrics.objects.muons ?? 0;
  const perCrossing = muons / (metrics.orbits * crossingsPerOrbit);
  const view = { reference, isLog: false, crossings: wholeOrbit };
  return {
    title: metrics.run === null ? "Scouting" : `Scouting of run ${metrics.run}`,
    subtitle: [
      `${formatNumber(metrics.orbits)} orbits, ${formatNumber(muons)} muons`,
      ...(config.note === "" ? [] : [config.note]),
    ].join("; "),
    verdict: {
      ...verdict(metrics),
      headlines: [
        { label: "Orbits", value: formatNumber(metrics.orbits) },
        {
          label: "Real time",
          value: `${realTimeFactor.toPrecision(3)}×`,
          note: `${config.workers} ${config.workers === 1 ? "thread" : "threads"}; 1× is ${orbitRateHz} orbits/s`,
        },
        { label: "Muons per crossing", value: perCrossing.toPrecision(3) },
        { label: "Crossings kept", value: formatNumber(metrics.kept) },
      ],
    },
    sections: [
      ...comparisonSection(config, metrics),
      ...figureGroups(snapshot, view).map(({ title, cards }) => ({
        title,
        figures: cards.map(({ figure }) => figure),
      })),
      ...rateSection(metrics),
      speedSection(metrics),
    ],
    configuration: config,
    provenance,
  };
}

function verdict({ dropped, alarms, seenAlarms }: ScoutMetrics) {
  const lost = Object.values(dropped).reduce((sum, n) => sum + n, 0);
  const passing = seenAlarms.filter(({ name }) => !alarms.some((alarm) => alarm.name === name));
  const many = (n: number, verb: string) =>
    n === 0 ? [] : [`${n} ${n === 1 ? `distribution ${verb}s` : `distributions ${verb}`}`];
  const parts = [
    lost === 0 ? "No orbit was lost" : `${formatNumber(lost)} orbits were dropped`,
    ...many(alarms.length, "depart").map((text) => `${text} from the reference`),
    ...(passing.length === 0
      ? []
      : [`${passing.length} departed for a while, and not in the sum of all`]),
  ];
  const isBad = alarms.length + passing.length > 0;
  return {
    text: `${parts.join("; ")}.`,
    status: isBad ? ("bad" as const) : lost > 0 ? ("neutral" as const) : ("good" as const),
  };
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

function speedSection(metrics: ScoutMetrics): Section {
  const { stages, orbits, dropped, missing, seconds, lagSeconds } = metrics;
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
  const gaps = Object.entries(missing).filter(([, n]) => n > 0);
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
      ...(gaps.length > 0
        ? [
            {
              title: "Orbits that did not come",
              caption: "Between the first and the last of each source.",
              columns: [{ name: "source" }, { name: "orbits" }],
              rows: gaps,
            },
          ]
        : []),
    ],
  };
}
