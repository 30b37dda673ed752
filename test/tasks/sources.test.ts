import { beforeAll, describe, expect, test } from "vitest";
import { wrapPhi } from "../../src/cms/kinematics.ts";
import { compile } from "../../src/compile/index.ts";
import { makeColumn, makeTable, readTable, type Table } from "../../src/data/index.ts";
import { input } from "../../src/ops/index.ts";
import { featureGraph, featureScale, scaledRows } from "../../src/tasks/recalibration/model.ts";
import { inputMatrix } from "../../src/tasks/recalibration/prepare.ts";
import { omtfSource } from "../../src/tasks/recalibration/source-omtf.ts";
import { reportSource } from "../../src/tasks/recalibration/source-report.ts";
import { findSource, type ObjectSource } from "../../src/tasks/recalibration/sources.ts";
import { bundled, runtime, simulatedTable } from "./samples.ts";

/** Features of a table by the graph. */
async function graphFeatures(source: ObjectSource, table: Table) {
  const muons = input("muons", "float32", ["batch", source.inputs.length]);
  const session = await runtime.load(
    compile({ name: "features", outputs: { x: featureGraph(source, muons) } }),
  );
  const { x } = await session.run({ muons: inputMatrix(source, table) });
  await session.dispose();
  return x;
}

describe("features of the overlap track finder", () => {
  let table: Table;
  beforeAll(async () => {
    table = await readTable(bundled, { limit: 500 });
  });

  /** One muon's features in plain code, straight from the words of the documentation. */
  function slowFeatures(row: Record<string, number>): number[] {
    const hits = Array.from({ length: 18 }, (_, i) => row[`hit${i}`]);
    const layerOf = [0, 7, 2, 6, 16, 4, 10, 11];
    const isBending = (layer: number) => layer === 1 || layer === 3 || layer === 5;
    const phiReference = hits[layerOf[row.l1_ref_layer]];
    const bends = hits.map((hit, layer) => {
      if (Number.isNaN(hit)) return 0;
      const relative = (isBending(layer) ? hit : hit - phiReference) * row.l1_charge;
      return Math.max(-300, Math.min(300, relative)) / 50;
    });
    return [
      Math.log(row.l1_pt),
      1 / row.l1_pt,
      row.l1_eta,
      row.l1_charge,
      ...[0, 4, 12].map((q) => Number(row.l1_quality === q)),
      ...layerOf.map((_, i) => Number(row.l1_ref_layer === i)),
      phiReference,
      ...hits.map((hit) => Number(!Number.isNaN(hit))),
      ...bends,
      ...bends.map((b) => (b * row.l1_pt) / 15),
    ];
  }

  test("equal a plain implementation on 500 real muons, missing hits included", async () => {
    const x = await graphFeatures(omtfSource, table);
    const { names } = omtfSource.features(
      Object.fromEntries(
        omtfSource.inputs.map((c) => [c.name, input(c.name, "float32", ["b", 1])]),
      ),
    );
    expect(x.shape).toEqual([500, names.length]);
    let missing = 0;
    for (let i = 0; i < 500; i++) {
      const row = Object.fromEntries(
        table.columns.map((c) => [c.name, Number((c.values as Float64Array)[i])]),
      );
      const expected = slowFeatures(row);
      missing += Array.from({ length: 18 }, (_, l) => row[`hit${l}`]).filter(Number.isNaN).length;
      expect(expected.length).toBe(names.length);
      expected.forEach((value, j) => {
        const actual = Number(x.data[i * names.length + j]);
        expect(
          Math.abs(actual - value) <= 2e-6 * (1 + Math.abs(value)),
          `row ${i}, ${names[j]}: ${actual}, expected ${value}`,
        ).toBe(true);
      });
    }
    expect(missing).toBeGreaterThan(1000);
  });

  test("the reference layer of every muon has a hit", () => {
    const at = (name: string, i: number) =>
      Number((table.columns.find((c) => c.name === name)!.values as Float64Array)[i]);
    for (let i = 0; i < 500; i++) {
      const layer = [0, 7, 2, 6, 16, 4, 10, 11][at("l1_ref_layer", i)];
      expect(Number.isFinite(at(`hit${layer}`, i)), `row ${i}`).toBe(true);
    }
  });
});

describe("the report's muon table", () => {
  const table = simulatedTable();
  const column = (name: string) => table.columns.find((c) => c.name === name)!.values as Int32Array;

  test("integers become GeV, rad and pseudorapidity with the report's bin widths", () => {
    const { pt, phi, eta } = reportSource.level1(table);
    for (let i = 0; i < 300; i++) {
      expect(pt![i]).toBe(0.5 * column("hwPtL1")[i]);
      expect(phi![i]).toBeCloseTo((column("hwPhiL1")[i] * 2 * Math.PI) / 576, 12);
      expect(eta![i]).toBeCloseTo((column("hwEtaL1")[i] * 0.087) / 8, 12);
    }
  });

  test("offline phi is moved to [0, 2 pi) and stays the same angle", () => {
    const { phi } = reportSource.offline(table);
    const reco = column("phiVtxReco");
    expect(reco.some((x) => x < 0)).toBe(true);
    phi!.forEach((x, i) => {
      expect(x >= 0 && x < 2 * Math.PI).toBe(true);
      expect(Math.abs(wrapPhi(x - reco[i]))).toBeLessThan(1e-12);
    });
  });

  test("features inside the model are the physical values and the charge bit", async () => {
    const x = await graphFeatures(reportSource, table);
    const { pt, phi, eta } = reportSource.level1(table);
    for (let i = 0; i < 300; i++)
      [pt![i], phi![i], eta![i], column("hwSignL1")[i]].forEach((value, j) => {
        expect(Math.abs(Number(x.data[4 * i + j]) - value)).toBeLessThan(
          1e-6 * (1 + Math.abs(value)),
        );
      });
  });

  test("scaled features fill [0, 1] on the training rows", async () => {
    const x = await graphFeatures(reportSource, table);
    const rows = Uint32Array.from({ length: 2000 }, (_, i) => 2 * i);
    const scaled = scaledRows(x, featureScale(x, rows, "unit"), rows);
    for (let j = 0; j < 4; j++) {
      const values = Array.from(rows, (_, i) => Number(scaled.data[4 * i + j]));
      expect(Math.min(...values)).toBeCloseTo(0, 6);
      expect(Math.max(...values)).toBeCloseTo(1, 6);
    }
  });

  test("standardized features have mean 0 and deviation 1; one that never varies is 0", async () => {
    const x = await graphFeatures(reportSource, table);
    const rows = Uint32Array.from({ length: 2000 }, (_, i) => i);
    const data = Float32Array.from(x.data as Float32Array);
    for (let i = 3; i < data.length; i += 4) data[i] = 1;
    const features = { ...x, data };
    const scaled = scaledRows(features, featureScale(features, rows, "standard"), rows);
    for (let j = 0; j < 4; j++) {
      const values = Array.from(rows, (_, i) => Number(scaled.data[4 * i + j]));
      const mean = values.reduce((a, b) => a + b) / rows.length;
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / rows.length;
      expect(mean).toBeCloseTo(0, 4);
      expect(variance).toBeCloseTo(j === 3 ? 0 : 1, 4);
    }
  });
});

describe("which kind of file it is", () => {
  const report = reportSource.inputs.map((c) => c.name);

  test("columns in any order, more of them or fewer targets do not matter", () => {
    expect(findSource("muons", "a.csv", ["run", ...report.toReversed(), "ptReco"])).toBe(
      reportSource,
    );
    expect(findSource("muons", "b.csv", [...omtfSource.inputs.map((c) => c.name), "gen_eta"])).toBe(
      omtfSource,
    );
  });

  test("a file without any offline column says which there could be", () => {
    expect(() => findSource("muons", "a.csv", report)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: a.csv: missing "phiVtxReco", "etaVtxReco", "ptReco" of all offline columns of the report's muon table (one is enough); there are hwPtL1, hwPhiL1, hwEtaL1, hwSignL1; rename the columns in the file]`,
    );
  });

  test("a missing offline column is not recalibrated", () => {
    const one = makeTable([makeColumn("ptReco", Float64Array.of(3))]);
    expect(Object.keys(reportSource.offline(one))).toEqual(["pt"]);
  });

  test("the closest kind is named, with near misses", () => {
    const names = ["hwptl1", "hwPhiL1", "hwEtaL1", "hwSign", "ptReco"];
    expect(() => findSource("muons", "a.csv", names)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: a.csv: missing "hwPtL1", "hwSignL1" of the report's muon table; there are hwptl1, hwPhiL1, hwEtaL1, hwSign, ptReco; did you mean "hwptl1" for "hwPtL1", "hwSign" for "hwSignL1"?]`,
    );
    expect(() => findSource("muons", "a.csv", ["x", "y"])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: a.csv: missing "hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1" of the report's muon table; there are x, y; rename the columns in the file]`,
    );
  });
});
