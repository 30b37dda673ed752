import { expect, test } from "vitest";
import { litTowers, makeCollection } from "../../src/cms/index.ts";

const columns = {
  ieta: Int16Array.of(-4, 5, 4, 1, 1, -5, 2),
  iet: Int16Array.of(1, 9, 0, 3, 2, 7, 1),
};

test("towers with energy at |ieta| <= 4 are counted per event", () => {
  const towers = makeCollection("towers", Uint32Array.of(0, 3, 3, 7), columns);
  expect([...litTowers(towers)]).toEqual([1, 0, 3]);
});

test("of several crossings the one asked for", () => {
  const bx = Int16Array.of(0, 0, 0, -1, 0, 0, -1);
  const towers = makeCollection("towers", Uint32Array.of(0, 7), { ...columns, bx });
  expect([...litTowers(towers)]).toEqual([2]);
  expect([...litTowers(towers, -1)]).toEqual([2]);
  expect([...litTowers(towers, 2)]).toEqual([0]);
});

test("columns that are missing are named", () => {
  const towers = makeCollection("towers", Uint32Array.of(0, 1), { ieta: Int16Array.of(1) });
  expect(() => litTowers(towers)).toThrow("litTowers: towers need the columns ieta and iet");
});
