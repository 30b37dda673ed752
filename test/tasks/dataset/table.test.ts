import { describe, expect, test } from "vitest";
import {
  makeColumn,
  makeTable,
  numericColumn,
  readTable,
  writeTable,
} from "../../../src/data/index.ts";
import { defaultSettings, makeDataset } from "../../../src/tasks/dataset/index.ts";
import { temporaryFolder } from "../../data/folder.ts";

const { at } = temporaryFolder();
const muons = defaultSettings("muons");

async function write(name: string, columns: Readonly<Record<string, readonly number[]>>) {
  const named = Object.entries(columns).map(([column, values]) =>
    makeColumn(column, Float64Array.from(values)),
  );
  await writeTable(at(name), makeTable(named));
}

async function make(name: string, settings = muons) {
  const out = at(`${name}.out.parquet`);
  const summary = await makeDataset({ inputs: [at(name)], out, settings });
  const table = await readTable(out);
  return { summary, list: (column: string) => Array.from(numericColumn(table, column)) };
}

/** Two events: one with two matched muons of two slots, one with an unmatched muon only. */
const slots = {
  nMatchedMuons: [2, 0],
  ...{ hwPtL1_0: [42, 0], hwPhiL1_0: [284, 0], hwEtaL1_0: [9, 0], hwSignL1_0: [1, 0] },
  ...{ hwPtL1_1: [20, 0], hwPhiL1_1: [46, 0], hwEtaL1_1: [-92, 0], hwSignL1_1: [0, 0] },
  ...{ ptReco_0: [20, 0], etaVtxReco_0: [0.5, 0], phiVtxReco_0: [3, 0], chargeReco_0: [-1, 0] },
  ...{ ptReco_1: [8, 0], etaVtxReco_1: [2, 0], phiVtxReco_1: [1, 0], chargeReco_1: [-1, 0] },
  ...{ hwPtL1Unmatched_0: [0, 7], hwPhiL1Unmatched_0: [0, 1] },
  ...{ hwEtaL1Unmatched_0: [0, 1], hwSignL1Unmatched_0: [0, 1] },
};

describe("the report's flat table", () => {
  test("muons keep the partners and the pt scale of the table", async () => {
    await write("muons.parquet", slots);
    const { summary, list } = await make("muons.parquet");
    expect(summary).toMatchObject({ events: 2, l1Objects: 3, offlineObjects: 2, matched: 2 });
    expect(summary.chargesAgree).toBe(1);
    expect([list("hwPtL1"), list("ptL1")]).toEqual([
      [42, 20],
      [21, 10],
    ]);
    expect([list("hwSignL1"), list("ptReco")]).toEqual([
      [1, 0],
      [20, 8],
    ]);
    expect(list("run")).toEqual([Number.NaN, Number.NaN]);
    const above = await make("muons.parquet", { ...muons, minOfflinePt: 8 });
    expect(above.list("ptReco")).toEqual([20]);
  });

  test("jets are matched by the report's rule", async () => {
    await write("jets.csv", {
      ...{ hwPt_0: [100, 50], hwEta_0: [23, 0], hwPhi_0: [0, 0] },
      ...{ ptPF_0: [40, 30], etaPF_0: [1, 3], phiPF_0: [6.25, 0] },
      ...{ ptPF_1: [20, 0], etaPF_1: [1.125, 0], phiPF_1: [0, 0] },
    });
    const { summary, list } = await make("jets.csv", defaultSettings("jets"));
    expect([list("sumPtReco"), list("multiplicity"), list("ptL1")]).toEqual([[60], [2], [50]]);
    expect(summary.table5?.all).toMatchObject({ matched: 2, unmatched: 1 });
  });

  test("other tables and other crossings are refused", async () => {
    await write("plain.csv", { pt: [1] });
    await expect(make("plain.csv")).rejects.toThrow(/plain\.csv: not the report's flat table/);
    await expect(make("muons.parquet", { ...muons, bx: 1 })).rejects.toThrow(/crossing 0 only/);
    await expect(make("muons.parquet", defaultSettings("jets"))).rejects.toThrow(
      /no Level-1 jets: columns hwPt_0 and ptPF_0 are needed/,
    );
    await expect(make("jets.csv")).rejects.toThrow(/no matched muons/);
    const same = { inputs: [at("*.parquet")], out: at("muons.parquet"), settings: muons };
    await expect(makeDataset(same)).rejects.toThrow(/muons\.parquet: is also read/);
  });
});
