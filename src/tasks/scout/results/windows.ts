import { type Alarm, compareTallies } from "./alarms.ts";
import { type Tallies, talliesSince } from "./tallies.ts";

/** Compares what is new with a reference, again and again. */
export interface AlarmWatch {
  /**
   * Alarms of the windows that end now; between calls tallies may only grow.
   * @param tallies - all so far, not changed later. @param seconds - since the start.
   */
  look(tallies: Tallies, seconds: number): Alarm[];
  /** All alarms so far, by distribution. */
  readonly seen: readonly SeenAlarm[];
}

/** Alarms of one distribution. */
export interface SeenAlarm extends Pick<Alarm, "name" | "kind"> {
  readonly times: number;
  /** When the first and the last window with one ended, s since the start. */
  readonly firstSeconds: number;
  readonly lastSeconds: number;
  /** Largest significance. */
  readonly significance: number;
}

/** Lengths of the windows, s: the first end at every look, longer ones see smaller departures. */
const lengths = [0, 60, 3600];

const hour = 3600;

/**
 * Watches a run in windows of a look, a minute and an hour. A window of t seconds may spend the
 * share t / 3 h of `alarm`: so the chance of any false alarm in an hour of running is at most
 * `alarm`, by the sum of all chances, however windows overlap.
 */
export function createAlarmWatch(reference: Tallies, alarm: number, start: Tallies): AlarmWatch {
  const windows = lengths.map((length) => ({ length, from: { tallies: start, seconds: 0 } }));
  const seen = new Map<string, SeenAlarm>();
  return {
    get seen() {
      return [...seen.values()];
    },
    look(tallies, seconds) {
      const alarms = windows.flatMap((window) => {
        const windowSeconds = seconds - window.from.seconds;
        if (!(windowSeconds > 0 && windowSeconds >= window.length)) return [];
        const data = talliesSince(tallies, window.from.tallies);
        window.from = { tallies, seconds };
        const comparisons = Math.max(1, (windows.length * hour) / windowSeconds);
        return compareTallies(data, reference, { windowSeconds, comparisons }).filter(
          ({ p }) => p <= alarm,
        );
      });
      for (const { name, kind, significance } of alarms) {
        const before = seen.get(name);
        seen.set(name, {
          ...{ name, kind, times: (before?.times ?? 0) + 1 },
          ...{ firstSeconds: before?.firstSeconds ?? seconds, lastSeconds: seconds },
          significance: Math.max(significance, before?.significance ?? 0),
        });
      }
      return alarms;
    },
  };
}
