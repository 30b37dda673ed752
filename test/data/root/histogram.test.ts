import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { openRoot } from "../../../src/data/root/file.ts";
import { histogramData, readHistogram } from "../../../src/data/root/histogram.ts";
import type { RootObject } from "../../../src/data/root/object.ts";
import { bytesSource } from "../../../src/data/root/source.ts";
import { memorySink, rootWriter } from "../../../src/data/root/write.ts";
import type { RootHistogram } from "../../../src/data/root/write-histogram.ts";

const written: readonly RootHistogram[] = [
  {
    ...{ name: "pt", title: "transverse momentum" },
    axes: [{ edges: [0, 10, 20, 50, 200], label: "pt [GeV]" }],
    ...{ sumW: [1, 2.5, 4, 0, -1, 7], sumW2: [1, 3, 4, 0, 1, 9], entries: 21 },
  },
  {
    ...{ name: "hits", type: "float32" },
    axes: [{ edges: [-1, 0, 1] }],
    sumW: [1, 2, 3, 4],
  },
  {
    ...{ name: "folder/etaphi", title: "eta and phi" },
    axes: [
      { edges: [-2.4, 0, 2.4], label: "eta" },
      { edges: [0, 1, 3, 7], label: "phi" },
    ],
    sumW: Array.from({ length: 20 }, (_, i) => i * i),
    sumW2: Array.from({ length: 20 }, (_, i) => 2 * i),
  },
];

async function fileOf(histograms: readonly RootHistogram[]): Promise<Uint8Array> {
  const sink = memorySink();
  const writer = rootWriter(sink, { codec: null } as never);
  for (const histogram of histograms) await writer.histogram(histogram);
  await writer.close();
  return sink.bytes();
}

const bytes = await fileOf(written);

test("what was written is read back: edges, labels, contents with flows, squares, fills", async () => {
  const file = await openRoot(bytesSource(bytes));
  for (const { name, title = "", axes, sumW, sumW2, entries } of written) {
    const h = await readHistogram(file, name);
    expect(`folder/${h.name}`.endsWith(name)).toBe(true);
    expect(h.title).toBe(title);
    expect(h.axes.map(({ edges }) => [...edges])).toEqual(
      axes.map(({ edges }) => [...(edges as number[])]),
    );
    expect(h.axes.map(({ label }) => label)).toEqual(axes.map(({ label = "" }) => label));
    expect([...h.sumW]).toEqual(sumW);
    expect([...h.sumW2]).toEqual(sumW2 ?? sumW);
    if (entries !== undefined) expect(h.entries).toBe(entries);
  }
});

test("JSROOT has the same contents, edges and labels at the same places", async () => {
  const { openFile } = await import("jsroot");
  const theirs = await openFile(bytes.slice().buffer as never);
  const file = await openRoot(bytesSource(bytes));
  for (const { name, axes } of written) {
    const h = await readHistogram(file, name);
    const object = (await theirs.readObject(name)) as unknown as JsHistogram;
    expect([...h.sumW]).toEqual([...object.fArray]);
    expect(h.entries).toBe(object.fEntries);
    const jsAxes = [object.fXaxis, object.fYaxis].slice(0, axes.length);
    for (const [k, axis] of jsAxes.entries()) {
      const edges = Array.from({ length: axis.fNbins + 1 }, (_, i) => axis.GetBinLowEdge(i + 1));
      expect([...h.axes[k].edges]).toEqual(edges);
      expect(h.axes[k].label).toBe(axis.fTitle);
    }
  }
});

interface JsAxis {
  readonly fNbins: number;
  readonly fTitle: string;
  GetBinLowEdge(bin: number): number;
}

interface JsHistogram {
  readonly fArray: ArrayLike<number> & Iterable<number>;
  readonly fEntries: number;
  readonly fXaxis: JsAxis;
  readonly fYaxis: JsAxis;
}

const array = (...values: number[]): RootObject => ({
  $class: "TArrayD",
  values: Float64Array.from(values),
});
const axis = { $class: "TAxis", fTitle: "", fNbins: 2, fXmin: 0, fXmax: 4, fXbins: array() };
const noAxis = { ...axis, fNbins: 1, fXmax: 1 };
/** A profile filled with (1, 10), (1, 20) and, twice as heavy, (3, 5). */
const profile: RootObject = {
  ...{ $class: "TProfile", fName: "p", fTitle: "t", fNcells: 4, fEntries: 3 },
  ...{ fXaxis: axis, fYaxis: noAxis, fZaxis: noAxis },
  ...{ values: Float64Array.of(0, 30, 10, 0), fSumw2: array(0, 500, 50, 0) },
  ...{ fBinEntries: array(0, 2, 2, 0), fBinSumw2: array(0, 2, 4, 0) },
};

test("a profile has its weights and the sums that give mean and spread", () => {
  const h = histogramData(profile, "file");
  expect([...h.axes[0].edges]).toEqual([0, 2, 4]);
  expect([...h.sumW]).toEqual([0, 2, 2, 0]);
  expect([...h.sumW2]).toEqual([0, 2, 4, 0]);
  expect([...(h.profile?.sumWY ?? [])].map((s, i) => s / h.sumW[i])).toEqual([NaN, 15, 5, NaN]);
  expect([...(h.profile?.sumWY2 ?? [])]).toEqual([0, 500, 50, 0]);
  expect([...histogramData({ ...profile, fBinSumw2: array() }, "file").sumW2]).toEqual([
    0, 2, 2, 0,
  ]);
});

test("names of bins are kept", () => {
  const label = { $class: "TObjString", fString: "e", fUniqueID: 2 };
  const named = { ...axis, fLabels: { $class: "THashList", items: [label] } };
  const h = histogramData({ ...profile, fXaxis: named }, "file");
  expect(h.axes[0].binLabels).toEqual(["", "e"]);
});

test("counts that do not fit and edges that do not ascend are refused with the place", () => {
  const message = (change: object) => {
    try {
      return histogramData({ ...profile, ...change } as RootObject, "a.root: p").name;
    } catch (error) {
      return String(error);
    }
  };
  expect(message({ values: Float64Array.of(1) })).toBe(
    "FormatError: a.root: p: the content has 1 bins, the axes give 4 with the flows",
  );
  expect(message({ fXaxis: { ...axis, fXmax: -1 } })).toContain("do not ascend from 0 to -1");
  expect(message({ fXaxis: { ...axis, fNbins: 1e9 } })).toContain("has 1000000000 bins of 4");
  expect(message({ fXaxis: null })).toContain("no fXaxis");
});

test("what is no histogram is named", async () => {
  const sink = memorySink();
  const writer = rootWriter(sink, { codec: null } as never);
  await writer
    .tree("events", [{ name: "x", type: "float32" }] as never)
    .append([{ name: "x", type: "float32", values: Float32Array.of(1), inner: [] }]);
  await writer.close();
  const file = await openRoot(bytesSource(sink.bytes()));
  await expect(readHistogram(file, "events")).rejects.toThrow('"events" is a TTree, not a');
});

test("any flipped bits give an error of ours or a histogram", async () => {
  const rng = createRng(17);
  for (let i = 0; i < 300; i++) {
    const data = bytes.slice();
    data[100 + rng.integer(data.length - 100)] ^= 1 << rng.integer(8);
    try {
      const file = await openRoot(bytesSource(data));
      for (const { name } of written) await readHistogram(file, name);
    } catch (error) {
      expect(["FormatError", "DataError"], String((error as Error).stack)).toContain(
        (error as Error).name,
      );
    }
  }
});
