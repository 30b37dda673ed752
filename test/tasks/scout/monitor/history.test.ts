import { describe, expect, test } from "vitest";
import { createHistory } from "../../../../src/tasks/scout/monitor/history.ts";
import { type Alarm, alarmRows, strips } from "../../../../src/tasks/scout/monitor/view.ts";
import { snapshotNumbers } from "../../../../src/tasks/scout/results/snapshot.ts";
import { createTallies, snapshotOf } from "./samples.ts";

const numbersAt = (seconds: number, orbits: number, changes = {}) =>
  snapshotNumbers(snapshotOf(createTallies(), seconds, { orbits, ...changes }));

/** Values of a chart's first line. */
const line = (history: ReturnType<typeof createHistory>, id: string) =>
  strips(history.points).find((s) => s.id === id)?.series[0].values;

const alarmOf = (significance: number, windowSeconds: number | null = 1): Alarm => ({
  ...{ name: "map.x", kind: "chi2", chiSquared: 50, degreesOfFreedom: 5, p: 1e-8 },
  ...{ significance, windowSeconds },
});

describe("the history of a run", () => {
  test("gives the rate between two snapshots", () => {
    const history = createHistory();
    history.add(numbersAt(1, 1000));
    history.add(numbersAt(3, 9000));
    expect(line(history, "rate")).toEqual([null, 4000]);
  });

  test("goes on in time over a resume, without a rate over the gap", () => {
    const history = createHistory();
    for (const [s, n] of [
      [10, 100],
      [20, 300],
      [5, 400],
      [6, 450],
    ])
      history.add(numbersAt(s, n));
    expect(history.points.map((p) => p.seconds)).toEqual([10, 20, 25, 26]);
    expect(line(history, "rate")).toEqual([null, 20, null, 50]);
  });

  test("stays bounded, and its rates stay those of the stream", () => {
    const history = createHistory(50);
    for (let s = 1; s <= 5000; s++) history.add(numbersAt(s, 11_000 * s));
    expect(history.points.length).toBeLessThan(100);
    expect(history.points.length).toBeGreaterThanOrEqual(50);
    expect(history.points.at(-1)?.seconds).toBe(5000);
    expect(new Set(line(history, "rate")?.slice(1))).toEqual(new Set([11_000]));
  });

  test("keeps a restart when it is thinned out", () => {
    const history = createHistory(4);
    for (const s of [1, 2, 1, 2, 3, 4, 5, 6]) history.add(numbersAt(s, 10 * s));
    expect(history.points.map((p) => p.isRestart === true)).toEqual([false, true, false, false]);
  });

  test("counts drops by reason and remembers alarms", () => {
    const history = createHistory();
    const alarm = alarmOf(5.6);
    history.add(numbersAt(1, 1));
    history.add(numbersAt(2, 2, { dropped: { late: 6 }, alarms: [alarmOf(8)] }));
    history.add(numbersAt(4, 3, { dropped: { late: 10 }, alarms: [alarm] }));
    history.add(numbersAt(5, 4, { dropped: { late: 10 } }));
    expect(line(history, "drops")).toEqual([null, 6, 2, 0]);
    expect(history.alarms).toEqual([{ last: alarm, lastSeconds: 4, largest: 8, times: 2 }]);
  });

  test("keeps alarms of short and long windows apart", () => {
    const history = createHistory();
    for (const s of [60, 61, 63])
      history.add(
        numbersAt(s, s, { alarms: [alarmOf(6, 1), ...(s === 60 ? [alarmOf(7, 60)] : [])] }),
      );
    history.add(numbersAt(64, 64));
    const rows = (seconds: number) =>
      alarmRows(history.alarms, seconds, [alarmOf(4, null)]).map(({ compared, isActive, seen }) =>
        `${compared}${isActive ? "!" : ""} ${seen}`.trim(),
      );
    expect(rows(63)).toEqual([
      "60 s! once, last 3 s ago, at most Z = 7.0",
      "1 s! 3 times, last now, at most Z = 6.0",
      "on screen!",
    ]);
    // The window of a second after had none; the next minute has not ended.
    expect(rows(64)).toEqual([
      "60 s! once, last 4 s ago, at most Z = 7.0",
      "on screen!",
      "1 s 3 times, last 1 s ago, at most Z = 6.0",
    ]);
    expect(rows(120)[1]).toBe("60 s once, last 60 s ago, at most Z = 7.0");
  });

  test("shows the comparison of all of a run once, though it is on screen too", () => {
    const history = createHistory();
    history.add(numbersAt(60, 60, { alarms: [alarmOf(6, null)], isDone: true }));
    const same = { ...alarmOf(6.1, null), chiSquared: 50 };
    const compared = (onScreen: Alarm) =>
      alarmRows(history.alarms, 60, [onScreen]).map((row) => row.compared);
    expect(compared(same)).toEqual(["all of the run"]);
    expect(compared({ ...same, chiSquared: 51 })).toEqual(["on screen", "all of the run"]);
  });

  test("gives the speed of a stage from its own seconds", () => {
    const history = createHistory();
    const stage = (seconds: number) => ({ stages: [{ name: "decode", seconds, items: 1 }] });
    history.add(numbersAt(1, 100, stage(0.1)));
    history.add(numbersAt(2, 300, stage(0.2)));
    expect(line(history, "stages")?.[1]).toBeCloseTo(2000, 6);
  });
});
