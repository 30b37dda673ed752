import type { IncomingMessage, ServerResponse } from "node:http";
import { ConfigError, DataError, isFortyError } from "../../../base/errors.ts";
import { prometheusText } from "../results/prometheus.ts";
import { snapshotNumbers } from "../results/snapshot.ts";
import type { Clients } from "./run-clients.ts";
import type { Guard } from "./run-guard.ts";
import { parseLumis } from "./run-lumis.ts";
import type { PageFiles } from "./run-page.ts";
import type { Subject } from "./run-subject.ts";

/** What requests are answered from. */
export interface Sources {
  readonly subject: Subject;
  readonly guard: Guard;
  readonly clients: Clients;
  readonly page: PageFiles;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers requests; whatever fails is said in JSON. */
export function createHandler(sources: Sources): Handler {
  return (request, response) => {
    answer(sources, request, response).catch((error: Error) => {
      const status = error instanceof ConfigError ? 400 : error instanceof DataError ? 404 : 500;
      const text = isFortyError(error) ? error.message : "monitor: cannot answer; see its terminal";
      if (status === 500) console.error(error);
      if (!response.headersSent) sendJson(response, { error: text }, status);
      else response.destroy();
    });
  };
}

async function answer(
  { subject, guard, clients, page }: Sources,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = urlOf(request);
  if (!guard.admits(request, response, url)) return;
  const { snapshot } = subject.watch;
  switch (url.pathname) {
    case "/events":
      if (request.method === "HEAD") response.end();
      else if (!clients.add(response)) response.writeHead(503).end("too many listen already\n");
      return;
    case "/metrics":
      if (!snapshot) throw new DataError("monitor: the run has not begun");
      return send(response, "text/plain; version=0.0.4", prometheusText(snapshotNumbers(snapshot)));
    case "/reference":
      if (!subject.reference)
        throw new DataError("monitor: there is no reference; give --reference RUN");
      return sendJson(response, subject.reference);
    case "/snapshot": {
      const range = url.searchParams.get("lumis");
      if (range !== null)
        return sendJson(response, await subject.lumis.snapshot(parseLumis(range)));
      if (!snapshot) throw new DataError("monitor: the run has not begun");
      return sendJson(response, snapshot);
    }
    default: {
      const file = page.get(url.pathname);
      if (!file) throw new DataError("monitor: there is no such page");
      send(response, file.type, file.bytes);
    }
  }
}

function urlOf({ url = "/" }: IncomingMessage): URL {
  try {
    return new URL(url, "http://monitor");
  } catch (cause) {
    throw new ConfigError("monitor: the address asked for is none", { cause });
  }
}

function sendJson(response: ServerResponse, value: object, status = 200): void {
  send(response, "application/json", `${JSON.stringify(value)}\n`, status);
}

function send(
  response: ServerResponse,
  type: string,
  body: string | Uint8Array,
  status = 200,
): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
