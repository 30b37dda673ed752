import { type Menu, type Rate, rateOf } from "../../../cms/menu/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import type { Correlation } from "../stages/occupancy.ts";
import type { Alarm } from "./alarms.ts";
import { type Snapshot, type SnapshotNumbers, snapshotNumbers } from "./snapshot.ts";
import { countsOf, type Tallies, type TalliesJson, talliesJson } from "./tallies.ts";
import type { SeenAlarm } from "./windows.ts";

/** An algorithm of the menu and how often it fired. */
export interface AlgorithmRate extends Rate {
  readonly name: string;
}

/** Every number of a run. */
export interface ScoutMetrics extends SnapshotNumbers {
  readonly correlations: readonly Correlation[];
  /** In the order of the menu; empty without one. */
  readonly menu: readonly AlgorithmRate[];
  /** Rate of each selection. */
  readonly selections: readonly AlgorithmRate[];
  /** All of the run against the reference, the least likely first; empty without one. */
  readonly comparison: readonly Alarm[];
  /** Alarms of windows while it ran, since this process started. */
  readonly seenAlarms: readonly SeenAlarm[];
  /** All counts and bins, for merging and as reference. */
  readonly tallies: TalliesJson;
}

export interface MetricsInput {
  readonly snapshot: Snapshot;
  readonly tallies: Tallies;
  readonly menu: Menu | null;
  readonly comparison?: readonly Alarm[];
  readonly seen?: readonly SeenAlarm[];
}

/** The numbers of a finished run; rates take all 3564 crossings of each orbit as seen. */
export function scoutMetrics({
  snapshot,
  tallies,
  menu,
  comparison = [],
  seen = [],
}: MetricsInput): ScoutMetrics {
  const fired = countsOf(tallies, "fired");
  const crossings = snapshot.orbits * crossingsPerOrbit;
  const rate = (name: string, fired: number): AlgorithmRate => {
    const none = { count: 0, rateHz: 0, errorHz: 0 };
    return { name, ...(crossings > 0 ? rateOf(fired, crossings) : none) };
  };
  return {
    ...snapshotNumbers(snapshot),
    correlations: snapshot.correlations,
    menu: (menu?.algorithms ?? []).map(({ name }) => rate(name, fired[name] ?? 0)),
    selections: Object.entries(snapshot.selected).map(([name, n]) => rate(name, n)),
    comparison,
    seenAlarms: seen,
    tallies: talliesJson(tallies),
  };
}
