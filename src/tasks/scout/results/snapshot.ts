import { orbitRateHz } from "../../../cms/menu/index.ts";
import type { ScoutConfig } from "../config.ts";
import { binningOf } from "../stages/axis.ts";
import { type Correlation, correlations } from "../stages/occupancy.ts";
import type { Alarm } from "./alarms.ts";
import { binsOf, countsOf, type LumiRange, lumisOf, type Tallies } from "./tallies.ts";

/** One stage so far; seconds are summed over the threads. */
export interface StageRate {
  readonly name: string;
  readonly seconds: number;
  /** Orbits, muons, crossings, values: whatever the stage counts. */
  readonly items: number;
}

/** A spectrum so far. */
export interface HistogramSnapshot {
  readonly name: string;
  /** The quantity. */
  readonly of: string;
  /** [bins + 1] */
  readonly edges: readonly number[];
  /** [bins] */
  readonly counts: readonly number[];
  readonly underflow: number;
  readonly overflow: number;
}

/** A map so far. */
export interface MapSnapshot {
  readonly name: string;
  readonly x: { readonly of: string; readonly edges: readonly number[] };
  readonly y: { readonly of: string; readonly edges: readonly number[] };
  /** [x bins, y bins], row-major, flows left out. */
  readonly counts: readonly number[];
}

/** Objects by a quantity, all and those that pass a threshold in another. */
export interface TurnOnSnapshot {
  readonly name: string;
  /** What must reach the threshold, and the quantity on the axis. */
  readonly of: string;
  readonly threshold: number;
  readonly against: string;
  /** [bins + 1] */
  readonly edges: readonly number[];
  /** [bins] */
  readonly passed: readonly number[];
  readonly total: readonly number[];
}

/** Numbers of a run at a moment; all sums count from its start, before a resume too. */
export interface SnapshotNumbers {
  /** What the configuration says about it. */
  readonly note: string;
  /** Since this process started, s. */
  readonly seconds: number;
  /** True for the last one. */
  readonly isDone: boolean;
  /** Null before the first block. */
  readonly run: number | null;
  /** First and last luminosity section. */
  readonly lumis: LumiRange | null;
  /** Worker threads, here and elsewhere. */
  readonly workers: number;
  readonly orbits: number;
  /** Crossings with a block of any source. */
  readonly crossings: number;
  /** Objects by kind. */
  readonly objects: Readonly<Record<string, number>>;
  /** Crossings written. */
  readonly kept: number;
  /** Crossings that passed, by selection. */
  readonly selected: Readonly<Record<string, number>>;
  /** Orbits that are in no result, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Orbits between the first and the last of a source that are in no block, by source. */
  readonly missing: Readonly<Record<string, number>>;
  /** Worker threads that ended by themselves and were replaced. */
  readonly restarts: number;
  /** Orbits per second since the last snapshot over those of the LHC, 11,245.5. */
  readonly realTimeFactor: number;
  /** From reading the last block to its result, s. */
  readonly lagSeconds: number;
  readonly stages: readonly StageRate[];
  /** What departed from the reference since the last snapshot. */
  readonly alarms: readonly Alarm[];
}

/** All that a monitor shows, as plain JSON; one a second. */
export interface Snapshot extends SnapshotNumbers {
  readonly histograms: readonly HistogramSnapshot[];
  readonly maps: readonly MapSnapshot[];
  readonly turnOns: readonly TurnOnSnapshot[];
  /** Coincidences of neighboring crossings. */
  readonly correlations: readonly Correlation[];
  /** Crossings by algorithm of the menu, those that fired, the most frequent first. */
  readonly algorithms: readonly { readonly name: string; readonly count: number }[];
  /** Objects by crossing, bx - 1 [3564], by kind. */
  readonly occupancy: Readonly<Record<string, readonly number[]>>;
  /** Sum over all crossings of the squares of these numbers, and orbits that could have some, by kind. */
  readonly squares: Readonly<Record<string, number>>;
  readonly seen: Readonly<Record<string, number>>;
}

/** What the tallies do not tell. */
export type SnapshotMoment = Pick<
  SnapshotNumbers,
  "seconds" | "isDone" | "run" | "workers" | "lagSeconds" | "alarms"
> & {
  /** Orbits processed in the last `windowSeconds`. */
  readonly windowOrbits: number;
  readonly windowSeconds: number;
};

/** The state of a run as plain data. */
export function makeSnapshot(
  { stages, note = "" }: Pick<ScoutConfig, "stages"> & Partial<Pick<ScoutConfig, "note">>,
  tallies: Tallies,
  { windowOrbits, windowSeconds, ...moment }: SnapshotMoment,
): Snapshot {
  const { counts, bins } = tallies;
  const items = countsOf(tallies, "items");
  const rate = windowSeconds > 0 ? windowOrbits / windowSeconds : 0;
  return {
    ...moment,
    lumis: lumisOf(tallies),
    orbits: counts.orbits ?? 0,
    crossings: counts.crossings ?? 0,
    objects: countsOf(tallies, "objects"),
    kept: counts.kept ?? 0,
    selected: countsOf(tallies, "selected"),
    dropped: countsOf(tallies, "dropped"),
    missing: countsOf(tallies, "missing"),
    restarts: counts.restarts ?? 0,
    note,
    realTimeFactor: rate / orbitRateHz,
    stages: Object.entries(countsOf(tallies, "seconds")).map(([name, seconds]) => {
      return { name, seconds, items: items[name] ?? 0 };
    }),
    histograms: stages.flatMap((stage) => {
      if (stage.kind !== "histogram") return [];
      const { name, of } = stage;
      const edges = [...binningOf(stage).edges];
      const sums = bins[`histogram.${name}`] ?? new Float64Array(edges.length + 1);
      const [underflow, overflow] = [sums[0], sums[sums.length - 1]];
      return [{ name, of, edges, counts: [...sums.subarray(1, -1)], underflow, overflow }];
    }),
    maps: stages.flatMap((stage) => {
      if (stage.kind !== "map") return [];
      const { name, x, y } = stage;
      const sums = bins[`map.${name}`] ?? new Float64Array((x.bins + 2) * (y.bins + 2));
      const rows = Array.from({ length: x.bins }, (_, i) => (i + 1) * (y.bins + 2) + 1);
      const counts = rows.flatMap((at) => [...sums.subarray(at, at + y.bins)]);
      const axis = (a: typeof x) => ({ of: a.of, edges: [...binningOf(a).edges] });
      return [{ name, x: axis(x), y: axis(y), counts }];
    }),
    turnOns: stages.flatMap((stage) => {
      if (stage.kind !== "turnOn") return [];
      const { name, of, threshold, against } = stage;
      const edges = [...binningOf(stage).edges];
      const part = (key: string) =>
        Array.from(bins[`turnOn.${name}.${key}`] ?? new Float64Array(edges.length + 1)).slice(
          1,
          -1,
        );
      return [{ name, of, threshold, against, edges, passed: part("passed"), total: part("all") }];
    }),
    correlations: correlations(tallies),
    algorithms: Object.entries(countsOf(tallies, "fired"))
      .map(([name, count]) => ({ name, count }))
      .sort((a, b) => b.count - a.count),
    occupancy: Object.fromEntries(
      Object.entries(binsOf(tallies, "occupancy")).map(([kind, n]) => [kind, [...n]]),
    ),
    squares: countsOf(tallies, "squares"),
    seen: countsOf(tallies, "seen"),
  };
}

/** The numbers of a snapshot, without what grows with the bins: a line of a log. */
export function snapshotNumbers(snapshot: Snapshot): SnapshotNumbers {
  const { histograms, maps, turnOns, correlations, algorithms, ...rest } = snapshot;
  const { occupancy, squares, seen, ...numbers } = rest;
  return numbers satisfies SnapshotNumbers;
}
