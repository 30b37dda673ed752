import { orbitRateHz } from "../../../cms/menu/index.ts";
import type { HistoryPoint } from "./messages.ts";

/** A chart over the time of processing. */
export interface Strip {
  readonly id: string;
  readonly title: string;
  readonly isLog: boolean;
  /** A level to compare with, such as the rate of the LHC. */
  readonly level: { readonly name: string; readonly value: number } | null;
  /** s, of the ends of the intervals [points]. */
  readonly seconds: readonly number[];
  /** Values [points]; null where there is none, as over a restart. */
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
  }[];
}

/** Stages of a chart: those that took most of the time. */
const mostStages = 6;

/** Rate, lag, losses and speed of the stages, from the sums of the history. */
export function strips(points: readonly HistoryPoint[]): Strip[] {
  const seconds = points.map((p) => p.seconds);
  const lhc = { name: "LHC", value: orbitRateHz };
  const orbitsBetween = (a: HistoryPoint, b: HistoryPoint) => b.orbits - a.orbits;
  const reasons = namesOf(points, "dropped");
  return [
    {
      ...{ id: "rate", title: "Orbits per second", isLog: false, level: lhc, seconds },
      series: [{ name: "orbits/s", values: rates(points, orbitsBetween, elapsed) }],
    },
    {
      ...{ id: "lag", title: "Lag [s]", isLog: false, level: null, seconds },
      series: [{ name: "lag", values: points.map((p) => p.lagSeconds) }],
    },
    {
      ...{ id: "drops", title: "Dropped orbits per second", isLog: false, level: null, seconds },
      series: (reasons.length > 0 ? reasons : ["none"]).map((name) => ({
        name,
        values: rates(points, (a, b) => (b.dropped[name] ?? 0) - (a.dropped[name] ?? 0), elapsed),
      })),
    },
    {
      ...{ id: "stages", title: "Orbits per second and thread, by stage", isLog: true },
      ...{ level: lhc, seconds },
      series: namesOf(points, "stages").map((name) => ({
        name,
        values: rates(
          points,
          orbitsBetween,
          (a, b) => (b.stages[name] ?? 0) - (a.stages[name] ?? 0),
        ),
      })),
    },
  ];
}

type Difference = (a: HistoryPoint, b: HistoryPoint) => number;

const elapsed: Difference = (a, b) => b.seconds - a.seconds;

/** Difference quotients of neighbors; none at the first point, nor where nothing passed. */
function rates(
  points: readonly HistoryPoint[],
  of: Difference,
  per: Difference,
): (number | null)[] {
  return points.map((b, i) => {
    const a = points[i - 1];
    if (!a || b.isRestart) return null;
    const passed = per(a, b);
    return passed > 0 ? Math.max(0, of(a, b)) / passed : null;
  });
}

/** Names in the last point, the largest first. */
function namesOf(points: readonly HistoryPoint[], key: "dropped" | "stages"): string[] {
  return Object.entries(points.at(-1)?.[key] ?? {})
    .sort(([, a], [, b]) => b - a)
    .slice(0, mostStages)
    .map(([name]) => name);
}
