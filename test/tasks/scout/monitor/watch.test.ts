import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { watchRun } from "../../../../src/tasks/scout/monitor/run-watch.ts";
import { snapshotNumbers } from "../../../../src/tasks/scout/results/snapshot.ts";
import { randomTallies, snapshotOf, testRun } from "./samples.ts";

const snapshotAt = (seconds: number, changes = {}) =>
  snapshotOf(randomTallies(1), seconds, changes);
const lineAt = (seconds: number) =>
  `${JSON.stringify({ type: "snapshot", ...snapshotNumbers(snapshotAt(seconds)) })}\n`;

describe("watching a run folder", () => {
  test("waits for a folder that is not there", async () => {
    const run = testRun({ isNew: true });
    const watch = watchRun(run.folder);
    expect(await watch.look()).toEqual({ isOtherRun: false, points: [], snapshot: null });
    expect(watch.status().state).toBe("waiting");
    run.config();
    run.snapshot(snapshotAt(1));
    const { snapshot, points } = await watch.look();
    expect(snapshot?.seconds).toBe(1);
    expect(points.map((p) => p.seconds)).toEqual([1]);
    expect(watch.status().state).toBe("live");
  });

  test("says what is new, once", async () => {
    const run = testRun();
    const watch = watchRun(run.folder);
    run.snapshot(snapshotAt(1));
    await watch.look();
    expect(await watch.look()).toEqual({ isOtherRun: false, points: [], snapshot: null });
    run.snapshot(snapshotAt(2));
    run.snapshot(snapshotAt(3));
    const { snapshot, points } = await watch.look();
    expect([snapshot?.seconds, points.map((p) => p.seconds)]).toEqual([3, [2, 3]]);
  });

  test("takes a line when its end is written, and passes over what is no snapshot", async () => {
    const run = testRun();
    const watch = watchRun(run.folder);
    const [begin, end] = [lineAt(2).slice(0, 40), lineAt(2).slice(40)];
    run.raw(`${lineAt(1)}not JSON\n{"type":"other"}\n[1]\n\n${begin}`);
    expect((await watch.look()).points.map((p) => p.seconds)).toEqual([1]);
    expect((await watch.look()).points).toEqual([]);
    run.raw(end + lineAt(3));
    expect((await watch.look()).points.map((p) => p.seconds)).toEqual([2, 3]);
  });

  test("reads lines longer than it reads at a time", async () => {
    const run = testRun();
    const long = JSON.stringify({ ...JSON.parse(lineAt(2)), note: "µ".repeat(1_500_000) });
    run.raw(`${lineAt(1)}${long}\n${lineAt(3)}`);
    const { points } = await watchRun(run.folder).look();
    expect(points.map((p) => p.seconds)).toEqual([1, 2, 3]);
  });

  test("keeps the last snapshot while a stranger writes half of the next", async () => {
    const run = testRun();
    const watch = watchRun(run.folder);
    run.snapshot(snapshotAt(1));
    await watch.look();
    const text = JSON.stringify(snapshotAt(2));
    writeFileSync(join(run.folder, "snapshot.json"), text.slice(0, 500));
    expect((await watch.look()).snapshot).toBeNull();
    expect(watch.snapshot?.seconds).toBe(1);
    writeFileSync(join(run.folder, "snapshot.json"), text);
    expect((await watch.look()).snapshot?.seconds).toBe(2);
  });

  test("fills in what a snapshot of another version lacks", async () => {
    const run = testRun();
    writeFileSync(join(run.folder, "snapshot.json"), '{"orbits":5}');
    const { snapshot } = await watchRun(run.folder).look();
    expect(snapshot).toMatchObject({ orbits: 5, histograms: [], turnOns: [], occupancy: {} });
  });

  test("does not stumble over folders in place of files", async () => {
    const run = testRun();
    for (const name of ["events.jsonl", "snapshot.json"]) mkdirSync(join(run.folder, name));
    expect((await watchRun(run.folder).look()).snapshot).toBeNull();
  });

  test("tells an old snapshot from a new one and from the last one", async () => {
    const run = testRun();
    run.snapshot(snapshotAt(1));
    const longAgo = Date.now() / 1e3 - 60;
    utimesSync(join(run.folder, "snapshot.json"), longAgo, longAgo);
    const watch = watchRun(run.folder);
    await watch.look();
    expect(watch.status().state).toBe("stalled");
    expect(watch.status().ageSeconds).toBeGreaterThan(59);
    run.snapshot(snapshotAt(2));
    await watch.look();
    expect(watch.status().state).toBe("live");
    run.snapshot(snapshotAt(3, { isDone: true }));
    await watch.look();
    expect(watch.status().state).toBe("finished");
  });

  test("forgets a run when another takes its folder", async () => {
    const run = testRun();
    const watch = watchRun(run.folder);
    run.snapshot(snapshotAt(1));
    await watch.look();
    rmSync(run.folder, { recursive: true });
    expect((await watch.look()).isOtherRun).toBe(false); // it may come back
    expect(watch.snapshot?.seconds).toBe(1);
    run.config({ alarm: 0.01 });
    expect((await watch.look()).isOtherRun).toBe(true);
    expect(watch.snapshot).toBeNull();
    expect(watch.history.points).toEqual([]);
    run.snapshot(snapshotAt(5));
    expect((await watch.look()).points.map((p) => p.seconds)).toEqual([5]);
  });
});
