import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as records from "../../src/ops/records.ts";

const folder = new URL("../../src/ops/", import.meta.url);

it("records.ts lists every op record of the folder", () => {
  const declared = readdirSync(folder).flatMap((file) => {
    const source = readFileSync(new URL(file, folder), "utf8");
    return [...source.matchAll(/^export const (\w+Op)\b/gm)].map((match) => match[1]);
  });
  expect(Object.keys(records).sort()).toEqual(declared.sort());
});

it("no two ops share a name", () => {
  const names = Object.values(records).map((record) => record.name);
  expect(new Set(names).size).toBe(names.length);
});
