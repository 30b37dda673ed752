import type { RunFolder } from "../run-folder.ts";
import type { ScoutConfig } from "./config.ts";
import type { Alarm } from "./results/alarms.ts";
import { prometheusText } from "./results/prometheus.ts";
import { makeSnapshot, type Snapshot, snapshotNumbers } from "./results/snapshot.ts";
import { addTallies, createTallies, type Tallies } from "./results/tallies.ts";
import { createAlarmWatch, type SeenAlarm } from "./results/windows.ts";

export interface ProgressOptions {
  readonly config: ScoutConfig;
  readonly folder: RunFolder;
  /** All that is counted; grows meanwhile. */
  readonly tallies: Tallies;
  /** What is right, with the same stages. */
  readonly reference: Tallies | null;
  /** Run number and threads at the moment. */
  readonly now: () => Pick<Snapshot, "run" | "workers">;
  readonly onSnapshot?: ((snapshot: Snapshot) => void) | undefined;
}

/** Watches a run, and writes each second what there is to see. */
export interface Progress {
  /** A block was read. */
  arrived(id: number): void;
  /** A block of so many orbits is done. */
  finished(id: number, orbits: number): void;
  /** The last snapshot, of all with the alarms of the whole; no other comes after it. */
  end(alarms: readonly Alarm[]): Promise<Snapshot>;
  /** Alarms of the windows so far. */
  seen(): readonly SeenAlarm[];
  /** Stops without a last snapshot. */
  stop(): Promise<void>;
}

const snapshotMs = 1000;

/** Starts the clock of the run. A snapshot that cannot be written is thrown by `end`. */
export function startProgress(options: ProgressOptions): Progress {
  const { config, folder, tallies, reference, now, onSnapshot } = options;
  const arrivals = new Map<number, number>();
  const start = performance.now();
  const alarmWatch = reference && createAlarmWatch(reference, config.alarm, copyOf(tallies));
  let [orbits, lagSeconds] = [0, 0];
  let last = { seconds: 0, orbits: 0 };

  /** The state since `since`, and the files that tell of it. */
  async function look(
    state: Tallies,
    since: typeof last,
    { alarms, isDone }: Pick<Snapshot, "alarms" | "isDone">,
  ): Promise<Snapshot> {
    const snapshot = makeSnapshot(config, state, {
      ...{ ...now(), seconds: last.seconds, lagSeconds, alarms, isDone },
      windowOrbits: last.orbits - since.orbits,
      windowSeconds: last.seconds - since.seconds,
    });
    const numbers = snapshotNumbers(snapshot);
    folder.event({ type: "snapshot", ...numbers });
    await folder.write("snapshot.json", `${JSON.stringify(snapshot)}\n`);
    await folder.write("metrics.prom", prometheusText(numbers));
    onSnapshot?.(snapshot);
    return snapshot;
  }
  const tick = () => {
    last = { seconds: (performance.now() - start) / 1e3, orbits };
  };
  let looking: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(() => {
      const since = last;
      tick();
      const state = copyOf(tallies);
      const alarms = alarmWatch?.look(state, last.seconds) ?? [];
      return look(state, since, { alarms, isDone: false });
    });
    looking.catch(() => {}); // thrown by `end`
  }, snapshotMs);

  return {
    arrived(id) {
      arrivals.set(id, performance.now());
    },
    finished(id, done) {
      orbits += done;
      const since = arrivals.get(id); // not known where a broker had it from before
      if (since !== undefined) lagSeconds = (performance.now() - since) / 1e3;
      arrivals.delete(id);
    },
    async end(alarms) {
      clearInterval(timer);
      await looking;
      tick();
      return look(tallies, { seconds: 0, orbits: 0 }, { alarms, isDone: true });
    },
    seen: () => alarmWatch?.seen ?? [],
    async stop() {
      clearInterval(timer);
      await looking.catch(() => {});
    },
  };
}

/** Deep enough for what is only added to. */
const copyOf = (tallies: Tallies): Tallies => addTallies(createTallies(), tallies);
