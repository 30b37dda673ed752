import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeModel } from "../../src/onnx/index.ts";
import { formatMeasured, formatNumber, plainText } from "../../src/report/index.ts";
import type { ObjectKind, RecalibrationMetrics } from "../../src/tasks/index.ts";
import { temporaryFolder } from "../data/folder.ts";
import {
  filesIn,
  recalibrate,
  writeOverlap,
  writeSimulated,
  writeSimulatedJets,
} from "./samples.ts";

const folder = temporaryFolder();
const read = (path: string) => readFileSync(path, "utf8");

interface Case {
  readonly name: string;
  readonly write: (path: string) => Promise<string>;
  readonly file: string;
  readonly used: readonly string[];
  readonly object: ObjectKind;
  readonly files?: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: "simulated",
    write: writeSimulated,
    file: "muons.parquet",
    used: ["phiCalib", "etaCalib", "ptCalib"],
    object: "muons",
  },
  {
    name: "overlap",
    write: writeOverlap,
    file: "omtf.csv",
    used: ["etaCalib", "ptCalib"],
    object: "muons",
  },
  {
    name: "simulated",
    write: writeSimulatedJets,
    file: "jets.parquet",
    used: ["ptCalib"],
    object: "jets",
    files: [
      "calibration_lut.txt",
      "calibration_lut_hw.txt",
      "corrections.txt",
      "eta_compress_lut.txt",
      "pt_compress_lut.txt",
    ],
  },
];

describe.each(cases)("recalibrate $object, $name", ({ name, write, file, used, object, files }) => {
  const path = folder.at(file);
  const run = folder.at(`${object}-${name}-run`);
  let metrics: RecalibrationMetrics;
  beforeAll(async () => {
    await write(path);
    metrics = await recalibrate(path, run, { epochs: 4 }, { object });
  });

  test("the loss falls and the pt gets better", () => {
    const { losses, before, after } = metrics;
    expect(losses.length).toBe(4);
    expect(losses[3].train).toBeLessThan(0.8 * losses[0].train);
    expect(after.pt!.value).toBeLessThan(0.8 * before.pt!.value);
  });

  test("the folder holds all that went in and came out, and nothing else", () => {
    const always = [
      "checkpoint/training.bin",
      "config.json",
      "events.jsonl",
      "metrics.json",
      "model.onnx",
      "report.html",
    ];
    expect(filesIn(run)).toEqual([...always, ...(files ?? [])].sort());
    const events = read(`${run}/events.jsonl`).trimEnd().split("\n");
    expect(events.map((line) => JSON.parse(line).type)).toContain("epochEnd");
    expect(JSON.parse(read(`${run}/metrics.json`))).toEqual(JSON.parse(JSON.stringify(metrics)));
  });

  test("the configuration of the run gives the same model and numbers again", async () => {
    const { task, inputs, ...settings } = JSON.parse(read(`${run}/config.json`));
    expect(task).toBe(`recalibrate ${object}`);
    expect(inputs[0].file).toBe(file);
    const again = folder.at(`${object}-${name}-again`);
    const { seconds: _, ...numbers } = await recalibrate(path, again, settings, { object });
    const { seconds: __, ...expected } = metrics;
    expect(numbers).toEqual(expected);
    for (const same of ["model.onnx", "config.json", "checkpoint/training.bin"])
      expect(readFileSync(`${again}/${same}`).equals(readFileSync(`${run}/${same}`))).toBe(true);
  });

  test("another seed gives another model", async () => {
    const other = folder.at(`${object}-${name}-other`);
    const { after } = await recalibrate(path, other, { epochs: 4, seed: 2 }, { object });
    expect(after.pt!.value).not.toBe(metrics.after.pt!.value);
    expect(readFileSync(`${other}/model.onnx`).equals(readFileSync(`${run}/model.onnx`))).toBe(
      false,
    );
  });

  test("the model carries its columns, configuration and provenance", () => {
    const { metadataProps, graph } = decodeModel(readFileSync(`${run}/model.onnx`));
    const text = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
    expect(graph.output.map((o) => o.name)).toEqual(used);
    expect(JSON.parse(text["forty.outputs"]).map((c: { name: string }) => c.name)).toEqual(used);
    expect(JSON.parse(text["forty.config"])).toMatchObject({ model: "8x1", epochs: 4, seed: 1 });
    expect(JSON.parse(text["forty.provenance"])).toMatchObject({
      inputs: [{ file }],
      device: "cpu",
    });
  });

  test("the report needs nothing but itself", () => {
    const html = read(`${run}/report.html`);
    const outside = html.match(/(?:src|href)="(?!#|data:)[^"]*"|url\((?!["']?(?:#|data:))[^)]*\)/g);
    expect(outside).toBeNull();
    expect(html).not.toMatch(/@import|<link|<img|<iframe|fetch\(|XMLHttpRequest/);
    expect(html.trimEnd().endsWith("</html>")).toBe(true);
    expect(html).not.toMatch(/>[^<]*\b(?:NaN|undefined|Infinity|\[object Object\])\b[^<]*</);
  });

  test("every number in the report's tables and headlines is in metrics.json", () => {
    const known = new Set(shownNumbers(JSON.parse(read(`${run}/metrics.json`))));
    const html = read(`${run}/report.html`);
    const cells = [...html.matchAll(/<(td|strong)[^>]*>(.*?)<\/\1>/g)].map((m) => textOf(m[2]));
    const numeric = cells.filter((text) => /\d/.test(text));
    expect(numeric.length).toBeGreaterThan(25);
    expect(numeric.filter((text) => !known.has(text))).toEqual([]);
  });

  test("simulated objects are labeled so and have a floor, the others do not", () => {
    const isSimulated = name === "simulated";
    const html = read(`${run}/report.html`);
    expect(metrics.simulated).toBe(isSimulated);
    expect(metrics.floor === null).toBe(!isSimulated);
    expect(html.includes(`Simulated ${object}`)).toBe(isSimulated);
    expect(html.includes("Bayes floor")).toBe(isSimulated);
    expect(JSON.parse(read(`${run}/config.json`)).simulated).toBe(isSimulated);
  });
});

/** Every number of a value as the report writes it, with its uncertainty where it has one. */
function shownNumbers(value: unknown): string[] {
  if (typeof value === "number") return [formatNumber(value)];
  if (typeof value !== "object" || value === null) return [];
  const measured = value as { value?: number; uncertainty?: number };
  if (measured.value !== undefined && measured.uncertainty !== undefined) {
    const { value: v, uncertainty } = formatMeasured(measured as Required<typeof measured>);
    return [uncertainty ? `${v}±${uncertainty}` : v];
  }
  return Object.values(value).flatMap(shownNumbers);
}

const textOf = (html: string) =>
  plainText(html.replace(/<[^>]*>/g, ""))
    .replace(/\s*±\s*/, "±")
    .trim();

test("nothing is left of a run whose input is unusable", async () => {
  const out = folder.at("none");
  await expect(recalibrate(folder.at("absent.csv"), out)).rejects.toThrow("no such file");
  expect(existsSync(out)).toBe(false);
});
