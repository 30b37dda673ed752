import { describe, expect, test } from "vitest";
import { histogramObject, type RootHistogram } from "../../../src/data/root/write-histogram.ts";
import { createRootWriter } from "../../../src/data/root/write-node.ts";
import { temporaryFolder } from "../folder.ts";
import { openJs } from "./jsroot.ts";

const { at } = temporaryFolder();

interface JsAxis {
  readonly fTitle: string;
  readonly fNbins: number;
  GetBinLowEdge(bin: number): number;
}

interface JsHistogram {
  readonly _typename: string;
  readonly fTitle: string;
  readonly fEntries: number;
  readonly fArray: ArrayLike<number>;
  readonly fSumw2: ArrayLike<number>;
  readonly fXaxis: JsAxis;
  readonly fYaxis: JsAxis;
  readonly fTsumw: number;
  readonly fTsumwx: number;
  readonly fTsumwxy: number;
  getBinContent(x: number, y?: number): number;
  getBinError(bin: number): number;
}

async function readBack(histogram: RootHistogram): Promise<JsHistogram> {
  const writer = await createRootWriter(at("h.root"));
  await writer.histogram(histogram);
  await writer.close();
  return (await (await openJs(at("h.root"))).readObject(histogram.name)) as JsHistogram;
}

const edgesOf = (axis: JsAxis) =>
  Array.from({ length: axis.fNbins + 1 }, (_, i) => axis.GetBinLowEdge(i + 1));

describe("one axis", () => {
  const plain = {
    name: "pt",
    title: "muons",
    axes: [{ edges: [0, 0.5, 1, 1.5, 2], label: "p_{T} [GeV]" }],
    sumW: [0.5, 1, 2, 3, 4, 100],
    sumW2: [0.25, 1.5, 2, 9, 16, 1e4],
    entries: 17,
  };

  test("contents, errors, entries, texts and equal bins come back", async () => {
    const back = await readBack(plain);
    expect(back).toMatchObject({ _typename: "TH1D", fTitle: "muons", fEntries: 17 });
    expect(Array.from(back.fArray)).toEqual(plain.sumW);
    expect(Array.from(back.fSumw2)).toEqual(plain.sumW2);
    expect(back.getBinContent(5)).toBe(100);
    expect(back.getBinError(4)).toBe(4);
    expect(back.fXaxis).toMatchObject({ fTitle: "p_{T} [GeV]", fXmin: 0, fXmax: 2, fNbins: 4 });
    expect(back.fXaxis).toMatchObject({ fXbins: { length: 0 } });
  });

  test("unequal edges come back exactly", async () => {
    const edges = [-Math.PI, 0.1, 0.2, 0.30000000000000004, 1e6];
    const back = await readBack({ ...plain, axes: [{ edges }] });
    expect(edgesOf(back.fXaxis)).toEqual(edges);
  });

  test("without squared weights errors are those of counts", async () => {
    const { sumW2: _, entries: __, ...counts } = plain;
    const back = await readBack(counts);
    expect(back.fSumw2.length).toBe(0);
    expect(back.getBinError(4)).toBe(2);
    expect(back.fEntries).toBe(110.5);
  });

  test("moments leave out what is beyond the axis", async () => {
    const back = await readBack(plain);
    expect(back.fTsumw).toBe(1 + 2 + 3 + 4);
    expect(back.fTsumwx).toBe(0.25 + 2 * 0.75 + 3 * 1.25 + 4 * 1.75);
  });

  test("float32 bins are a TH1F", async () => {
    const back = await readBack({ ...plain, name: "folder/pt", type: "float32" });
    expect(back._typename).toBe("TH1F");
    expect(Array.from(back.fArray)).toEqual(plain.sumW.map(Math.fround));
  });
});

describe("two axes", () => {
  const axes = [
    { edges: [0, 1, 3], label: "x" },
    { edges: [0, 1, 2, 3], label: "y" },
  ];
  const sumW = Array.from({ length: 20 }, (_, i) => i * 1.25);

  test.each(["float32", "float64"] as const)(
    "%s: each cell comes back in its place",
    async (type) => {
      const back = await readBack({ name: "map", axes, sumW, sumW2: sumW, type });
      expect(back._typename).toBe(type === "float32" ? "TH2F" : "TH2D");
      expect(edgesOf(back.fXaxis)).toEqual([0, 1, 3]);
      expect(edgesOf(back.fYaxis)).toEqual([0, 1, 2, 3]);
      for (let y = 0; y < 5; y++)
        for (let x = 0; x < 4; x++) expect(back.getBinContent(x, y)).toBe(sumW[x + 4 * y]);
      const centers = [
        [0.5, 2],
        [0.5, 1.5, 2.5],
      ];
      let wxy = 0;
      for (const [i, x] of centers[0].entries())
        for (const [j, y] of centers[1].entries()) wxy += sumW[i + 1 + 4 * (j + 1)] * x * y;
      expect(back.fTsumwxy).toBe(wxy);
    },
  );
});

test("what is no histogram is refused with its name", () => {
  const fine = { name: "pt", axes: [{ edges: [0, 1] }], sumW: [0, 1, 0] };
  const message = (h: RootHistogram) => {
    try {
      return histogramObject(h).class;
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(message(fine)).toBe("TH1D");
  expect(message({ ...fine, axes: [{ edges: [0, 1, 1] }] })).toBe(
    'histogram "pt": axis x: edges must be finite and increase, edge 2 is 1',
  );
  expect(message({ ...fine, axes: [{ edges: [0, Number.NaN] }] })).toMatch("edge 1 is NaN");
  expect(message({ ...fine, axes: [{ edges: [0] }] })).toMatch("axis x has no bins");
  expect(message({ ...fine, axes: [] })).toMatch("0 axes; one or two can be written");
  expect(message({ ...fine, sumW: [1] })).toMatch("sumW has 1 bins, the axes give 3");
  expect(message({ ...fine, sumW2: [1] })).toMatch("sumW2 has 1 bins, the axes give 3");
});
