import { truncateSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { OrbitFrame } from "../../../src/cms/scouting/orbit.ts";
import { readBlocks } from "../../../src/tasks/scout/sources/run-blocks.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { writeRaw } from "./samples.ts";

const { at, path: folder } = temporaryFolder();

/** Frames whose payload is the orbit number. */
const frames = (orbits: readonly number[], source = 1): OrbitFrame[] =>
  orbits.map((orbit) => ({
    ...{ orbit, source },
    payload: new Uint8Array(new Int32Array([orbit, source]).buffer),
  }));
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

const source = { files: [], folder: null, tcp: null, senders: 1, idleSeconds: 0, blockOrbits: 10 };

async function read(files: readonly string[], done = new Map<number, number>()) {
  const dropped: Record<string, number> = {};
  const config = { ...source, files: [...files] };
  const onDropped = (reason: string, n: number) => {
    dropped[reason] = (dropped[reason] ?? 0) + n;
  };
  const blocks = [];
  for await (const block of readBlocks({ config, done, onDropped })) blocks.push(block);
  return { blocks, dropped, orbits: blocks.map((b) => b.orbits.map((o) => o.orbit)) };
}

describe("blocks", () => {
  test("orbits go by their number alone, whatever files they are in", async () => {
    const a = writeRaw(at("a.raw"), frames(range(3, 14)));
    const b = writeRaw(at("b.raw"), frames(range(15, 31)));
    const expected = [range(3, 9), range(10, 19), range(20, 29), range(30, 31)];
    for (const files of [
      [a, b],
      [b, a],
    ]) {
      const { orbits, blocks, dropped } = await read(files);
      expect(orbits).toEqual(expected);
      expect(blocks.map(({ id, run }) => [id, run])).toEqual([0, 1, 2, 3].map((id) => [id, 7]));
      expect(dropped).toEqual({});
    }
  });

  test("muon and calorimeter orbits meet, and one without the other goes alone", async () => {
    const gmt = writeRaw(at("gmt.raw"), frames([1, 2, 4]));
    const calo = writeRaw(at("calo.raw"), frames([2, 3, 4], 2));
    const { blocks } = await read([gmt, calo]);
    const told = blocks[0].orbits.map((o) => [o.orbit, o.gmt?.[0], o.calo?.[0]]);
    expect(told).toEqual([
      [1, 1, undefined],
      [2, 2, 2],
      [3, undefined, 3],
      [4, 4, 4],
    ]);
  });

  test("orbits that come twice or late, and damaged files, are counted", async () => {
    const a = writeRaw(at("one.raw"), frames(range(1, 12)));
    const again = writeRaw(at("again.raw"), frames([5, 11, 12, 13]));
    const bad = writeRaw(at("bad.raw"), frames(range(40, 59)));
    truncateSync(bad, 300);
    const { orbits, dropped } = await read([a, again, bad]);
    expect(orbits).toEqual([range(1, 9), range(10, 13)]);
    expect(dropped).toEqual({ late: 1, twice: 2, badFile: 20 });
  });

  test("blocks that are done are not given again; orbits that they do not hold are late", async () => {
    const a = writeRaw(at("done.raw"), frames(range(1, 25)));
    const { orbits, dropped } = await read(
      [a],
      new Map([
        [0, 9],
        [1, 17],
      ]),
    );
    expect(orbits).toEqual([range(20, 25)]);
    expect(dropped).toEqual({ late: 2 });
  });

  test("files of two runs, of other sources and of other kinds are refused", async () => {
    const a = writeRaw(at("r1.raw"), frames([1]));
    const b = writeRaw(at("r2.raw"), frames([2]), 8);
    await expect(read([a, b])).rejects.toThrow(/run 8 behind run 7; process one run at a time/);
    const other = writeRaw(at("other.raw"), frames([1], 99));
    await expect(read([other])).rejects.toThrow(/source 99 is none of scouting; give files of GMT/);
    await expect(read([at("absent.raw")])).rejects.toThrow(/absent.raw: cannot be read/);
    await expect(read([import.meta.filename])).rejects.toThrow(/is this a raw orbit file/);
  });
});

test("a folder is followed until nothing new comes", async () => {
  const { mkdirSync, renameSync } = await import("node:fs");
  const stream = `${folder}/stream`;
  mkdirSync(stream);
  writeRaw(`${stream}/a.raw`, frames(range(1, 15)));
  const late = sleep(300).then(() => {
    writeRaw(`${stream}/.b.tmp`, frames(range(16, 30)));
    renameSync(`${stream}/.b.tmp`, `${stream}/b.raw`);
  });
  const config = { ...source, folder: stream, idleSeconds: 0.8 };
  const orbits: number[] = [];
  for await (const block of readBlocks({ config, done: new Map(), onDropped: () => {} }))
    orbits.push(...block.orbits.map((o) => o.orbit));
  await late;
  expect(orbits).toEqual(range(1, 30));
});
