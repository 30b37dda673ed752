import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRoot } from "../../../src/data/root/file.ts";
import { bytesSource } from "../../../src/data/root/source.ts";
import { openFileSource } from "../../../src/data/root/source-node.ts";
import { openBlobSource, openHttpSource } from "../../../src/data/root/source-web.ts";
import { buildFile, bytesOf, sparseSource } from "./build.ts";

const zmumu = "../shared/data/dimuon/zmumu_2304ev.root";
const present = existsSync(zmumu);
if (!present) console.warn(`skipped: ${zmumu} is absent`);

describe("built files", () => {
  const objects = [
    { name: "note", className: "TObjString", cycle: 1, payload: bytesOf([1, 2]) },
    { name: "note", className: "TObjString", cycle: 2, payload: bytesOf([2, 2]) },
    { name: "other", className: "TObjString", cycle: 1, payload: bytesOf([3, 2]) },
  ];

  test("the newest cycle of a name is the default, older ones are found by number", async () => {
    const file = await openRoot(sparseSource(buildFile(objects)));
    expect((await file.payload(file.key("note"))).i16()).toBe(2);
    expect((await file.payload(file.key("note", 1))).i16()).toBe(1);
    expect(() => file.key("note", 3)).toThrow('no cycle 3 of "note"; there is 1, 2');
  });

  test("objects behind 4 GB are read through 64-bit offsets", async () => {
    const file = await openRoot(sparseSource(buildFile(objects, { start: 6e9, big: true })));
    expect(file.version).toBe(63000);
    expect(file.keys().map(({ seek }) => seek)).toEqual([
      6e9,
      expect.any(Number),
      expect.any(Number),
    ]);
    expect((await file.payload(file.key("other"))).i16()).toBe(3);
  });

  test("a missing object is an error with the nearest name", async () => {
    const file = await openRoot(sparseSource(buildFile(objects)));
    expect(() => file.key("othr")).toThrow('built.root: no object "othr"; did you mean "other"?');
    await expect(file.tree("note")).rejects.toThrow('"note" is a TObjString, not a TTree');
  });

  test("a directory that contains itself ends in an error", async () => {
    const pieces = buildFile([
      { name: "loop", className: "TDirectory", payload: new Uint8Array(60) },
    ]);
    const record = pieces.get(150) as Uint8Array;
    const directory = pieces.get(400) as Uint8Array;
    directory.set(record, directory.length - 60);
    await expect(openRoot(sparseSource(pieces))).rejects.toThrow(
      'built.root: directory "loop/" contains itself',
    );
  });

  test("a file that was never closed says so", async () => {
    const pieces = buildFile(objects);
    const record = pieces.get(150) as Uint8Array;
    record.fill(0, record.length - 4);
    await expect(openRoot(sparseSource(pieces))).rejects.toThrow("the file was never closed");
  });

  test("what is no ROOT file is named by its first bytes", async () => {
    const parquet = bytesSource(new TextEncoder().encode("PAR1 and more"), "x.root");
    await expect(openRoot(parquet)).rejects.toThrow(
      'x.root: not a ROOT file: it starts with "PAR1", expected "root"',
    );
    await expect(openRoot(bytesSource(new Uint8Array(0), "x.root"))).rejects.toThrow(
      'starts with ""',
    );
    const short = bytesSource(new TextEncoder().encode("root1234"), "x.root");
    await expect(openRoot(short)).rejects.toThrow("x.root: truncated: a file of 8 bytes");
  });
});

describe.skipIf(!present)("sources of a real file", () => {
  const content = present ? readFileSync(zmumu) : Buffer.alloc(0);
  let server: Server;
  let base = "";
  beforeAll(async () => {
    server = createServer((request, response) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      if (request.url !== "/ranges.root") {
        response.writeHead(request.url === "/plain.root" ? 200 : 404).end(content);
        return;
      }
      const body = content.subarray(Number(from), Number(to) + 1);
      const range = `bytes ${from}-${to}/${content.length}`;
      response.writeHead(206, { "content-range": range }).end(body);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test("disk, HTTP ranges and a Blob give the same values", async () => {
    const sources = [
      await openFileSource(zmumu),
      await openHttpSource(`${base}/ranges.root`),
      openBlobSource(new Blob([content]), "zmumu.root"),
    ];
    const masses = [];
    for (const source of sources) {
      const file = await openRoot(source);
      const [{ values }] = await (await file.tree("events")).read(["M"]);
      masses.push(values);
      await file.close();
    }
    expect(masses[0].length).toBe(2304);
    expect(masses[1]).toEqual(masses[0]);
    expect(masses[2]).toEqual(masses[0]);
  });

  test("servers without ranges, without the file or without an answer are named", async () => {
    await expect(openHttpSource(`${base}/plain.root`)).rejects.toThrow(
      /plain.root: the server has no range requests \(status 200 instead of 206\); download/,
    );
    await expect(openHttpSource(`${base}/none.root`)).rejects.toThrow("the server answered 404");
    await expect(openHttpSource("http://127.0.0.1:1/x.root")).rejects.toThrow("no answer");
  });

  test("a truncated file is an error wherever it ends", async () => {
    const folder = await mkdtemp(join(tmpdir(), "forty-root-"));
    for (const length of [0, 3, 50, 63, 64, 300, 100_000, content.length - 1]) {
      const path = join(folder, `cut-${length}.root`);
      await writeFile(path, content.subarray(0, length));
      const opened = openFileSource(path).then((source) => openRoot(source));
      await expect(opened).rejects.toMatchObject({ name: "FormatError" });
    }
    await rm(folder, { recursive: true });
  });
});
