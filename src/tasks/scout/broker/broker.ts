import { SessionError } from "../../../base/errors.ts";

/** A stream that a call needs is not there: the run is over, or the broker has lost it. */
export class StreamGoneError extends SessionError {}

/** For a catch, where a stream may not be there. */
export function nullIfGone(error: unknown): null {
  if (error instanceof StreamGoneError) return null;
  throw error;
}

/** What a stream is for. */
export interface StreamSpec {
  readonly name: string;
  readonly subject: string;
  readonly replicas: number;
  /**
   * A queue gives each message to one of those who pull, again after `ackSeconds` without a sign
   * of life, until it is acknowledged, which removes it. With a `sole` reader, it comes again at
   * once when that reader starts anew. A store keeps the last message of each subject until it is
   * purged.
   */
  readonly kind:
    | { readonly queue: true; readonly ackSeconds: number; readonly sole: boolean }
    | { readonly queue: false };
}

/** A message of a queue, to be acknowledged. */
export interface Delivery {
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** How often it was given out, this time included. */
  readonly attempt: number;
  /** A sign of life: the time until it is given out again starts anew. */
  working(): void;
  /** Done with. Where the broker does not hear it, the message comes again. */
  ack(): Promise<void>;
  /** Gives it back, to come again after some time. */
  giveBack(afterMs: number): void;
}

/** What a stream holds at the moment. */
export interface StreamState {
  readonly messages: number;
  readonly bytes: number;
  /** Consumers: one of a queue, whoever pulls from it. */
  readonly consumers: number;
  /** When it was made, and when its last message came (null: none ever), ms since 1970. */
  readonly madeMs: number;
  readonly lastMs: number | null;
}

export interface Message {
  readonly stream: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** The same id twice within two minutes is stored once. */
  readonly id: string;
}

/**
 * What the stream needs of a message broker. All calls wait for a broker that is away, as long as
 * was asked for on connecting; then they throw `SessionError`. Those that need a stream throw
 * `StreamGoneError` where a broker that is there has none.
 */
export interface Broker {
  /** Addresses, for messages. */
  readonly where: string;
  /** Longest message, bytes. */
  readonly maxBytes: number;
  /**
   * Makes a stream, or leaves the one that is there.
   * @throws ConfigError where the broker cannot have such a stream.
   */
  ensureStream(spec: StreamSpec): Promise<void>;
  /** Removes a stream with all in it; none there is fine. */
  removeStream(name: string): Promise<void>;
  /** Names of the streams with messages of a subject, which may have wildcards. */
  streamsOf(subject: string): Promise<string[]>;
  /** Subjects, among those that wildcards allow, of the messages in a stream. */
  subjectsIn(stream: string, among: string): Promise<string[]>;
  /** Number of messages in a stream. */
  messagesIn(stream: string): Promise<number>;
  stateOf(stream: string): Promise<StreamState>;
  /** Resolves when the broker has stored the message, on a majority of the replicas. */
  publish(message: Message): Promise<void>;
  /**
   * The next message of a queue, or null where none came in time or the connection broke. Its
   * `StreamGoneError` may be early while servers of a cluster start: look again.
   */
  pull(stream: string, waitMs: number): Promise<Delivery | null>;
  /** The last message of a subject in a store, or null. */
  latest(stream: string, subject: string): Promise<Uint8Array | null>;
  /** Removes all messages of a subject, which may have wildcards, from a store. */
  purge(stream: string, subject: string): Promise<void>;
  /** Sends to those who listen now; may be lost. */
  tell(subject: string, bytes: Uint8Array): void;
  listen(subject: string, onBytes: (bytes: Uint8Array) => void): void;
  close(): Promise<void>;
}
