import type { SnapshotNumbers } from "../results/snapshot.ts";
import type { AlarmRecord, HistoryPoint } from "./messages.ts";

/** The past of a run, in bounded memory. */
export interface History {
  readonly points: readonly HistoryPoint[];
  /** Most significant first. */
  readonly alarms: readonly AlarmRecord[];
  /** Adds a snapshot's numbers and gives the point they make. */
  add(numbers: SnapshotNumbers): HistoryPoint;
}

/** Points kept: half an hour at full resolution, longer runs at half, a quarter, ... */
const mostPoints = 1800;

/**
 * A history that keeps every other point when it holds twice `most`: as points are sums, rates
 * between any two stay exact.
 */
export function createHistory(most = mostPoints): History {
  let points: HistoryPoint[] = [];
  const alarms = new Map<string, AlarmRecord>();
  let before = 0; // seconds of the processes that ended
  let last = 0; // of this process
  return {
    get points() {
      return points;
    },
    get alarms() {
      return [...alarms.values()].sort((a, b) => b.largest - a.largest);
    },
    add({ seconds, orbits, lagSeconds, dropped, stages, ...numbers }) {
      const isRestart = points.length > 0 && seconds < last;
      if (isRestart) before += last;
      last = seconds;
      const point: HistoryPoint = {
        ...{ seconds: before + seconds, orbits, lagSeconds, dropped },
        stages: Object.fromEntries(stages.map((s) => [s.name, s.seconds])),
        ...(isRestart && { isRestart }),
      };
      points.push(point);
      if (points.length >= 2 * most) points = thinned(points);
      for (const alarm of numbers.alarms) {
        const key = `${alarm.name} ${windowKey(alarm.windowSeconds)}`;
        const known = alarms.get(key);
        alarms.set(key, {
          ...{ last: alarm, lastSeconds: point.seconds },
          largest: Math.max(alarm.significance, known?.largest ?? 0),
          times: (known?.times ?? 0) + 1,
        });
      }
      return point;
    },
  };
}

/** The same for windows of about the same length: an alarm of a second is none of a minute. */
const windowKey = (seconds: number | null) =>
  seconds === null ? "all" : Math.round(Math.log10(Math.max(1, seconds)));

/** Every other point; a restart moves to the one that stays. */
function thinned(points: readonly HistoryPoint[]): HistoryPoint[] {
  return points.flatMap((point, i) => {
    if (i % 2 === 0) return [];
    return [points[i - 1].isRestart ? { ...point, isRestart: true as const } : point];
  });
}
