import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inputFiles, quickFingerprint } from "../../../src/tasks/dataset/run-inputs.ts";
import { temporaryFolder } from "../../data/folder.ts";

const { at } = temporaryFolder();
for (const folder of ["run1", "run2"]) {
  mkdirSync(at(folder));
  for (const name of ["b.root", "a.root", "a.txt", ".hidden.root", "a+root"])
    writeFileSync(at(`${folder}/${name}`), name);
}
writeFileSync(at("odd*.root"), "");

test("a star stands for anything within a name, also of folders, in alphabetical order", async () => {
  expect(await inputFiles([at("run*/*.root")])).toEqual(
    ["run1/a.root", "run1/b.root", "run2/a.root", "run2/b.root"].map(at),
  );
  expect(await inputFiles([at("run1/a.*")])).toEqual(["run1/a.root", "run1/a.txt"].map(at));
});

test("every file comes once, in the order of the words", async () => {
  const words = [at("run2/b.root"), at("run2/*.root"), at("run1/../run2/a.root")];
  expect((await inputFiles(words)).length).toBe(2);
  expect((await inputFiles(words))[0]).toBe(at("run2/b.root"));
});

test("a file whose name has a star is that file", async () => {
  expect(await inputFiles([at("odd*.root")])).toEqual([at("odd*.root")]);
});

test.each([
  ["nowhere.root", /nowhere\.root: no such file; check the path/],
  ["run1/*.rot", /\*\.rot: no file of that pattern/],
  ["run1", /run1: is a folder; give its files, as .*run1\/\*\.root/],
])("%s is told", async (word, message) => {
  await expect(inputFiles([at(word)])).rejects.toThrow(message);
});

test("a fingerprint tells apart files that differ at one end", async () => {
  const bytes = new Uint8Array(3 << 20);
  const prints: string[] = [];
  for (const place of [0, bytes.length - 1, -1]) {
    const copy = bytes.slice();
    if (place >= 0) copy[place] = 1;
    writeFileSync(at("big"), copy);
    prints.push((await quickFingerprint(at("big"))).sha256);
  }
  expect(new Set(prints).size).toBe(3);
});
