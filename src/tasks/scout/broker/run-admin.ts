import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError, SessionError } from "../../../base/errors.ts";
import { type Broker, nullIfGone, type StreamState } from "./broker.ts";
import { createRollCall, helloMs, readRunSign, type Seen } from "./hello.ts";
import { anySubject, brokerNames, keyOfStream } from "./names.ts";
import { connectNats } from "./run-nats.ts";

export interface RunsOptions {
  /** nats://host:port, one or more of a cluster. */
  readonly servers: readonly string[];
  /** Prefix of the names on the broker, as the runs have it. */
  readonly name?: string;
  /** How long a broker that is away is waited for, s. */
  readonly retrySeconds?: number;
  readonly signal?: AbortSignal;
  readonly connect?: (options: RunsOptions) => Promise<Broker>;
}

/** What a run has on a broker. */
export interface BrokerRun {
  /** Its key, which its folder keeps in `broker.json`. */
  readonly run: string;
  /** Streams by what they hold; one that is missing was removed. */
  readonly streams: Readonly<Partial<Record<StreamRole, StreamState>>>;
  /** Of all streams together. */
  readonly messages: number;
  readonly bytes: number;
  readonly consumers: number;
  /** Since its first stream was made, and since the last message of any (null: none ever), s. */
  readonly ageSeconds: number;
  readonly idleSeconds: number | null;
  /** Host and process of the run, null where it gave no sign of life. */
  readonly process: string | null;
  readonly workers: Seen;
}

const streamRoles = ["blocks", "results", "store"] as const;
type StreamRole = (typeof streamRoles)[number];

/** Workers are listened to for so long, and runs longer: three signs of life may get lost. */
const [leastMs, mostMs] = [1.5 * helloMs, 4 * helloMs];

/**
 * All runs of a name that have anything on a broker, in the order of their keys. Takes some seconds
 * where one of them gives no sign of life.
 * @throws SessionError where there is no broker.
 */
export function listRuns(options: RunsOptions): Promise<BrokerRun[]> {
  return withBroker(options, async (broker, name) => {
    const keys = await keysOn(broker, name);
    const listened = await listen(broker, { ...options, name }, keys);
    const runs = keys.map((key, k) => describeRun(broker, { name, key, ...listened[k] }));
    return (await Promise.all(runs)).filter((run) => run !== null);
  });
}

/**
 * Removes all that a run has on a broker. Workers that it has go on with other runs; if its folder is
 * still there, `--resume` makes everything anew and deals the blocks that are not done.
 * @param run - its key.
 * @param force - also where the run goes on, which ends it.
 * @returns what it had.
 * @throws ConfigError for a run that is not there, SessionError for one that gives signs of life.
 */
export function removeRun(
  options: RunsOptions & { readonly run: string; readonly force?: boolean },
): Promise<BrokerRun> {
  const { run: key, force = false } = options;
  return withBroker(options, async (broker, name) => {
    const keys = await keysOn(broker, name);
    const [heard] = keys.includes(key) ? await listen(broker, { ...options, name }, [key]) : [];
    const run = heard ? await describeRun(broker, { name, key, ...heard }) : null;
    if (run === null)
      throw new ConfigError(
        `broker: no run ${key} of name ${name} at ${broker.where}; there ${keys.length > 0 ? `are ${keys.join(", ")}` : "is none"}`,
      );
    if (run.process !== null && !force)
      throw new SessionError(
        `broker: run ${key} goes on in ${run.process}; stop it there, or remove it with --force`,
      );
    const names = brokerNames(name, key);
    // first the store, so that no worker begins with it
    for (const stream of [names.store, names.results, names.blocks])
      await broker.removeStream(stream);
    return run;
  });
}

async function withBroker<T>(
  options: RunsOptions,
  work: (broker: Broker, name: string) => Promise<T>,
): Promise<T> {
  const broker = await (options.connect ?? connectTo)(options);
  try {
    return await work(broker, options.name ?? "forty");
  } finally {
    await broker.close();
  }
}

/** Keys of all runs with a stream, also those that ended while they removed theirs. */
async function keysOn(broker: Broker, name: string): Promise<string[]> {
  const streams = await broker.streamsOf(anySubject(name));
  const keys = streams.map((stream) => keyOfStream(name, stream)).filter((key) => key !== null);
  return [...new Set(keys)].sort();
}

/** Who gave a sign of life. */
interface Heard {
  readonly process: string | null;
  readonly workers: Seen;
}

/** Listens to runs and their workers. */
async function listen(
  broker: Broker,
  { name, signal }: { readonly name: string; readonly signal?: AbortSignal | undefined },
  keys: readonly string[],
): Promise<Heard[]> {
  const ears = keys.map((key) => {
    const ear = { process: null as string | null, rollCall: createRollCall() };
    const names = brokerNames(name, key);
    broker.listen(names.worker, (bytes) => ear.rollCall.hear(bytes));
    broker.listen(names.run, (bytes) => {
      ear.process = readRunSign(bytes)?.process ?? ear.process;
    });
    return ear;
  });
  const [start, options] = [performance.now(), signal ? { signal } : {}];
  const enough = () => (ears.some(({ process }) => process === null) ? mostMs : leastMs);
  while (keys.length > 0 && performance.now() - start < enough()) await sleep(50, null, options);
  return ears.map(({ process, rollCall }) => ({ process, workers: rollCall.seen() }));
}

/** What a run has, or null where all of it is gone meanwhile. */
async function describeRun(
  broker: Broker,
  { name, key, ...heard }: Heard & { readonly name: string; readonly key: string },
): Promise<BrokerRun | null> {
  const names = brokerNames(name, key);
  const streams: Partial<Record<StreamRole, StreamState>> = {};
  for (const role of streamRoles) {
    const state = await broker.stateOf(names[role]).catch(nullIfGone);
    if (state !== null) streams[role] = state;
  }
  const states = Object.values(streams);
  if (states.length === 0) return null;
  const sum = (of: (state: StreamState) => number) => states.reduce((n, s) => n + of(s), 0);
  const since = (ms: number) => Math.max(0, (Date.now() - ms) / 1e3); // clocks differ
  const lasts = states.flatMap(({ lastMs }) => (lastMs === null ? [] : [lastMs]));
  return {
    ...{ run: key, streams, ...heard },
    messages: sum((s) => s.messages),
    bytes: sum((s) => s.bytes),
    consumers: sum((s) => s.consumers),
    ageSeconds: since(Math.min(...states.map(({ madeMs }) => madeMs))),
    idleSeconds: lasts.length > 0 ? since(Math.max(...lasts)) : null,
  };
}

const connectTo = ({ servers, retrySeconds = 10 }: RunsOptions) =>
  connectNats({ servers, retrySeconds, name: "forty scout broker" });
