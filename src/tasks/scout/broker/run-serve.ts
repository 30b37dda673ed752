import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { FormatError } from "../../../base/errors.ts";
import type { OrbitBlock, RawOrbit } from "../orbit/block.ts";
import { talliesJson } from "../results/tallies.ts";
import { decodeBlock } from "./block-code.ts";
import { type Broker, type Delivery, StreamGoneError } from "./broker.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { encodeHello, helloMs } from "./hello.ts";
import { type Job, sha256Of } from "./job.ts";
import { type BrokerNames, dealtBlock } from "./names.ts";
import { openParcel, packParcel, putObject } from "./parcels.ts";
import { type BlockReport, encodeReport } from "./result-code.ts";
import { type BlockThread, startBlockThread, type ThreadResult } from "./run-block-thread.ts";

export interface ServeOptions {
  readonly broker: Broker;
  readonly names: BrokerNames;
  readonly job: Job;
  readonly threads: number;
  /** Ends the work after the blocks that it is at. */
  readonly signal: AbortSignal;
  /** Called when the broker has the result of a block. */
  readonly onBlock?: (block: ServedBlock) => void;
  /** Asked now and then while there are no blocks; true ends the work. */
  readonly mayLeave?: () => Promise<boolean>;
}

/** A block that was worked on. */
export interface ServedBlock {
  readonly orbits: number;
  /** Why there is no result. */
  readonly failure: string | null;
}

const pullMs = 2000;

/**
 * Works on the blocks of a run until it is over. Each thread works on one block while its next one
 * is on its way here, and the result of the last one to the broker. A block is acknowledged when
 * the broker has its result; one that dies with its worker is given to another.
 * @throws SessionError where threads cannot start or the broker stays away.
 */
export async function serveRun(options: ServeOptions): Promise<void> {
  const { broker, names, job, threads, signal, mayLeave } = options;
  const temporary = await mkdtemp(join(tmpdir(), "forty-work-"));
  const worker = `${hostname()}-${process.pid}-${crypto.randomUUID().slice(0, 4)}`;
  const heartbeat = startHeartbeat(job.broker.ackSeconds);
  const state = { isOver: false, busy: 0, restarts: 0, error: null as unknown };
  const tell = (n: number) =>
    broker.tell(names.worker, encodeHello({ worker, threads: n, restarts: state.restarts }));
  const hello = setInterval(() => tell(threads), helloMs);
  const restarted = () => {
    state.restarts++;
    tell(threads);
  };
  const isEnding = () => signal.aborted || state.isOver || state.error !== null;
  const fail = (error: unknown) => {
    if (error instanceof StreamGoneError) state.isOver = true;
    else state.error ??= error;
  };

  /** The next block, or null at the end. */
  async function take(): Promise<TakenBlock | null> {
    while (!isEnding()) {
      const delivery = await broker.pull(names.blocks, pullMs);
      if (delivery !== null) {
        heartbeat.add(delivery);
        return openBlock(delivery, options);
      }
      if (state.busy === 0) state.isOver ||= (await mayLeave?.()) ?? false;
    }
    return null;
  }
  const takeOrFail = () =>
    take().catch((error: unknown) => {
      fail(error);
      return null;
    });

  async function send(taken: TakenBlock, result: ThreadResult | Failure): Promise<void> {
    const { restarts } = state;
    await sendResult(taken, result, { ...options, worker, restarts }).catch(fail);
    heartbeat.delete(taken.delivery);
    state.busy--;
  }

  /** One thread; a block that comes too late goes back. */
  async function lane(index: number): Promise<void> {
    const thread = await startBlockThread(job, join(temporary, `${index}`), restarted);
    let next = takeOrFail();
    let sending: Promise<void> = Promise.resolve();
    try {
      for (let taken = await next; taken !== null && !isEnding(); taken = await next) {
        next = takeOrFail();
        state.busy++;
        const result = await processBlock(taken, thread);
        await sending;
        sending = send(taken, result);
      }
    } finally {
      await sending;
      (await next)?.delivery.giveBack(0);
      await thread.close();
    }
  }

  tell(threads);
  try {
    await Promise.all(Array.from({ length: threads }, (_, k) => lane(k).catch(fail)));
    if (state.error !== null) throw state.error;
  } finally {
    clearInterval(hello);
    tell(0);
    heartbeat.stop();
    await rm(temporary, { recursive: true, force: true });
  }
}

const withoutBytes = ({ orbit, lumi }: RawOrbit) => ({ orbit, lumi });

interface Failure {
  readonly failure: string;
}

/** A block that this worker has; null where it cannot be read. */
interface TakenBlock {
  readonly delivery: Delivery;
  readonly block: OrbitBlock | Failure;
  /** The object that it lies in. */
  readonly object: string | null;
}

type Context = Pick<ServeOptions, "broker" | "names" | "job" | "onBlock">;

async function openBlock(delivery: Delivery, { broker, names, job }: Context): Promise<TakenBlock> {
  const { attempt, bytes } = delivery;
  if (attempt > 4 * job.broker.attempts) {
    const failure = `given out ${attempt} times, and no worker lived to end it`;
    return { delivery, block: { failure }, object: null };
  }
  let object: string | null = null;
  try {
    const parcel = await openParcel(broker, names, bytes);
    object = parcel.object;
    return { delivery, object, block: decodeBlock(parcel.bytes) };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { delivery, object, block: { failure: error.message } };
  }
}

/** Its result, or why the thread fails on it. */
async function processBlock(
  { block }: TakenBlock,
  thread: BlockThread,
): Promise<ThreadResult | Failure> {
  if ("failure" in block) return block;
  return thread.process(block).catch((error: Error) => ({ failure: error.message }));
}

type Restarts = Pick<BlockReport, "worker" | "restarts">;

/** Tells the result of a block; one that fails is given back until it did so too often. */
async function sendResult(
  { delivery, block, object }: TakenBlock,
  result: ThreadResult | Failure,
  { broker, names, job, onBlock, worker, restarts }: Context & Restarts,
): Promise<void> {
  const isFailed = "failure" in result;
  if (isFailed && delivery.attempt < job.broker.attempts)
    return delivery.giveBack(100 * 2 ** delivery.attempt);
  const { id, lastOrbit } = dealtBlock(delivery.subject);
  const file = isFailed || result.file === null ? null : await putFile(id, result.file);
  const report: BlockReport = {
    ...{ run: "run" in block ? block.run : 0, id, worker, restarts, object },
    outcome: isFailed
      ? result
      : { orbits: result.orbits.map(withoutBytes), tallies: talliesJson(result.tallies), file },
  };
  const parcel = { object: `result-${id}-${crypto.randomUUID()}`, bytes: encodeReport(report) };
  await broker.publish({
    ...{ stream: names.results, subject: names.result(id, lastOrbit), id: crypto.randomUUID() },
    bytes: await packParcel(broker, names, parcel),
  });
  await delivery.ack();
  const done = isFailed ? { orbits: 0, ...result } : { orbits: result.orbits.length };
  onBlock?.({ failure: null, ...done });

  async function putFile(id: number, bytes: Uint8Array) {
    const object = `file-${id}-${crypto.randomUUID()}`;
    const stored = await putObject(broker, names, { object, bytes });
    return { ...stored, sha256: await sha256Of(bytes) };
  }
}
