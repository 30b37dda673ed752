import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { createHistory } from "../../../../src/tasks/scout/monitor/history.ts";
import type { Update } from "../../../../src/tasks/scout/monitor/messages.ts";
import { createClients } from "../../../../src/tasks/scout/monitor/run-clients.ts";
import type { Subject } from "../../../../src/tasks/scout/monitor/run-subject.ts";
import type { Snapshot } from "../../../../src/tasks/scout/monitor/view.ts";
import { snapshotNumbers } from "../../../../src/tasks/scout/results/snapshot.ts";
import { createTallies, snapshotOf } from "./samples.ts";

/** A response whose reader may be slow; remembers what was written. */
class SlowResponse extends EventEmitter {
  readonly written: string[] = [];
  writableNeedDrain = false;
  isEnded = false;
  writeHead() {
    return this;
  }
  write(text: string) {
    this.written.push(text);
  }
  end() {
    this.isEnded = true;
  }
  get updates(): Update[] {
    return this.written
      .filter((text) => text.startsWith("event: update"))
      .map((text) => JSON.parse(text.split("\ndata: ")[1]) as Update);
  }
}

/** A subject whose snapshots the test makes. */
function subjectOf() {
  const history = createHistory();
  let snapshot: Snapshot | null = null;
  const watch = {
    history,
    get snapshot() {
      return snapshot;
    },
    status: () => ({ state: "live", ageSeconds: 0 }),
  };
  return {
    subject: { watch, hello: () => ({ folder: "RUN", note: "", reference: null, alarm: 0.1 }) },
    second(seconds: number) {
      snapshot = snapshotOf(createTallies(), seconds);
      history.add(snapshotNumbers(snapshot));
    },
  };
}

function clientsOf(subject: object) {
  const clients = createClients(subject as Subject);
  const join = () => {
    const response = new SlowResponse();
    const isIn = clients.add(response as object as ServerResponse);
    return { response, isIn };
  };
  return { clients, join };
}

test("a slow client gets the newest snapshot when it has room, with the points it missed", () => {
  const { subject, second } = subjectOf();
  const { clients, join } = clientsOf(subject);
  second(1);
  const [slow, fast] = [join().response, join().response];
  slow.writableNeedDrain = true;
  for (let s = 2; s <= 100; s++) {
    second(s);
    clients.update();
    clients.status();
  }
  expect(fast.updates.length).toBe(100);
  expect(slow.updates.length).toBe(1); // the greeting
  slow.writableNeedDrain = false;
  slow.emit("drain");
  slow.emit("drain"); // there is no more to send
  expect(slow.updates.length).toBe(2);
  expect(slow.updates[1].snapshot.seconds).toBe(100);
  expect(slow.updates[1].points.map((p) => p.seconds)).toEqual(
    Array.from({ length: 99 }, (_, i) => i + 2),
  );
  second(101);
  clients.update();
  expect(slow.updates[2].points.map((p) => p.seconds)).toEqual([101]);
});

test("a client that has gone is written to no more", () => {
  const { subject, second } = subjectOf();
  const { clients, join } = clientsOf(subject);
  second(1);
  const { response } = join();
  response.emit("close");
  second(2);
  clients.update();
  expect(response.updates.length).toBe(1);
});

test("more than 64 clients are not taken, until one has gone", () => {
  const { clients, join } = clientsOf(subjectOf().subject);
  const all = Array.from({ length: 64 }, join);
  expect(all.every(({ isIn }) => isIn)).toBe(true);
  expect(join().isIn).toBe(false);
  all[3].response.emit("close");
  expect(join().isIn).toBe(true);
  clients.close();
  expect(all[0].response.isEnded).toBe(true);
});
