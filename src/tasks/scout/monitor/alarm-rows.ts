import type { Alarm } from "../results/alarms.ts";
import type { AlarmRecord } from "./messages.ts";

/** A line of the table of alarms. */
export interface AlarmRow {
  readonly alarm: Alarm;
  /** What was compared: "1 s", "60 s", "all of the run", "on screen". */
  readonly compared: string;
  /** False for one that has passed. */
  readonly isActive: boolean;
  /** How often and when it was seen; empty for what is on screen. */
  readonly seen: string;
}

/**
 * Alarms of the run and what departs on screen, active ones first, then by significance. An alarm
 * of a window stays active until the next window of its length has ended.
 * @param seconds - time of the last snapshot in the history.
 */
export function alarmRows(
  records: readonly AlarmRecord[],
  seconds: number,
  onScreen: readonly Alarm[],
): AlarmRow[] {
  const ofRun = records.map(({ last, lastSeconds, largest, times }): AlarmRow => {
    const ago = seconds - lastSeconds;
    const window = last.windowSeconds;
    const isActive = window === null || ago < 0.9 * window; // the next look may be a bit early
    const often = times === 1 ? "once" : `${times} times`;
    const when = ago < 0.5 ? "now" : `${Math.round(ago)} s ago`;
    return {
      ...{ alarm: last, isActive },
      compared: window === null ? "all of the run" : `${Math.max(1, Math.round(window))} s`,
      seen: `${often}, last ${when}, at most Z = ${largest.toFixed(1)}`,
    };
  });
  // At the end of a run the screen shows what the run has compared itself.
  const isSame = (a: Alarm) => (r: AlarmRecord) =>
    r.last.windowSeconds === null && r.last.name === a.name && r.last.chiSquared === a.chiSquared;
  const shown = onScreen
    .filter((alarm) => !records.some(isSame(alarm)))
    .map((alarm) => ({ alarm, compared: "on screen", isActive: true, seen: "" }));
  return [...ofRun, ...shown].sort(
    (a, b) =>
      Number(b.isActive) - Number(a.isActive) || b.alarm.significance - a.alarm.significance,
  );
}
