import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError } from "../../../base/errors.ts";
import type { OrbitBlock } from "../orbit/block.ts";
import { type Broker, nullIfGone } from "./broker.ts";
import type { BrokerConfig } from "./config.ts";
import { createRollCall } from "./hello.ts";
import { getJob, type Job } from "./job.ts";
import { rangesOf, readDone, tellEnd } from "./ledger.ts";
import { type BrokerNames, brokerNames, jobSubject, keyOfStore } from "./names.ts";
import { connectNats } from "./run-nats.ts";
import { blocksThere, sendBlock } from "./send-block.ts";

export interface PublishOptions {
  readonly broker: Pick<BrokerConfig, "servers" | "name" | "retrySeconds">;
  /** Tells this source from others, in every attempt: letters and digits. */
  readonly publisher: string;
  /** Blocks of the source, by those that are dealt already and what the run asks for. */
  readonly read: (
    dealt: ReadonlyMap<number, number>,
    run: Pick<Job["config"], "blockOrbits">,
  ) => AsyncIterable<OrbitBlock> | Iterable<OrbitBlock>;
  /** What the source counted of orbits in no block, as tallies name it; asked at the end. */
  readonly counts?: () => Readonly<Record<string, number>>;
  readonly signal?: AbortSignal;
  /** Called when the run is found, and when the broker has a block. */
  readonly onRun?: (key: string) => void;
  readonly onBlock?: (orbits: number) => void;
  readonly connect?: (broker: PublishOptions["broker"]) => Promise<Broker>;
}

const lookMs = 500;

/**
 * Sends the blocks of a source to a run on another machine, the one of that name that takes
 * blocks of publishers, as soon as there is one. Blocks that are done or with the broker are left
 * out, so one that was killed is simply started again.
 * @throws SessionError where the broker stays away or the run ends, CancelledError on `signal`.
 */
export async function publish(options: PublishOptions): Promise<void> {
  const { publisher, read, counts = () => ({}), signal, onRun, onBlock } = options;
  const broker = await (options.connect ?? connectTo)(options.broker);
  const stop = () => {
    if (signal?.aborted)
      throw new CancelledError("scout: cancelled; start again to go on with the rest");
  };
  try {
    const { names, job } = await findRun(broker, options.broker.name, stop);
    onRun?.(names.key);
    const rollCall = createRollCall();
    broker.listen(names.worker, (bytes) => rollCall.hear(bytes));
    const { blockOrbits, queueBlocks } = job.config;
    const done = await readDone(broker, names);
    const lastOrbits = done.map((id) => [id, (id + 1) * blockOrbits - 1] as const);
    const dealt = new Map([...lastOrbits, ...(await blocksThere(broker, names))]);
    const session = randomBytes(6).toString("hex");
    const sent: number[] = [];
    for await (const block of read(dealt, { blockOrbits })) {
      const room = () => Math.max(1, rollCall.seen().threads) * (1 + queueBlocks);
      for (stop(); (await broker.messagesIn(names.blocks)) >= room(); stop()) await sleep(20);
      await sendBlock(broker, names, { block, session });
      sent.push(block.id);
      onBlock?.(block.orbits.length);
    }
    stop();
    await tellEnd(broker, names, { publisher, sent: rangesOf(sent), counts: counts() });
  } finally {
    await broker.close();
  }
}

/** The first run of a name that takes blocks of publishers. */
async function findRun(
  broker: Broker,
  name: string,
  stop: () => void,
): Promise<{ readonly names: BrokerNames; readonly job: Job }> {
  for (; ; await sleep(lookMs)) {
    stop();
    for (const stream of await broker.streamsOf(jobSubject(name, "*"))) {
      const key = keyOfStore(stream);
      if (key === null) continue;
      const names = brokerNames(name, key);
      const job = await getJob(broker, names).catch(nullIfGone);
      if (job !== null && job.broker.publishers > 0) return { names, job };
    }
  }
}

const connectTo = ({ servers, retrySeconds }: PublishOptions["broker"]) =>
  connectNats({ servers, retrySeconds, name: "forty scout publish" });
