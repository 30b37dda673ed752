import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { writeOrbitFile } from "../../../src/cms/scouting/orbit.ts";
import { replayStream } from "../../../src/tasks/scout/index.ts";
import { parseAddress } from "../../../src/tasks/scout/sources/address.ts";
import type { SourceEvent } from "../../../src/tasks/scout/sources/feed.ts";
import { readBlocks } from "../../../src/tasks/scout/sources/run-blocks.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { gmtFrame, orbitsOf, writeRaw } from "./samples.ts";

const { at } = temporaryFolder();
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Raw file of these orbits; payloads of `bytes`. */
const rawOf = (orbits: readonly number[], { source = 1, run = 7, bytes = 8 } = {}) =>
  writeOrbitFile(
    orbits.map((orbit) => ({ orbit, source, payload: new Uint8Array(bytes).fill(orbit) })),
    { run, lumi: 1 },
  );

interface Settings {
  readonly senders?: number;
  readonly idleSeconds?: number;
  /** Awaited with each block before the next is asked for. */
  readonly onBlock?: () => Promise<void>;
}

/** A receiver on a free port, and what came of it. */
async function receiver({ senders = 1, idleSeconds = 0, onBlock }: Settings = {}) {
  const dropped: Record<string, number> = {};
  const missing: Record<string, number> = {};
  const events: SourceEvent[] = [];
  let heard: (port: number) => void;
  const listening = new Promise<number>((resolve) => {
    heard = resolve;
  });
  const add = (to: Record<string, number>) => (name: string, n: number) => {
    to[name] = (to[name] ?? 0) + n;
  };
  const blocks = readBlocks({
    config: { files: [], folder: null, tcp: "0", senders, idleSeconds, blockOrbits: 10 },
    ...{ done: new Map(), onDropped: add(dropped), onMissing: add(missing) },
    onEvent(event) {
      events.push(event);
      if (event.what === "listening") heard(Number(`${event.address}`.split(":")[1]));
    },
  });
  const received: { orbit: number; gmt?: number | undefined; calo?: number | undefined }[] = [];
  const done = (async () => {
    for await (const { orbits } of blocks) {
      for (const { orbit, gmt, calo } of orbits)
        received.push({ orbit, gmt: gmt?.[0], calo: calo?.[0] });
      await onBlock?.();
    }
  })();
  const port = await listening;
  const orbits = () => received.map(({ orbit }) => orbit);
  return { port, done, dropped, missing, events, received, orbits };
}

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function sender(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

test("raw files in pieces of any size become blocks; a clean end ends the run", async () => {
  const { port, done, orbits, dropped, events } = await receiver();
  const socket = await sender(port);
  const bytes = Buffer.concat([rawOf(range(1, 14)), rawOf([]), rawOf(range(15, 31))]);
  for (let from = 0, size = 1; from < bytes.length; from += size, size = (size * 7) % 61) {
    socket.write(bytes.subarray(from, from + size));
    await sleep(1);
  }
  socket.end();
  await done;
  expect(orbits()).toEqual(range(1, 31));
  expect(dropped).toEqual({});
  expect(events.map(({ what }) => what)).toEqual(["listening", "connected", "ended"]);
});

test("two senders are joined by orbit, whoever is first", async () => {
  const { port, done, received } = await receiver({ senders: 2 });
  const gmt = await sender(port);
  gmt.end(rawOf(range(1, 45)));
  await sleep(100);
  expect(received).toEqual([]);
  const calo = await sender(port);
  calo.end(rawOf(range(11, 60), { source: 2 }));
  await done;
  expect(received.map(({ orbit }) => orbit)).toEqual(range(1, 60));
  for (const { orbit, gmt, calo } of received) {
    expect(gmt).toBe(orbit <= 45 ? orbit : undefined);
    expect(calo).toBe(orbit >= 11 ? orbit : undefined);
  }
});

test("a stream is used up to its broken frame and closed; others go on", async () => {
  const { port, done, received, dropped, missing, events } = await receiver({ senders: 2 });
  const [bad, good] = [await sender(port), await sender(port)];
  const bytes = rawOf(range(1, 30));
  bytes[32 + 36 * 12] = 9; // version of the frame of orbit 13
  bad.write(bytes);
  await once(bad, "close");
  good.end(rawOf(range(1, 30), { source: 2 }));
  await done;
  expect(received.filter(({ gmt }) => gmt !== undefined).map(({ orbit }) => orbit)).toEqual(
    range(1, 12),
  );
  expect(received.filter(({ calo }) => calo !== undefined)).toHaveLength(30);
  expect(dropped).toEqual({ badStream: 1 });
  expect(missing).toEqual({});
  const refused = events.find(({ what }) => what === "refused");
  expect(refused).toMatchObject({ of: "gmt" });
  expect(refused?.reason).toMatch(/127\.0\.0\.1:\d+: byte 464: frame version 9, expected 6/);
});

test.each([
  ["noise", Buffer.from("GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n"), /expected "RAW_0002"/],
  ["a payload larger than its source can make", huge(), /source 1 makes 727056 at most/],
  ["an unknown source", Buffer.from(rawOf([1], { source: 77 })), /source 1?77|makes 0 at most/],
])("%s is refused before memory is taken", async (_, bytes, reason) => {
  const { port, done, dropped, events, orbits } = await receiver();
  const bad = await sender(port);
  bad.write(bytes);
  await once(bad, "close");
  (await sender(port)).end(rawOf([5]));
  await done;
  expect(orbits()).toEqual([5]);
  expect(dropped).toEqual({ badStream: 1 });
  expect(events.find(({ what }) => what === "refused")?.reason).toMatch(reason);
});

/** A frame that announces 4 GB. */
function huge(): Buffer {
  const bytes = Buffer.from(rawOf([1]));
  bytes.writeUInt32LE(0xfffffff0, 48);
  bytes.writeUInt32LE(2, 28); // and a file to match
  return bytes;
}

test("another run beside the first is refused and counted", async () => {
  const { port, done, dropped, orbits } = await receiver();
  const first = await sender(port);
  first.write(rawOf(range(1, 9)));
  await sleep(100);
  const other = await sender(port);
  other.write(rawOf([10], { run: 8, source: 2 }));
  await once(other, "close");
  first.end(rawOf([10]));
  await done;
  expect(orbits()).toEqual(range(1, 10));
  expect(dropped).toEqual({ otherRun: 1 });
});

test("a sender that is cut off and comes back goes on; what came twice is counted", async () => {
  const { port, done, orbits, dropped, missing, events } = await receiver({ idleSeconds: 2 });
  const lost = await sender(port);
  const bytes = rawOf(range(1, 30));
  lost.write(bytes.subarray(0, 32 + 36 * 17 + 20)); // in orbit 18
  await sleep(100);
  lost.resetAndDestroy();
  const back = await sender(port);
  back.end(rawOf([...range(5, 17), ...range(20, 40)]));
  const start = Date.now();
  await done;
  expect(Date.now() - start).toBeGreaterThan(1500);
  expect(orbits()).toEqual([...range(1, 17), ...range(20, 40)]);
  expect(dropped).toEqual({ cut: 1, late: 5, twice: 8 });
  expect(missing).toEqual({ gmt: 2 });
  expect(events.map(({ what }) => what)).toContain("lost");
});

test("a silent sender does not hold up the others for longer than told", async () => {
  const { port, done, received, events } = await receiver({ senders: 2, idleSeconds: 0.5 });
  const silent = await sender(port);
  silent.write(rawOf([1]));
  const other = await sender(port);
  other.end(rawOf(range(1, 99), { source: 2 }));
  await done;
  expect(received).toHaveLength(99);
  expect(events.map(({ what }) => what)).toContain("silent");
});

test("a slow consumer makes the sender wait: nothing is lost, little is in memory", async () => {
  const bytes = 2 ** 18; // an orbit; 300 of them are 79 MB
  let isHeld = true;
  const { port, done, orbits, dropped } = await receiver({
    onBlock: async () => {
      while (isHeld) await sleep(5);
    },
  });
  const socket = await sender(port);
  let accepted = 0;
  const sending = (async () => {
    for (const orbit of range(1, 300)) {
      if (!socket.write(rawOf([orbit], { bytes }))) await once(socket, "drain");
      accepted = orbit;
    }
    socket.end();
  })();
  for (let before = -1; accepted === 0 || accepted !== before; ) {
    before = accepted;
    await sleep(400); // until the sender stands still
  }
  // blocks of ten orbits: one given, one begun, and buffers of both systems, below 12 MB
  expect(accepted).toBeLessThan(100);
  isHeld = false;
  await Promise.all([sending, done]);
  expect(orbits()).toEqual(range(1, 300));
  expect(dropped).toEqual({});
});

test("addresses are of this machine unless told, and checked", () => {
  expect(parseAddress("x", "9040")).toEqual({ host: "127.0.0.1", port: 9040 });
  expect(parseAddress("x", ":9040")).toEqual({ host: "127.0.0.1", port: 9040 });
  expect(parseAddress("x", "[::1]:80")).toEqual({ host: "::1", port: 80 });
  expect(parseAddress("x", "host.cern.ch:80").host).toBe("host.cern.ch");
  for (const bad of ["", "host", "host:", "host:70000", "a:b:1", "::1:80"])
    expect(() => parseAddress("scout.tcp", bad), bad).toThrow(/scout\.tcp: expected host:port/);
});

test("a port that is taken is named", async () => {
  const { port, done } = await receiver();
  const config = { files: [], folder: null, senders: 1, idleSeconds: 0, blockOrbits: 10 };
  const second = readBlocks({
    config: { ...config, tcp: `127.0.0.1:${port}` },
    ...{ done: new Map(), onDropped: () => {} },
  });
  await expect(second.next()).rejects.toThrow(
    `scout.tcp: port ${port} of 127.0.0.1 is taken; choose another`,
  );
  (await sender(port)).end(rawOf([1]));
  await done;
});

test("replay sends files at a multiple of real time, in loops with orbits that go on", async () => {
  const base = orbitsOf(4);
  const numbers = range(2 ** 18 - 20, 2 ** 18 + 19);
  const gmt = writeRaw(
    at("gmt.raw"),
    numbers.map((n) => gmtFrame(base[n % 4], n)),
  );
  const { port, done, orbits, dropped, missing } = await receiver();
  const sent = await replayStream({ files: [gmt], to: `${port}`, speed: 0.02, loops: 3 });
  await done;
  expect(orbits()).toEqual(range(numbers[0], numbers[0] + 119));
  expect([dropped, missing]).toEqual([{}, {}]);
  expect(sent).toMatchObject({ orbits: 120, skipped: 0 });
  expect(sent.seconds).toBeGreaterThan(0.9 * (119 / (0.02 * 11_245.5)));
  expect(sent.realTimeFactor).toBeGreaterThan(0);
  expect(sent.realTimeFactor).toBeLessThan(0.021);
});

test("replay says when nobody listens", async () => {
  const gmt = writeRaw(at("one.raw"), [{ orbit: 1, source: 1, payload: new Uint8Array(0) }]);
  await expect(replayStream({ files: [gmt], to: "1", waitSeconds: 0 })).rejects.toThrow(
    /nobody listens on 127\.0\.0\.1:1: .*; start 'forty scout run --tcp' first/,
  );
});
