import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { RootColumn } from "../../../src/data/root/column.ts";
import { ahead, fetchPieces } from "../../../src/data/root/fetch.ts";
import { openRoot } from "../../../src/data/root/file.ts";
import { type ByteSource, bytesSource } from "../../../src/data/root/source.ts";
import { openHttpSource } from "../../../src/data/root/source-web.ts";
import { memorySink } from "../../../src/data/root/write.ts";
import { createRootWriter } from "../../../src/data/root/write-node.ts";

const kib = 1024;

test("neighbors are read together, gaps of more than 64 KiB are left out", async () => {
  const bytes = Uint8Array.from({ length: 400 * kib }, (_, i) => i % 251);
  const reads: [number, number][] = [];
  const source: ByteSource = {
    ...bytesSource(bytes),
    async read(offset, length) {
      reads.push([offset, length]);
      return bytes.subarray(offset, offset + length);
    },
  };
  const pieces = [
    { seek: 300 * kib, bytes: 10 },
    { seek: 0, bytes: 20 },
    { seek: 64 * kib, bytes: 30 },
    { seek: 64 * kib + 5, bytes: 3 },
  ];
  const found = await fetchPieces(source, pieces);
  expect(found).toEqual(pieces.map(({ seek, bytes: n }) => bytes.subarray(seek, seek + n)));
  expect(reads).toEqual([
    [0, 64 * kib + 30],
    [300 * kib, 10],
  ]);
  expect(await fetchPieces(source, [])).toEqual([]);
});

test("the next item is asked for while one is in use, and errors come in their turn", async () => {
  const asked: number[] = [];
  let closed = false;
  async function* numbers() {
    try {
      for (let i = 0; i < 3; i++) {
        asked.push(i);
        yield i;
      }
      throw new Error("no more");
    } finally {
      closed = true;
    }
  }
  const seen: number[] = [];
  const all = async () => {
    for await (const i of ahead(numbers())) {
      await new Promise((done) => setImmediate(done));
      expect(asked.length).toBe(Math.min(3, i + 2));
      seen.push(i);
    }
  };
  await expect(all()).rejects.toThrow("no more");
  expect(seen).toEqual([0, 1, 2]);
  closed = false;
  for await (const i of ahead(numbers())) if (i === 1) break;
  expect(closed).toBe(true);
});

test("over HTTP, baskets of neighboring branches take few requests", async () => {
  const n = 200_000;
  const columnOf = (name: string): RootColumn => ({
    name,
    type: "float32",
    values: Float32Array.from({ length: n }, (_, i) => i % 1000),
    inner: [],
  });
  const names = ["a", "b", "c", "d"];
  const sink = memorySink();
  // 80 KB to a basket, 10 of each branch in turns
  const writer = await createRootWriter(sink, { compression: "none", basketEntries: n / 10 });
  const tree = writer.tree(
    "Events",
    names.map((name) => ({ name, type: "float32" })),
  );
  for (let i = 0; i < n; i += n / 10)
    await tree.append(
      names
        .map(columnOf)
        .map((c) => ({ ...c, values: (c.values as Float32Array).slice(i, i + n / 10) })),
    );
  await writer.close();
  const content = sink.bytes();
  let requests = 0;
  const server = createServer(({ headers: { range = "" } }, response) => {
    requests++;
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range) ?? [];
    response.writeHead(206, { "content-range": `bytes ${from}-${to}/${content.length}` });
    response.end(content.subarray(Number(from), Number(to) + 1));
  });
  server.keepAliveTimeout = 60_000; // no second tries
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const file = await openRoot(await openHttpSource(`http://127.0.0.1:${port}/x.root`));
  const events = await file.tree("Events");
  const requestsFor = async (wanted: string[]) => {
    requests = 0;
    const columns = await events.read(wanted);
    expect(columns).toEqual(wanted.map(columnOf));
    return requests;
  };
  expect(await requestsFor(names)).toBe(2); // 3.2 MB without a gap, 2 MB at a time
  expect(await requestsFor(["a", "b"])).toBe(10); // 160 KB lie between
  expect(await requestsFor(["c"])).toBe(10);
  requests = 0;
  await events.read(names, { start: 0, stop: 10 });
  expect(requests).toBe(1);
  await file.close();
  server.closeAllConnections();
  server.close();
});
