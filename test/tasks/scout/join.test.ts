import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { createIdRanges } from "../../../src/tasks/scout/sources/id-ranges.ts";
import { createJoin } from "../../../src/tasks/scout/sources/join.ts";

/** A join of blocks of ten orbits, and what it told. */
function joinOf({ done = new Map<number, number>(), sources = 1 } = {}) {
  const told: Record<string, number> = {};
  const add = (name: string, n: number) => {
    told[name] = (told[name] ?? 0) + n;
  };
  const join = createJoin({
    ...{ blockOrbits: 10, done, run: null, sources },
    onDropped: (reason, n) => add(reason, n),
    onMissing: (source, n) => add(`missing ${source}`, n),
  });
  const send = (source: number, ...orbits: number[]) => {
    for (const orbit of orbits)
      join.add({ run: 7, lumi: 1, orbit, source, payload: Uint8Array.of(source) });
  };
  const ready = () => join.ready().map(({ orbits }) => orbits.map(({ orbit }) => orbit));
  return { join, told, send, ready };
}

describe("blocks of several sources", () => {
  test("a block is given when every open source is past it", () => {
    const { join, send, ready } = joinOf();
    join.open(1);
    join.open(2);
    send(1, 3, 12, 25);
    expect(ready()).toEqual([]);
    send(2, 3, 13);
    expect(ready()).toEqual([[3]]);
    join.close(2);
    expect(ready()).toEqual([[12, 13]]);
    expect(join.rest().map(({ orbits }) => orbits.length)).toEqual([1]);
  });

  test("nothing is given before as many sources as are expected have come", () => {
    const { send, ready, join } = joinOf({ sources: 2 });
    send(1, 1, 11, 21, 31, 41);
    expect(ready()).toEqual([]);
    expect(join.isAhead(1)).toBe(true);
    send(32, 11);
    expect(ready()).toEqual([[1]]);
  });

  test("a source far ahead of the slowest has to wait, and no other", () => {
    const { join, send } = joinOf();
    send(1, 5);
    send(2, 5);
    send(1, 15, 25);
    expect([1, 2].map(join.isAhead)).toEqual([false, false]);
    send(1, 35);
    expect([1, 2].map(join.isAhead)).toEqual([true, false]);
    join.close(2);
    expect(join.isAhead(1)).toBe(false);
  });

  test("all sources of an orbit are in it, and each but once", () => {
    const { join, send, told } = joinOf();
    for (const source of [1, 2, 10, 21, 24, 32, 24]) send(source, 4);
    const [{ orbits }] = join.rest();
    const [{ gmt, calo, others }] = orbits;
    expect([gmt?.[0], calo?.[0], [...(others?.keys() ?? [])]]).toEqual([1, 2, [10, 21, 24, 32]]);
    expect(told).toEqual({ twice: 1 });
  });

  test("orbits of a source between its first and last that no block has are missing", () => {
    const { join, send, told, ready } = joinOf();
    send(1, 5, 6, 9); // 7 and 8
    expect(told).toEqual({ "missing gmt": 2 });
    send(1, 8, 8, 21);
    expect(ready()).toEqual([[5, 6, 8, 9]]);
    send(1, 7); // its block is gone
    expect(told).toEqual({ "missing gmt": 1 + 11, twice: 1, late: 1 });
    send(2, 30, 32);
    expect(told["missing calo"]).toBe(1);
    join.rest();
  });

  test("what came, was dropped and is missing adds up, in any order of orbits", () => {
    const rng = createRng("join");
    for (let round = 0; round < 50; round++) {
      const { join, send, told } = joinOf();
      const orbits = Array.from({ length: 60 }, (_, k) => k + rng.integer(25));
      const blocks = [];
      for (const orbit of orbits) {
        send(1, orbit);
        blocks.push(...join.ready());
      }
      blocks.push(...join.rest());
      const used = blocks.flatMap((block) => block.orbits.map(({ orbit }) => orbit));
      expect(new Set(used).size).toBe(used.length);
      expect(new Set(blocks.map(({ id }) => id)).size).toBe(blocks.length);
      expect(used.length + (told.late ?? 0) + (told.twice ?? 0)).toBe(60);
      const span = Math.max(...orbits) - Math.min(...orbits) + 1;
      expect(told["missing gmt"] ?? 0).toBe(span - used.length);
    }
  });

  test("an orbit of another run is refused", () => {
    const { join } = joinOf();
    const frame = { lumi: 1, orbit: 1, source: 1, payload: new Uint8Array(4) };
    join.add({ ...frame, run: 7 });
    expect(() => join.add({ ...frame, run: 8 })).toThrow(/run 8 behind run 7/);
  });
});

test("ranges of numbers hold what a set holds", () => {
  const rng = createRng("ranges");
  const [ranges, set] = [createIdRanges(), new Set<number>()];
  for (let k = 0; k < 3000; k++) {
    const id = rng.integer(2000);
    expect(ranges.has(id)).toBe(set.has(id));
    ranges.add(id);
    set.add(id);
  }
  for (let id = -1; id <= 2000; id++) expect(ranges.has(id)).toBe(set.has(id));
});
