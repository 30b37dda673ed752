import {
  type Broker,
  type Delivery,
  type Message,
  StreamGoneError,
  type StreamSpec,
} from "../../../../src/tasks/scout/broker/broker.ts";

interface Stored {
  readonly subject: string;
  readonly bytes: Uint8Array;
  attempt: number;
  /** When it may be given out, ms. */
  from: number;
}

interface Stream {
  readonly spec: StreamSpec;
  readonly madeMs: number;
  lastMs: number | null;
  messages: Stored[];
  readonly ids: Set<string>;
}

/** What goes wrong, where it is asked for. */
export interface Mishaps {
  /** How often a message is stored that is published once. */
  readonly copies?: (message: Message) => number;
  /** True for messages whose last byte is stored as another. */
  readonly isDamaged?: (message: Message) => boolean;
  /** True for acknowledgments that the broker does not hear. */
  readonly isDeaf?: (subject: string, attempt: number) => boolean;
}

/** A broker in this process, as NATS is in the things that matter; several may connect. */
export function createMemoryServer({
  maxBytes = 10_000,
  copies,
  isDamaged,
  isDeaf,
}: Mishaps & { maxBytes?: number } = {}) {
  const streams = new Map<string, Stream>();
  const listeners: { subject: string; onBytes: (bytes: Uint8Array) => void }[] = [];
  const streamOf = (name: string) => {
    const stream = streams.get(name);
    if (stream === undefined) throw new StreamGoneError(`broker: memory has no stream ${name}`);
    return stream;
  };

  function deliver(stream: Stream, message: Stored): Delivery {
    const ackMs = stream.spec.kind.queue ? 1e3 * stream.spec.kind.ackSeconds : 0;
    const mine = ++message.attempt;
    const isMine = () => message.attempt === mine;
    message.from = performance.now() + ackMs;
    return {
      ...{ subject: message.subject, bytes: message.bytes, attempt: mine },
      working() {
        if (isMine()) message.from = performance.now() + ackMs;
      },
      async ack() {
        if (!isDeaf?.(message.subject, mine))
          stream.messages = stream.messages.filter((m) => m !== message);
      },
      giveBack(afterMs) {
        if (isMine()) message.from = performance.now() + afterMs;
      },
    };
  }

  const connect = (): Broker => {
    let isClosed = false;
    return {
      where: "memory",
      maxBytes,
      async ensureStream(spec) {
        if (!streams.has(spec.name)) {
          const times = { madeMs: Date.now(), lastMs: null };
          streams.set(spec.name, { spec, ...times, messages: [], ids: new Set() });
        }
        if (spec.kind.queue && spec.kind.sole)
          for (const message of streamOf(spec.name).messages) message.from = 0;
      },
      async removeStream(name) {
        streams.delete(name);
      },
      async streamsOf(subject) {
        const [prefix, suffix] = subject.split(/[*>]/);
        const holds = ({ spec }: Stream) =>
          spec.subject.startsWith(prefix) &&
          (subject.endsWith(">") || suffix.startsWith(`.${spec.subject.split(".")[2]}.`));
        return [...streams].filter(([, stream]) => holds(stream)).map(([name]) => name);
      },
      async subjectsIn(name, among) {
        const subjects = streamOf(name).messages.map((m) => m.subject);
        const prefix = among.replace(/[*>]$/, "");
        return [...new Set(subjects.filter((subject) => subject.startsWith(prefix)))];
      },
      messagesIn: async (name) => streamOf(name).messages.length,
      async stateOf(name) {
        const { spec, messages, madeMs, lastMs } = streamOf(name);
        const bytes = messages.reduce((sum, m) => sum + m.bytes.length, 0);
        const consumers = spec.kind.queue ? 1 : 0;
        return { messages: messages.length, bytes, consumers, madeMs, lastMs };
      },
      async publish(message) {
        const { spec, messages, ids } = streamOf(message.stream);
        if (ids.has(message.id)) return;
        ids.add(message.id);
        streamOf(message.stream).lastMs = Date.now();
        const { subject } = message;
        const bytes = message.bytes.slice();
        if (isDamaged?.(message)) bytes[bytes.length - 1]++;
        if (!spec.kind.queue)
          streamOf(message.stream).messages = messages.filter((m) => m.subject !== subject);
        for (let k = copies?.(message) ?? 1; k > 0; k--)
          streamOf(message.stream).messages.push({ subject, bytes, attempt: 0, from: 0 });
      },
      async pull(name, waitMs) {
        for (const end = performance.now() + waitMs; performance.now() < end && !isClosed; ) {
          if (!streams.has(name)) await new Promise((go) => setTimeout(go, 100));
          const stream = streamOf(name);
          const message = stream.messages.find((m) => m.from <= performance.now());
          if (message) return deliver(stream, message);
          await new Promise((go) => setTimeout(go, 2));
        }
        return null;
      },
      latest: async (name, subject) =>
        streamOf(name).messages.find((m) => m.subject === subject)?.bytes ?? null,
      async purge(name, subject) {
        const stream = streamOf(name);
        const prefix = subject.replace("*", "");
        stream.messages = stream.messages.filter((m) => !m.subject.startsWith(prefix));
      },
      tell(subject, bytes) {
        for (const listener of listeners) if (listener.subject === subject) listener.onBytes(bytes);
      },
      listen: (subject, onBytes) => void listeners.push({ subject, onBytes }),
      async close() {
        isClosed = true;
      },
    };
  };
  return { connect, streams };
}
