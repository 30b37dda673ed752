import type { ServerResponse } from "node:http";
import type { Messages } from "./messages.ts";
import type { Subject } from "./run-subject.ts";

/** Browsers that listen to a run. */
export interface Clients {
  /** Takes over a response for as long as it is open; false where there are too many. */
  add(response: ServerResponse): boolean;
  /** Sends what each client has not seen; those that are still receiving the last get it later. */
  update(): void;
  /** Sends state and age: when it changed, and as a sign of life. */
  status(): void;
  /** Starts everybody anew: another run is in the folder. */
  restart(): void;
  close(): void;
}

interface Client {
  readonly response: ServerResponse;
  /** Time of the last point of the history that was sent. */
  seconds: number;
  /** There was something to send while the last was still on its way. */
  isBehind: boolean;
}

const mostClients = 64;
const keepAliveMs = 30_000;

/**
 * Server-sent events. Nothing is queued for a slow client: it misses snapshots, and when it has
 * room gets the newest one with all points of the history since its last.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function createClients(subject: Subject): Clients {
  const { watch } = subject;
  const clients = new Set<Client>();

  function sendUpdate(client: Client): void {
    if (watch.snapshot === null) return;
    client.isBehind = client.response.writableNeedDrain;
    if (client.isBehind) return;
    const { points, alarms } = watch.history;
    const news = points.slice(points.findLastIndex((p) => p.seconds <= client.seconds) + 1);
    client.seconds = news.at(-1)?.seconds ?? client.seconds;
    const { snapshot } = watch;
    send(client, "update", { ...watch.status(), snapshot, points: news, alarms });
  }

  function greet(client: Client): void {
    const history = watch.history.points;
    client.seconds = history.at(-1)?.seconds ?? Number.NEGATIVE_INFINITY;
    send(client, "hello", { ...subject.hello(), history });
    if (watch.snapshot === null) send(client, "status", watch.status());
    else sendUpdate(client);
  }

  return {
    add(response) {
      if (clients.size >= mostClients) return false;
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      response.write("retry: 2000\n\n");
      response.socket?.setKeepAlive(true, keepAliveMs); // one that vanished is not kept for ever
      const client: Client = { response, seconds: 0, isBehind: false };
      clients.add(client);
      response.on("close", () => clients.delete(client));
      response.on("drain", () => client.isBehind && sendUpdate(client));
      greet(client);
      return true;
    },
    update() {
      for (const client of clients) sendUpdate(client);
    },
    status() {
      for (const client of clients)
        if (!client.response.writableNeedDrain) send(client, "status", watch.status());
    },
    restart() {
      for (const client of clients) greet(client);
    },
    close() {
      for (const { response } of clients) response.end();
      clients.clear();
    },
  };
}

function send<K extends keyof Messages>({ response }: Client, name: K, data: Messages[K]): void {
  response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}
