import { setTimeout as sleep } from "node:timers/promises";
import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import { connect, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { ConfigError, SessionError } from "../../../base/errors.ts";
import {
  type Broker,
  type Delivery,
  StreamGoneError,
  type StreamSpec,
  type StreamState,
} from "./broker.ts";

export interface NatsOptions {
  /** Addresses, nats://host:port; the others of a cluster are found by themselves. */
  readonly servers: readonly string[];
  /** How long a broker that is away is waited for, s. */
  readonly retrySeconds: number;
  /** Shown by the server among its connections. */
  readonly name: string;
}

/** Time for one answer; a request without one is made anew. */
const answerMs = 4000;
const callTimeout = { timeout: answerMs };
/** The one consumer of every queue. */
const reader = "reader";
/** Room for the headers of a message beside its bytes. */
const headerBytes = 512;

/**
 * Connects to NATS with JetStream; away later, it is reconnected to, any server of the cluster.
 * The token comes from the environment, FORTY_NATS_TOKEN, so that no configuration holds it.
 * @throws SessionError where there is no such server, or one without JetStream.
 */
export async function connectNats(options: NatsOptions): Promise<Broker> {
  const { servers, retrySeconds, name } = options;
  const where = servers.join(", ");
  const token = process.env.FORTY_NATS_TOKEN;
  const nc = await connect({
    ...{ servers: [...servers], name, timeout: answerMs, pingInterval: 5000 },
    ...{ maxReconnectAttempts: -1, reconnectTimeWait: 200, reconnectJitter: 100 },
    ...(token === undefined ? {} : { token }),
  }).catch((cause: Error) => {
    const { message } = cause;
    const remedy = /authorization/i.test(message)
      ? "set FORTY_NATS_TOKEN to its token"
      : /certificate/i.test(message)
        ? "set NODE_EXTRA_CA_CERTS to the file of its authority"
        : "is nats-server running there?";
    throw new SessionError(`broker: cannot connect to ${where}: ${message}; ${remedy}`, { cause });
  });
  const js = jetstream(nc, callTimeout);
  const jsm = await jetstreamManager(nc, callTimeout).catch(async (cause: Error) => {
    await nc.close();
    throw new SessionError(
      `broker: ${where} answers without JetStream: ${cause.message}; start it as nats-server -js`,
      { cause },
    );
  });

  const link = watchLink(nc);
  /** True where the broker says so; in a cluster, one that has just started may be wrong. */
  const isGone = (stream: string) =>
    link
      .answer(() => jsm.streams.info(stream))
      .then(
        () => false,
        (error: unknown) =>
          error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound,
      );
  const isSurelyGone = async (stream: string) => {
    for (let k = 0; k < 3; k++) {
      if (k > 0) await sleep(1000);
      if (!(await isGone(stream))) return false;
    }
    return true;
  };

  /** Calls until there is an answer; `stream` must be there for one. */
  async function insist<T>(what: string, stream: string | null, call: () => Promise<T>) {
    const start = performance.now();
    for (let wait = 50; ; wait = Math.min(2 * wait, 1000)) {
      try {
        return await link.answer(call);
      } catch (error) {
        const { message } = error as Error;
        if (error instanceof ConfigError) throw error;
        if (stream !== null && (await isSurelyGone(stream)))
          throw new StreamGoneError(`broker: ${where} has no stream ${stream}: cannot ${what}`);
        if (nc.isClosed() || performance.now() - start > 1e3 * retrySeconds)
          throw new SessionError(
            `broker: cannot ${what} at ${where}, tried for ${retrySeconds} s: ${message}; is it running?`,
            { cause: error },
          );
        await sleep(wait);
      }
    }
  }

  const stateOf = (stream: string): Promise<StreamState> =>
    insist(`read stream ${stream}`, stream, async () => {
      const { created, state } = await jsm.streams.info(stream);
      const { messages, bytes, consumer_count: consumers } = state;
      const last = Date.parse(state.last_ts); // of the year 1 before the first message
      const lastMs = last > 0 ? last : null;
      return { messages, bytes, consumers, madeMs: Date.parse(created), lastMs };
    });

  return {
    where,
    get maxBytes() {
      return (nc.info?.max_payload ?? 2 ** 20) - headerBytes;
    },
    ensureStream: (spec) => insist(`make stream ${spec.name}`, null, () => makeStream(jsm, spec)),
    removeStream: (stream) =>
      insist(`remove stream ${stream}`, null, async () => {
        await jsm.streams.delete(stream).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      }),
    streamsOf: (subject) =>
      insist("list streams", null, async () => {
        const names: string[] = [];
        for await (const name of jsm.streams.names(subject)) names.push(name);
        return names;
      }),
    subjectsIn: (stream, among) =>
      insist(`read stream ${stream}`, stream, async () => {
        const { state } = await jsm.streams.info(stream, { subjects_filter: among });
        return Object.keys(state.subjects ?? {});
      }),
    messagesIn: async (stream) => (await stateOf(stream)).messages,
    stateOf,
    publish: ({ stream, subject, bytes, id }) =>
      insist(`publish to stream ${stream}`, stream, async () => {
        await js.publish(subject, bytes, { msgID: id, ...callTimeout });
      }),
    async pull(stream, waitMs) {
      const subject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${reader}`;
      const order = JSON.stringify({ batch: 1, expires: 1e6 * waitMs });
      const request = { timeout: waitMs + 2000, noMux: true }; // the answer has its own subject
      const message = await link
        .answer(() => nc.request(subject, order, request))
        .catch(() => null);
      if (message !== null && (message.headers?.code ?? 0) === 0) return delivery(nc, message);
      // a time without messages, or something is wrong
      if (message?.headers?.code === 408 || message?.headers?.code === 404) return null;
      if (nc.isClosed()) throw new SessionError(`broker: the connection to ${where} is closed`);
      if (await isGone(stream))
        throw new StreamGoneError(`broker: ${where} has no stream ${stream}`);
      await sleep(100);
      return null;
    },
    latest: (stream, subject) =>
      insist(`read stream ${stream}`, stream, async () => {
        const query = { last_by_subj: subject };
        // a replica may answer that does not have it yet; the leader knows
        const near = await jsm.direct.getMessage(stream, query).catch(() => null);
        return (near ?? (await jsm.streams.getMessage(stream, query)))?.data ?? null;
      }),
    purge: (stream, subject) =>
      insist(`purge stream ${stream}`, stream, async () => {
        await jsm.streams.purge(stream, { filter: subject });
      }),
    tell: (subject, bytes) => {
      if (!nc.isClosed()) nc.publish(subject, bytes);
    },
    listen(subject, onBytes) {
      nc.subscribe(subject, {
        callback: (error, { data }) => {
          if (error === null) onBytes(data);
        },
      });
    },
    close: () => nc.close(),
  };
}

async function makeStream(jsm: JetStreamManager, spec: StreamSpec): Promise<void> {
  const { name, subject, replicas, kind } = spec;
  const { queue } = kind;
  try {
    await jsm.streams.add({
      ...{ name, subjects: [subject], num_replicas: replicas, storage: StorageType.File },
      retention: queue ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
      ...{ discard: DiscardPolicy.New, allow_direct: true },
      ...(queue ? {} : { max_msgs_per_subject: 1, discard: DiscardPolicy.Old }),
    });
    if (!kind.queue) return;
    if (kind.sole) await jsm.consumers.delete(name, reader).catch(() => {}); // none on the first start
    await jsm.consumers.add(name, {
      ...{ durable_name: reader, ack_policy: AckPolicy.Explicit, max_ack_pending: 10_000 },
      ...{ ack_wait: 1e9 * kind.ackSeconds, max_deliver: -1 },
    });
  } catch (cause) {
    if (!(cause instanceof JetStreamApiError) || cause.status === 503) throw cause;
    const remedy =
      replicas > 1
        ? `${replicas} replicas need a cluster of as many servers`
        : "check the limits of its account";
    throw new ConfigError(`broker: no stream ${name}: ${cause.message}; ${remedy}`, { cause });
  }
}

const isNotFound = (error: unknown) =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;

/** A connection that comes and goes: what was asked before it broke is never answered. */
function watchLink(nc: NatsConnection) {
  let isUp = true;
  const waiting = new Set<(error: Error) => void>();
  const watch = async () => {
    for await (const { type } of nc.status()) {
      if (type === "reconnect") isUp = true;
      if (type !== "disconnect") continue;
      isUp = false;
      for (const giveUp of waiting) giveUp(new SessionError("broker: the connection broke"));
    }
  };
  void watch();
  return {
    /** The answer to a call, or at once an error where the connection is away or breaks. */
    answer<T>(call: () => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (!isUp) return reject(new SessionError("broker: not connected"));
        waiting.add(reject);
        void call()
          .then(resolve, reject)
          .finally(() => waiting.delete(reject));
      });
    },
  };
}

function delivery(nc: NatsConnection, message: Msg): Delivery {
  const { subject, data, reply = "" } = message;
  const say = (text: string) => {
    if (!nc.isClosed()) message.respond(text);
  };
  return {
    subject,
    bytes: data,
    attempt: attemptOf(reply),
    working: () => say("+WPI"),
    async ack() {
      for (let tries = 0; tries < 3 && !nc.isClosed(); tries++) {
        const heard = await nc.request(reply, "+ACK", { timeout: 1500 }).catch(() => null);
        if (heard !== null) return;
      }
    },
    giveBack: (afterMs) => say(`-NAK ${JSON.stringify({ delay: 1e6 * afterMs })}`),
  };
}

/**
 * How often a message was given out, from the subject for its answer.
 * @see NATS ADR-15: $JS.ACK[.domain.account].stream.consumer.attempt ...
 */
function attemptOf(reply: string): number {
  const words = reply.split(".");
  return Number(words[words.length > 9 ? 6 : 4]);
}
