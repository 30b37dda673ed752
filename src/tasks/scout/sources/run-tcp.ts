import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { CancelledError, ConfigError, FormatError, isFortyError } from "../../../base/errors.ts";
import { createOrbitReader, type LabeledFrame } from "../../../cms/scouting/orbit-reader.ts";
import { largestPayload, sourceName } from "../../../cms/scouting/sources.ts";
import { type Address, addressText, parseAddress } from "./address.ts";
import type { Feed, FeedItem, FeedOptions, SourceEvent } from "./feed.ts";

export interface ListenOptions extends FeedOptions {
  /** "host:port", or a port of this machine alone; port 0 takes a free one. */
  readonly address: string;
  /** Sources that must have come before it can end. */
  readonly senders: number;
  /** How long a sender may be silent or gone before its source has ended; 0: gone is ended. */
  readonly idleSeconds: number;
  /** The run that orbits must be of; null takes that of the first. */
  readonly run: number | null;
}

/** One sender. */
interface Connection {
  readonly socket: Socket;
  readonly name: string;
  /** Known from its first orbit. */
  source: number | null;
  heardAt: number;
  /** True while we let it wait. */
  isHeld: boolean;
}

/** A source that no connection sends. */
interface Absence {
  readonly since: number;
  /** Its sender ended its last file and said goodbye. */
  readonly isClean: boolean;
}

const maxConnections = 64;
const tooMany = `more than ${maxConnections} connections`;
/** Bytes of a connection that may wait to be read. */
const windowBytes = 2 ** 20;
const lookMs = 100;

/**
 * Orbits from senders that connect, a source each: raw files one behind the other, exactly as they
 * are on disk, so that `cat *.raw | nc host port` is a sender. A stream is used up to its first
 * broken frame ("badStream"); then its connection is closed, and others go on. A sender that comes
 * back goes on with its source. While the receiver is busy, or a source is ahead of the others, its
 * socket is not read: TCP makes the sender wait, and no more than a piece of each is in memory.
 * It ends when no sender is connected and nothing came for `idleSeconds`, after the first.
 * @throws ConfigError where it cannot listen, CancelledError.
 */
export async function* listenForOrbits(options: ListenOptions): Feed {
  const { senders, idleSeconds, signal, onDropped, onEvent, mayRead } = options;
  const idleMs = 1e3 * idleSeconds;
  const connections = new Set<Connection>();
  const open = new Set<number>();
  const absent = new Map<number, Absence>();
  const seen = new Set<number>();
  const inbox: FeedItem[] = [];
  const { changed, wait } = createBell();
  let { run } = options;
  const failures: Error[] = [];
  let isClosed = false;
  let goneAt = 0;

  /** Puts orbits into the inbox, and waits until they are taken and more may come. */
  async function hand(connection: Connection, frames: readonly LabeledFrame[]): Promise<void> {
    const [{ source }] = frames;
    connection.source = source;
    seen.add(source);
    absent.delete(source);
    if (!open.has(source)) inbox.push({ type: "open", source });
    open.add(source);
    const item: FeedItem = { type: "frames", source, frames };
    inbox.push(item);
    changed();
    connection.isHeld = true;
    while (!isClosed && (inbox.includes(item) || !mayRead(source))) await wait();
    connection.isHeld = false;
    connection.heardAt = Date.now();
  }

  /** Throws for an orbit that cannot be of this stream. */
  function check(frame: LabeledFrame): void {
    if (largestPayload(frame.source) === 0)
      throw new FormatError(`source ${frame.source} is none of scouting`);
    run ??= frame.run;
    if (frame.run !== run) throw new OtherRun(`run ${frame.run} beside run ${run}`);
  }

  async function receive(connection: Connection): Promise<void> {
    const { socket, name } = connection;
    const reader = createOrbitReader({ where: name, files: true });
    let problem: Error | null = null;
    try {
      for await (const bytes of socket) {
        connection.heardAt = Date.now();
        const frames: LabeledFrame[] = [];
        try {
          for (const frame of reader.read(bytes as Uint8Array)) {
            check(frame);
            frames.push(frame);
          }
        } catch (error) {
          if (!isFortyError(error)) throw error;
          problem = error;
        }
        if (frames.length > 0) await hand(connection, frames);
        if (problem !== null) break;
      }
    } catch (error) {
      if (!isSystemError(error)) throw error;
      problem = error; // the network's
    }
    socket.destroy();
    if (isClosed) return;
    const isBroken = isFortyError(problem);
    if (isBroken) onDropped(problem instanceof OtherRun ? "otherRun" : "badStream", 1);
    else if (reader.isInPiece()) onDropped("cut", 1);
    const isClean = problem === null && reader.isBetweenFiles();
    const what = isBroken ? "refused" : isClean ? "ended" : "lost";
    tell(connection, what, problem?.message);
    leave(connection, isClean);
  }

  function leave(connection: Connection, isClean: boolean): void {
    const { source, heardAt } = connection;
    connections.delete(connection);
    goneAt = heardAt;
    const isSent = [...connections].some((other) => other.source === source);
    if (source !== null && !isSent) absent.set(source, { since: goneAt, isClean });
    changed();
  }

  function tell({ name, source }: Connection, what: SourceEvent["what"], reason?: string): void {
    const of = source === null ? {} : { of: sourceName(source) };
    onEvent({ type: "source", what, from: name, ...of, ...(reason ? { reason } : {}) });
  }

  /** Ends sources that nobody sends any more, and connections that have gone silent. */
  function tidy(): void {
    const now = Date.now();
    for (const [source, { since, isClean }] of absent) {
      if (!isClean && now - since < idleMs) continue;
      absent.delete(source);
      open.delete(source);
      inbox.push({ type: "end", source });
    }
    if (idleMs === 0) return;
    for (const connection of connections)
      if (!connection.isHeld && now - connection.heardAt > idleMs) {
        tell(connection, "silent");
        connection.socket.destroy();
      }
  }

  const server = createServer({ highWaterMark: windowBytes }, (socket) => {
    const name = addressText({
      host: socket.remoteAddress ?? "",
      port: socket.remotePort ?? 0,
    });
    const connection = { socket, name, source: null, heardAt: Date.now(), isHeld: false };
    connections.add(connection);
    tell(connection, "connected");
    void receive(connection).catch((error: unknown) => {
      failures.push(error as Error);
      changed();
    });
  });
  server.maxConnections = maxConnections;
  server.on("drop", () => onEvent({ type: "source", what: "refused", reason: tooMany }));
  const address = await listen(server, parseAddress("scout.tcp", options.address));
  onEvent({ type: "source", what: "listening", address: addressText(address) });
  signal?.addEventListener("abort", changed, { once: true });
  try {
    for (;;) {
      for (let item = inbox.shift(); item !== undefined; item = inbox.shift()) {
        yield item;
        changed();
      }
      if (signal?.aborted) throw new CancelledError("scout: cancelled");
      if (failures.length > 0) throw failures[0];
      tidy();
      if (inbox.length > 0) continue;
      const isAwaited = connections.size > 0 || absent.size > 0 || seen.size < senders;
      if (!isAwaited && Date.now() - goneAt >= idleMs) return;
      await wait(lookMs);
    }
  } finally {
    isClosed = true;
    signal?.removeEventListener("abort", changed);
    for (const { socket } of connections) socket.destroy();
    server.close();
    changed();
  }
}

/** An orbit of a run that is not received here. */
class OtherRun extends FormatError {}

/** Those who wait go on when it rings, or after some time. */
function createBell() {
  let waiting: (() => void)[] = [];
  const changed = () => {
    const woken = waiting;
    waiting = [];
    for (const go of woken) go();
  };
  const wait = async (timeoutMs?: number) => {
    const timer = timeoutMs === undefined ? undefined : setTimeout(changed, timeoutMs);
    await new Promise<void>((go) => waiting.push(go));
    clearTimeout(timer);
  };
  return { changed, wait };
}

function listen(server: Server, { host, port }: Address): Promise<Address> {
  return new Promise((done, fail) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      fail(new ConfigError(`scout.tcp: ${reasonOf(cause, { host, port })}`, { cause })),
    );
    server.listen(port, host, () => done({ host, port: (server.address() as AddressInfo).port }));
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException, address: Address): string {
  const { host, port } = address;
  if (code === "EADDRINUSE") return `port ${port} of ${host} is taken; choose another`;
  if (code === "EACCES") return `port ${port} of ${host} is not allowed; choose one above 1023`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `${host} is no address of this machine; choose 127.0.0.1, or 0.0.0.0 for all`;
  return `cannot listen on ${addressText(address)}: ${message}`;
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string";
