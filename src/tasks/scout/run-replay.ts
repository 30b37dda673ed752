import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { DataError } from "../../base/errors.ts";
import { orbitRateHz } from "../../cms/menu/index.ts";
import { type Address, addressText, parseAddress } from "./sources/address.ts";
import { type RawStart, startOfRaw } from "./sources/run-raw.ts";
import { createTape } from "./sources/run-tape.ts";

export interface ReplayOptions {
  /** Raw files; a source each, or several one behind the other. */
  readonly files: readonly string[];
  /** "host:port", or a port of this machine. */
  readonly to: string;
  /** Multiple of real time, 11,245.5 orbits/s; 0 sends as fast as the receiver takes (default 1). */
  readonly speed?: number;
  /** How often the files are sent, with new orbit numbers each time (default 1). */
  readonly loops?: number;
  /** Ends after so long (default: after the last loop). */
  readonly seconds?: number;
  /** How long a receiver that is not there yet is waited for, s (default 10). */
  readonly waitSeconds?: number;
  /** Ends after the orbits at hand, as at the end of the files. */
  readonly signal?: AbortSignal;
  /** Called once a second, and at the end. */
  readonly onProgress?: (progress: ReplayProgress) => void;
}

/** What was sent so far. */
export interface ReplayProgress {
  /** Since the first orbit was due, s. */
  readonly seconds: number;
  /** Orbits of all sources, and bytes. */
  readonly orbits: number;
  readonly bytes: number;
  /** LHC orbits sent over those of so much time. */
  readonly realTimeFactor: number;
  /** How far the slowest source is behind its time, s; 0 with speed 0. */
  readonly behindSeconds: number;
  /** Orbits in damaged parts of files, which are not sent. */
  readonly skipped: number;
}

/** What is sent at a time: orbits, and bytes where one has fewer. */
const pieceOrbits = 64;
const pieceBytes = 2 ** 20;
const progressMs = 1000;
/** How long a receiver that takes nothing is waited for after Ctrl-C. */
const graceMs = 1000;

/**
 * Sends raw files over TCP at a multiple of real time, as the detector would: a connection for each
 * source, raw files of some orbits each behind the other, orbit k of the first loop k / speed orbit
 * periods after the start. Each loop goes on with orbit numbers where the one before ended, and
 * with luminosity sections of 2^18 orbits.
 * @throws ConfigError for files that cannot be sent so, DataError for a receiver that is not there
 * or goes away.
 */
export async function replayStream(options: ReplayOptions): Promise<ReplayProgress> {
  const { files, speed = 1, loops = 1, seconds = Infinity, onProgress } = options;
  const { waitSeconds = 10 } = options;
  const address = parseAddress("replay.to", options.to);
  const starts = await Promise.all(files.map(startOfRaw));
  const tape = await createTape(starts.filter(hasOrbits), { isLooped: loops > 1 });
  const lines = await Promise.all(tape.sources.map(() => reach(address, waitSeconds)));
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1e3;
  const sent = new Map(tape.sources.map((source) => [source, { orbits: 0, behind: 0, last: 0 }]));
  let bytes = 0;
  const stopped = new Promise((go) => options.signal?.addEventListener("abort", go));
  const isOver = () => options.signal?.aborted === true || elapsed() >= seconds;

  async function send(source: number, line: Line): Promise<void> {
    const own = sent.get(source)!;
    const pieces = tape.pieces(source, { loops, pieceOrbits, pieceBytes });
    for await (const piece of pieces) {
      const dueSeconds =
        speed > 0 ? (piece.lastOrbit - tape.firstOrbit) / (orbitRateHz * speed) : 0;
      while (!isOver() && elapsed() < dueSeconds)
        await sleep(Math.min(100, 1e3 * (dueSeconds - elapsed())));
      if (isOver() && own.orbits > 0) break; // the receiver hears of every source
      if (!line.socket.write(piece.bytes)) await Promise.race([drained(line), stopped]);
      own.orbits += piece.orbits;
      own.behind = speed > 0 ? Math.max(0, elapsed() - dueSeconds) : 0;
      own.last = piece.lastOrbit;
      bytes += piece.bytes.length;
    }
    await goodbye(line, stopped);
  }

  function progress(): ReplayProgress {
    const all = [...sent.values()];
    const reached = Math.max(...all.map(({ last }) => last - tape.firstOrbit + 1), 0);
    return {
      ...{ seconds: elapsed(), bytes, skipped: tape.skipped() },
      orbits: all.reduce((sum, { orbits }) => sum + orbits, 0),
      realTimeFactor: reached / elapsed() / orbitRateHz,
      behindSeconds: Math.max(0, ...all.map(({ behind }) => behind)),
    };
  }

  const timer = setInterval(() => onProgress?.(progress()), progressMs);
  try {
    const works = tape.sources.map((source, k) =>
      Promise.race([send(source, lines[k]), lines[k].broken]),
    );
    await Promise.all(works);
  } finally {
    clearInterval(timer);
    for (const line of lines) {
      line.isLeaving = true;
      line.socket.destroy();
    }
  }
  const last = progress();
  onProgress?.(last);
  return last;
}

const hasOrbits = (
  start: RawStart,
): start is RawStart & { first: NonNullable<RawStart["first"]> } => start.first !== null;

/** A connection to the receiver. */
interface Line {
  readonly socket: Socket;
  /** Fails when it breaks, or ends before we said goodbye. */
  readonly broken: Promise<never>;
  isLeaving: boolean;
}

/** Connects, once the receiver is there. */
async function reach(address: Address, waitSeconds: number): Promise<Line> {
  for (const start = Date.now(); ; await sleep(200)) {
    const socket = connect({ ...address, noDelay: true });
    try {
      await once(socket, "connect");
      return lineOf(socket, address);
    } catch (cause) {
      socket.destroy();
      if (Date.now() - start < 1e3 * waitSeconds) continue;
      throw new DataError(
        `replay: nobody listens on ${addressText(address)}: ${(cause as Error).message}; start 'forty scout run --tcp' first`,
        { cause },
      );
    }
  }
}

function lineOf(socket: Socket, address: Address): Line {
  const where = `replay: ${addressText(address)}`;
  const broken = new Promise<never>((_, fail) => {
    const say = (cause?: Error) => {
      const reason = cause ? `: ${cause.message}` : "";
      fail(
        new DataError(`${where} closed the connection${reason}; see the receiver's events.jsonl`),
      );
    };
    socket.once("error", say);
    socket.once("close", () => !line.isLeaving && say());
  });
  broken.catch(() => {}); // thrown where it is raced
  const line: Line = { socket, broken, isLeaving: false };
  socket.resume(); // nothing comes; its end does
  return line;
}

const drained = ({ socket }: Line) => new Promise((resolve) => socket.once("drain", resolve));

/** Sends what is left, and waits until the receiver has it all; when stopped, not for long. */
async function goodbye(line: Line, stopped: Promise<unknown>): Promise<void> {
  line.isLeaving = true;
  const closed = new Promise((resolve) => line.socket.once("close", resolve));
  line.socket.end();
  await Promise.race([closed, stopped.then(() => sleep(graceMs, null, { ref: false }))]);
}
