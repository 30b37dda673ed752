import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, SessionError } from "../../../base/errors.ts";
import type { RunFolder } from "../../run-folder.ts";
import type { OrbitBlock } from "../orbit/block.ts";
import type { Workers, WorkersOptions } from "../workers/workers.ts";
import { type Broker, nullIfGone } from "./broker.ts";
import type { BrokerConfig } from "./config.ts";
import { createGate } from "./gate.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { createRestartCount, createRollCall, encodeHello, helloMs, type Seen } from "./hello.ts";
import { type Job, putJob } from "./job.ts";
import { numbersIn, type PublisherEnd, readEnds, tellDone } from "./ledger.ts";
import { type BrokerNames, brokerNames, brokerStreams } from "./names.ts";
import { connectNats } from "./run-nats.ts";
import { createResultTaker } from "./run-results.ts";
import { serveRun } from "./run-serve.ts";
import { blocksThere, sendBlock } from "./send-block.ts";

export interface BrokerWorkersOptions extends WorkersOptions {
  readonly broker: BrokerConfig;
  /** Folder of the run, which keeps its key on the broker in `broker.json`. */
  readonly run: Pick<RunFolder, "read" | "write">;
  /** Blocks with a record, by id; results that still come for them are duplicates. */
  readonly done: ReadonlyMap<number, number>;
  /** Ends all waiting, for workers that never come too. */
  readonly signal?: AbortSignal | undefined;
  /** The broker to use (default: connects to the servers of the configuration). */
  readonly connect?: (config: BrokerConfig) => Promise<Broker>;
}

/** Workers on any machine, behind a broker, with threads of this process among them. */
export interface BrokerWorkers extends Workers {
  /**
   * Last orbit by id of the blocks that the broker had from before: they are dealt, their results
   * come, and the source must not give them again.
   */
  readonly dealt: ReadonlyMap<number, number>;
  /**
   * Resolves when the sources of so many publishers have ended and all their blocks are done; used
   * in place of `submit`. @returns what they counted of orbits in no block.
   */
  published(publishers: number): Promise<Readonly<Record<string, number>>>;
  /** Workers heard of in the last seconds, those of this process included. */
  seen(): Seen;
}

const pullMs = 2000;
const watchMs = 2000;
/** Blocks on their way to the broker, and results on their way from it, at a time. */
const together = 4;
/** Looks at a broker that is empty before its blocks count as lost. */
const patience = 3;

/**
 * Deals blocks to workers over a broker. Nothing is lost: a block stays with the broker until its
 * result is there, a result until `onDone` is over. Nothing is doubled: of each block, known by its
 * id, one result is taken. `finish` removes all that the run has on the broker; after `close`
 * alone, or a crash, the next start goes on with what is there.
 * @throws SessionError without a broker, ConfigError where it cannot have the streams.
 */
export async function startBrokerWorkers(options: BrokerWorkersOptions): Promise<BrokerWorkers> {
  const { setup, threads, queue, onDone, onRestart, done, signal, broker: settings } = options;
  const broker = await (options.connect ?? connectTo)(settings);
  const names = brokerNames(settings.name, await keyOf(options.run));
  const job: Job = { config: setup.config, assets: setup.assets, broker: settings };
  const sign = encodeHello({ process: `${hostname()}-${process.pid}` });
  const living = setInterval(() => broker.tell(names.run, sign), helloMs);
  const dealt = await openStreams(broker, names, job).catch(async (error: unknown) => {
    clearInterval(living);
    await broker.close();
    throw error;
  });
  const session = randomBytes(6).toString("hex");
  const ended = new Set(done.keys());
  const open = new Set([...dealt.keys()].filter((id) => !ended.has(id)));
  const publishing = new Set<number>();
  const gate = createGate();
  const rollCall = createRollCall();
  const heartbeat = startHeartbeat(settings.ackSeconds);
  const countRestarts = createRestartCount(() => onRestart?.());
  const take = createResultTaker({
    ...{ broker, names, setup, onDone, heartbeat, ended, countRestarts },
  });
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  /** Starts work that `close` waits for, and whose failure is that of the run. */
  function start(work: () => Promise<unknown>): void {
    const promise = work()
      .catch((error: Error) => gate.fail(error))
      .finally(() => running.delete(promise));
    running.add(promise);
  }

  async function takeResults(): Promise<void> {
    while (!closing.signal.aborted) {
      const delivery = await broker.pull(names.results, pullMs).catch(nullIfGone); // `watch` knows
      if (delivery === null) continue;
      if (closing.signal.aborted) return delivery.giveBack(0);
      const id = await take(delivery);
      if (id !== null) open.delete(id);
      gate.changed();
    }
  }

  async function publish(block: OrbitBlock): Promise<void> {
    await sendBlock(broker, names, { block, session });
    publishing.delete(block.id);
    gate.changed();
  }

  /** A broker that lost its disk has neither blocks nor results, and nobody would ever say so. */
  async function watch(): Promise<void> {
    let empty = 0;
    while (!closing.signal.aborted) {
      await sleep(watchMs, null, closing).catch(() => {});
      const isWaiting = () => open.size > 0 && publishing.size === 0 && !closing.signal.aborted;
      const left = isWaiting() ? await messagesLeft() : 1;
      empty = left === 0 && isWaiting() ? empty + 1 : 0;
      if ((left === null && isWaiting()) || empty >= patience)
        throw new SessionError(
          `broker: ${broker.where} has lost ${open.size} blocks; go on with --resume`,
        );
    }
  }
  /** Blocks and results there; null where one of the streams is gone, which is sure. */
  async function messagesLeft(): Promise<number | null> {
    const count = (name: string) => broker.messagesIn(name).catch(nullIfGone);
    const blocks = await count(names.blocks); // first: a result comes before its block goes
    if (blocks === null) return null;
    const results = await count(names.results);
    return results === null ? null : blocks + results;
  }

  broker.listen(names.worker, (bytes) => {
    const hello = rollCall.hear(bytes);
    if (hello !== null) countRestarts(hello);
    gate.changed();
  });
  const cancel = () =>
    gate.fail(new CancelledError("scout: cancelled; blocks that are done are kept"));
  signal?.addEventListener("abort", cancel);
  if (signal?.aborted) cancel();
  for (let k = 0; k < together; k++) start(takeResults);
  if (threads > 0) start(() => serveRun({ broker, names, job, threads, signal: closing.signal }));
  start(watch);
  /** Each thread works on one and has `queue` waiting; before there are any, one's share waits. */
  const room = () => Math.max(1, rollCall.seen().threads) * (1 + queue);

  return {
    dealt,
    seen: () => rollCall.seen(),
    async submit(block) {
      await gate.until(() => open.size < room() && publishing.size < together);
      open.add(block.id);
      publishing.add(block.id);
      start(() => publish(block));
    },
    async published(publishers) {
      for (let look = 0; ; look++) {
        if (look % 10 === 0) await tellDone(broker, names, ended);
        const ends = await readEnds(broker, names);
        // a publisher ends behind its blocks, and they before their results
        const left =
          ends.length < publishers ||
          (await broker.messagesIn(names.blocks)) + (await broker.messagesIn(names.results)) > 0;
        gate.check();
        if (!left) return sumEnds(ends, ended);
        await sleep(watchMs / 2);
      }
    },
    async finish() {
      await gate.until(() => open.size === 0);
      closing.abort();
      for (const { name } of brokerStreams(names, settings)) await broker.removeStream(name);
      await broker.close(); // nothing is left to wait for
    },
    async close() {
      closing.abort();
      signal?.removeEventListener("abort", cancel);
      await Promise.all(running);
      heartbeat.stop();
      clearInterval(living);
      await broker.close();
    },
  };
}

/** @throws SessionError where blocks that were sent are not done. */
function sumEnds(ends: readonly PublisherEnd[], ended: ReadonlySet<number>) {
  const counts: Record<string, number> = {};
  let lost = 0;
  for (const end of ends) {
    for (const id of numbersIn(end.sent)) if (!ended.has(id)) lost++;
    for (const [name, n] of Object.entries(end.counts)) counts[name] = (counts[name] ?? 0) + n;
  }
  if (lost > 0)
    throw new SessionError(`broker: ${lost} blocks were lost; publish their source again`);
  return counts;
}

const connectTo = ({ servers, retrySeconds }: BrokerConfig) =>
  connectNats({ servers, retrySeconds, name: "forty scout run" });

/** What the run is called on the broker: made once, so that a resumed run finds its blocks. */
async function keyOf(run: BrokerWorkersOptions["run"]): Promise<string> {
  const bytes = await run.read("broker.json");
  if (bytes !== null) return (JSON.parse(new TextDecoder().decode(bytes)) as { key: string }).key;
  const key = randomBytes(6).toString("hex");
  await run.write("broker.json", `${JSON.stringify({ key })}\n`);
  return key;
}

/** Makes what is not there. @returns the blocks that are: last orbits by id. */
async function openStreams(
  broker: Broker,
  names: BrokerNames,
  job: Job,
): Promise<Map<number, number>> {
  const streams = brokerStreams(names, job.broker);
  for (const stream of streams) await broker.ensureStream(stream);
  await putJob(broker, names, job);
  return blocksThere(broker, names);
}
