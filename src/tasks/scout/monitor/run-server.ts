import { createServer, type Server } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import { hostname } from "node:os";
import { ConfigError } from "../../../base/errors.ts";
import { createClients } from "./run-clients.ts";
import { createGuard } from "./run-guard.ts";
import { loadPage, type PageFiles } from "./run-page.ts";
import { createHandler } from "./run-routes.ts";
import { createSubject } from "./run-subject.ts";

export interface MonitorOptions {
  /** Folder of a run in progress, finished or still to come. */
  readonly run: string;
  /** Address to listen on; only a loopback address needs no token. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  /** Asked of every request; by default a random one where `host` is not loopback. */
  readonly token?: string | null;
  /** Run to compare with; by default that of the run's own configuration. */
  readonly reference?: string | null;
  /** Files of the page (default: those of this build). */
  readonly page?: PageFiles;
  readonly signal?: AbortSignal;
}

export interface Monitor {
  /** Where to look, with the token if there is one. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** The port of `forty scout monitor`. */
export const monitorPort = 8040;

const lookMs = 500;
const heartbeatMs = 5000;

/**
 * Serves the live page of a run folder, whoever writes it, and only reads: `/` the page, `/events`
 * server-sent events (`Messages`), `/snapshot?lumis=3-7` the finished blocks of these sections as
 * a snapshot, `/reference` the run to compare with, `/metrics` for Prometheus.
 * @throws ConfigError where it cannot listen there, DataError for a reference that is no run.
 */
export async function serveMonitor({
  run,
  host = "127.0.0.1",
  port = monitorPort,
  token = null,
  reference = null,
  page,
  signal,
}: MonitorOptions): Promise<Monitor> {
  const subject = await createSubject(run, reference);
  const clients = createClients(subject);
  const guard = createGuard(host, token);
  const server = createServer(
    createHandler({ subject, guard, clients, page: page ?? (await loadPage()) }),
  );
  await subject.look();
  await listen(server, host, port);

  let { state } = subject.watch.status();
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;
  async function look(): Promise<void> {
    const news = await subject.look();
    const before = state;
    state = subject.watch.status().state;
    if (news === "start") clients.restart();
    else if (news === "snapshot") clients.update();
    else if (state !== before) clients.status();
    if (!isClosed) timer = setTimeout(look, lookMs);
  }
  timer = setTimeout(look, lookMs);
  const heartbeat = setInterval(() => clients.status(), heartbeatMs);

  async function close(): Promise<void> {
    if (isClosed) return;
    isClosed = true;
    if (timer) clearTimeout(timer);
    clearInterval(heartbeat);
    clients.close();
    await new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  }
  signal?.addEventListener("abort", () => void close(), { once: true });
  return { url: urlOf(host, (server.address() as AddressInfo).port, guard.token), close };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      fail(new ConfigError(`monitor: ${reasonOf(cause, host, port)}`, { cause })),
    );
    server.listen(port, host.replace(/^\[(.*)\]$/, "$1"), done);
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === "EADDRINUSE")
    return `port ${port} of ${host} is taken; choose another with --port, or --port 0 for any`;
  if (code === "EACCES") return `port ${port} of ${host} is not allowed; choose one above 1023`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `${host} is no address of this machine; choose 127.0.0.1, or 0.0.0.0 for all`;
  return `cannot listen on port ${port} of ${host}: ${message}`;
}

/** All addresses at once have the name of the machine. */
function urlOf(host: string, port: number, token: string | null): string {
  const isAny = /^(0\.0\.0\.0|::|\[::\])$/.test(host);
  const name = isAny ? hostname() : isIPv6(host) ? `[${host}]` : host;
  return `http://${name}:${port}/${token === null ? "" : `?token=${encodeURIComponent(token)}`}`;
}
