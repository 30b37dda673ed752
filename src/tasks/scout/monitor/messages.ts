import type { Alarm } from "../results/alarms.ts";
import type { Snapshot } from "../results/snapshot.ts";

/** Waiting: no snapshot yet. Stalled: the last one is old, and it was not the last. */
export type RunState = "waiting" | "live" | "stalled" | "finished";

/** Sums at a moment; two of them give rates. */
export interface HistoryPoint {
  /** Of processing, s; goes on where a resumed run starts again. */
  readonly seconds: number;
  readonly orbits: number;
  readonly lagSeconds: number;
  /** Orbits by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Seconds of all threads, by stage. */
  readonly stages: Readonly<Record<string, number>>;
  /** True where the process before ended: no rate over the gap. */
  readonly isRestart?: true;
}

/** A distribution that has departed from the reference at some time, in windows of one length. */
export interface AlarmRecord {
  /** The last alarm, at `lastSeconds` of the history. */
  readonly last: Alarm;
  readonly lastSeconds: number;
  /** Largest significance so far. */
  readonly largest: number;
  /** Snapshots with it. */
  readonly times: number;
}

/** On connecting, and where another run appears in the folder. */
export interface Hello {
  /** Name of the run folder. */
  readonly folder: string;
  /** What the configuration says about the run; empty without. */
  readonly note: string;
  /** The run that this one is compared with, null without one. */
  readonly reference: string | null;
  /** Chance of any false alarm in one comparison. */
  readonly alarm: number;
  readonly history: readonly HistoryPoint[];
}

/** Whether the run is alive. */
export interface Status {
  readonly state: RunState;
  /** Since the last snapshot was written, s. */
  readonly ageSeconds: number;
}

/** A new snapshot, with what was added to the history since the last. */
export interface Update extends Status {
  readonly snapshot: Snapshot;
  readonly points: readonly HistoryPoint[];
  readonly alarms: readonly AlarmRecord[];
}

/** Names and data of the server-sent events. */
export interface Messages {
  readonly hello: Hello;
  readonly update: Update;
  readonly status: Status;
}
