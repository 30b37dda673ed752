import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  column,
  columnType,
  makeColumn,
  makeTable,
  numericColumn,
  readTable,
  type Table,
  withColumns,
  writeTable,
} from "../../src/data/index.ts";
import { forty } from "../cli/fake-terminal.ts";
import { temporaryFolder } from "../data/folder.ts";
import { recalibrate, simulatedTable, writeOverlap } from "./samples.ts";

const folder = temporaryFolder();
const { at } = folder;
const run = at("run");
const model = at("run/model.onnx");

beforeAll(async () => {
  await writeTable(at("muons.parquet"), simulatedTable());
  await recalibrate(at("muons.parquet"), run);
});

async function predict(model: string, input: string, out: string, ...more: string[]) {
  const {
    code,
    out: words,
    err,
  } = await forty([...["predict", model, input, "-o", out, "--json", ...more]]);
  return { code, err, result: code === 0 ? JSON.parse(words) : null };
}

/** The sample with columns that the model does not know: texts, gaps, long integers, booleans. */
function richTable(): Table {
  const table = simulatedTable();
  const n = table.rows;
  const each = <T>(f: (i: number) => T) => Array.from({ length: n }, (_, i) => f(i));
  const texts = makeColumn(
    "tag",
    each((i) => (i % 3 === 0 ? "" : `m,${i}"`)),
  );
  const extra = makeTable([
    { ...texts, missing: Uint8Array.from(each((i) => Number(i % 3 === 0))) },
    makeColumn("event", BigInt64Array.from(each((i) => BigInt(i) + 2n ** 60n))),
    {
      name: "layer",
      unit: null,
      type: "int32",
      values: Float64Array.from(each((i) => (i % 5 ? i : NaN))),
    },
    makeColumn("good", Uint8Array.from(each((i) => i % 2))),
    makeColumn("energy", Float64Array.from(each((i) => i / 7)), "GeV"),
  ]);
  return makeTable([...extra.columns.slice(0, 2), ...table.columns, ...extra.columns.slice(2)]);
}

describe("forty predict", () => {
  test("keeps the input's columns, order, types, units and gaps, and adds the calibrated ones", async () => {
    const input = richTable();
    await writeTable(at("rich.parquet"), input);
    const { code, err, result } = await predict(run, at("rich.parquet"), at("rich-out.parquet"));
    expect(code, err).toBe(0);
    expect(result).toMatchObject({ file: at("rich-out.parquet"), model: run, rows: input.rows });
    const [before, after] = [
      await readTable(at("rich.parquet")),
      await readTable(at("rich-out.parquet")),
    ];
    const names = (t: Table) => t.columns.map((c) => c.name);
    expect(names(after)).toEqual([...names(input), "phiCalib", "etaCalib", "ptCalib"]);
    for (const c of before.columns) {
      const same = column(after, c.name);
      expect([c.name, columnType(same), same.unit]).toEqual([c.name, columnType(c), c.unit]);
      expect(same.values).toEqual(c.values);
      expect(same.missing).toEqual(c.missing);
    }
    expect(columnType(column(after, "event"))).toBe("int64");
    expect(columnType(column(after, "layer"))).toBe("int32");
    const units = ["phiCalib", "etaCalib", "ptCalib"].map((name) => column(after, name).unit);
    expect(units).toEqual(["rad", null, "GeV"]);
  });

  test("calibrated phi is in [0, 2 pi), pt positive, eta in the detector, for unmatched muons too", async () => {
    await predict(run, at("muons.parquet"), at("out.parquet"));
    const table = await readTable(at("out.parquet"));
    const [phi, eta, pt] = ["phiCalib", "etaCalib", "ptCalib"].map((c) => numericColumn(table, c));
    for (let i = 0; i < table.rows; i++) {
      expect(phi[i] >= 0 && phi[i] < 2 * Math.PI, `row ${i}: phi ${phi[i]}`).toBe(true);
      expect(pt[i] > 0 && Math.abs(eta[i]) < 3, `row ${i}: ${pt[i]}, ${eta[i]}`).toBe(true);
    }
  });

  test("the bare ONNX file gives what its run folder gives, in every format and batch", async () => {
    const outs = ["a.csv", "b.csv.gz", "c.parquet"].map(at);
    await predict(run, at("muons.parquet"), outs[0]);
    await predict(model, at("muons.parquet"), outs[1]);
    await predict(model, at("muons.parquet"), outs[2], "--threads", "1");
    const [a, b, c] = await Promise.all(outs.map((out) => readTable(out)));
    for (const name of ["phiCalib", "etaCalib", "ptCalib"]) {
      expect(numericColumn(b, name)).toEqual(numericColumn(a, name));
      numericColumn(c, name).forEach((x, i) => {
        expect(Math.fround(numericColumn(a, name)[i])).toBe(Math.fround(x));
      });
    }
  });

  test("columns may stand in any order and need no offline values", async () => {
    const { columns } = simulatedTable();
    const inputs = columns.slice(0, 4).toReversed();
    await writeTable(at("order.csv"), makeTable(inputs));
    await predict(run, at("order.csv"), at("order-out.csv"));
    await predict(run, at("muons.parquet"), at("straight.csv"));
    const [a, b] = await Promise.all(
      ["order-out.csv", "straight.csv"].map((f) => readTable(at(f))),
    );
    expect(numericColumn(a, "ptCalib")).toEqual(numericColumn(b, "ptCalib"));
    expect(a.columns.slice(0, 4).map((c) => c.name)).toEqual(inputs.map((c) => c.name));
  });

  test("a model gives only the columns it was trained for", async () => {
    await writeOverlap(at("omtf.csv"));
    await recalibrate(at("omtf.csv"), at("omtf-run"));
    await predict(at("omtf-run"), at("omtf.csv"), at("omtf-out.csv"), "--where", "split = 'valid'");
    const [before, after] = [await readTable(at("omtf.csv")), await readTable(at("omtf-out.csv"))];
    const added = after.columns.slice(before.columns.length).map((c) => c.name);
    expect(added).toEqual(["etaCalib", "ptCalib"]);
    expect(new Set(column(after, "split").values as string[])).toEqual(new Set(["valid"]));
    expect(numericColumn(after, "ptCalib").every((pt) => pt > 0)).toBe(true);
  });

  test("rows are numbered as in the file, beyond the first batch too", async () => {
    const rows = 70_000; // batches have 65,536
    const line = (i: number) =>
      i === 69_000 ? "600,1,2,0" : `${20 + (i % 50)},${i % 576},3,${i % 2}`;
    const lines = Array.from({ length: rows }, (_, i) => line(i + 1));
    writeFileSync(at("long.csv"), `hwPtL1,hwPhiL1,hwEtaL1,hwSignL1\n${lines.join("\n")}\n`);
    const { code, err } = await predict(run, at("long.csv"), at("long-out.csv"));
    expect(code).toBe(1);
    expect(err).toBe(
      `error: ${at("long.csv")}: column "hwPtL1": 1 of 4464 rows are not whole numbers in [0, 511], first 600 in row 69000\n`,
    );
    expect(readdirSync(folder.path).filter((name) => name.includes("long-out"))).toEqual([]);
  });

  test("a missing column, one that is taken, and the input as output are refused", async () => {
    const { columns } = simulatedTable();
    const renamed = columns.map((c) => (c.name === "hwEtaL1" ? { ...c, name: "hwEta1" } : c));
    await writeTable(at("renamed.csv"), makeTable(renamed));
    const missing = await predict(run, at("renamed.csv"), at("x.csv"));
    expect([missing.code, missing.err]).toEqual([
      1,
      `error: ${at("renamed.csv")}: no column "hwEtaL1"; there are hwPtL1, hwPhiL1, hwEta1, hwSignL1, ptReco, etaVtxReco, phiVtxReco; did you mean "hwEta1"?\n`,
    ]);
    const again = makeColumn("ptCalib", new Float64Array(simulatedTable().rows));
    await writeTable(at("taken.csv"), withColumns(simulatedTable(), [again]));
    const taken = await predict(run, at("taken.csv"), at("x.csv"));
    expect([taken.code, taken.err]).toEqual([
      1,
      `error: ${at("taken.csv")}: has a column "ptCalib" already; drop it with 'forty convert --columns'\n`,
    ]);
    const itself = await predict(run, at("muons.parquet"), at("muons.parquet"));
    expect([itself.code, itself.err]).toEqual([
      2,
      `error: --out: ${at("muons.parquet")} is also read; give the result another name\n`,
    ]);
    expect(existsSync(at("x.csv"))).toBe(false);
  });

  test("stopped, it leaves no file", async () => {
    const out = at("stopped.csv");
    const argv = ["predict", run, at("muons.parquet"), "-o", out];
    const { code, err } = await forty(argv, { signal: AbortSignal.abort() });
    expect([code, err]).toEqual([130, `stopped: predict: cancelled; ${out} was not written\n`]);
    expect(readdirSync(folder.path).filter((name) => name.includes("stopped"))).toEqual([]);
  });
});
