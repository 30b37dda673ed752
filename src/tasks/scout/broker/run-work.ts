import { setTimeout as sleep } from "node:timers/promises";
import { type Broker, nullIfGone } from "./broker.ts";
import { getJob } from "./job.ts";
import { type BrokerNames, brokerNames, jobSubject, keyOfStore } from "./names.ts";
import { connectNats } from "./run-nats.ts";
import { type ServedBlock, serveRun } from "./run-serve.ts";

export interface WorkOptions {
  /** nats://host:port, one or more of a cluster. */
  readonly servers: readonly string[];
  /** Prefix of the names on the broker, as the runs have it. */
  readonly name?: string;
  /** Blocks to work on at a time. */
  readonly threads?: number;
  /** Ends when there was no run for so long, s (default: never). */
  readonly idleSeconds?: number;
  /** How long a broker that is away is waited for, s. */
  readonly retrySeconds?: number;
  /** Ends after the blocks that it is at. */
  readonly signal?: AbortSignal;
  /** Called for each run, at its start. */
  readonly onRun?: (key: string) => void;
  readonly onBlock?: (block: ServedBlock) => void;
  readonly connect?: (options: WorkOptions) => Promise<Broker>;
}

const lookMs = 500;

/**
 * Works for runs behind a broker, one at a time: the one with most blocks waiting, until it is
 * over or has no blocks while another has. Models and settings come from the broker.
 * @throws SessionError where there is no broker, ConfigError for runs of another version.
 */
export async function work(options: WorkOptions): Promise<void> {
  const { name = "forty", threads = 1, idleSeconds = Infinity, onRun, onBlock } = options;
  const signal = options.signal ?? new AbortController().signal;
  const broker = await (options.connect ?? connectTo)(options);
  try {
    for (let idleSince = performance.now(); !signal.aborted; ) {
      const { names } = (await nextRun(broker, name)) ?? {};
      const job = names ? await getJob(broker, names).catch(nullIfGone) : null;
      if (!names || job === null) {
        if (performance.now() - idleSince >= 1e3 * idleSeconds) return;
        await sleep(lookMs, null, { signal }).catch(() => {});
        continue;
      }
      onRun?.(names.key);
      const mayLeave = async () => {
        const other = await nextRun(broker, name, names.key);
        return (other?.waiting ?? 0) > 0;
      };
      const shared = { broker, names, job, threads, signal, mayLeave };
      await serveRun({ ...shared, ...(onBlock ? { onBlock } : {}) });
      idleSince = performance.now();
    }
  } finally {
    await broker.close();
  }
}

/** The run with most blocks waiting, or null where there is none. */
async function nextRun(
  broker: Broker,
  name: string,
  except: string | null = null,
): Promise<{ readonly names: BrokerNames; readonly waiting: number } | null> {
  const runs: { names: BrokerNames; waiting: number }[] = [];
  for (const stream of await broker.streamsOf(jobSubject(name, "*"))) {
    const key = keyOfStore(stream);
    if (key === null || key === except) continue;
    const names = brokerNames(name, key);
    const waiting = await broker.messagesIn(names.blocks).catch(nullIfGone); // over meanwhile
    if (waiting !== null) runs.push({ names, waiting });
  }
  return runs.sort((a, b) => b.waiting - a.waiting)[0] ?? null;
}

const connectTo = ({ servers, retrySeconds = 300 }: WorkOptions) =>
  connectNats({ servers, retrySeconds, name: "forty scout work" });
