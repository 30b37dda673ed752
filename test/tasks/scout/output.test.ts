import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { openDatabase, sqlText } from "../../../src/data/duckdb.ts";
import { openRootFile } from "../../../src/data/read-root.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";
import { parseScout } from "../../../src/tasks/scout/config.ts";
import type { KeptCrossings } from "../../../src/tasks/scout/output/kept.ts";
import {
  createParquetWriter,
  createRootWriter,
} from "../../../src/tasks/scout/output/run-writers.ts";
import { createProcessor } from "../../../src/tasks/scout/workers/process-block.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { blockOfOrbits, orbitsOf } from "./samples.ts";

const { at, path: folder } = temporaryFolder();
let kept: KeptCrossings;

beforeAll(async () => {
  const config = parseScout({
    files: ["-"],
    output: "root",
    stages: [{ kind: "select", name: "dimuon", cuts: [{ of: "muons", min: 2 }], neighbors: 1 }],
  });
  const processor = await createProcessor(config, {}, createNodeRuntime({ threads: 1 }));
  const block = blockOfOrbits(orbitsOf(2, { calo: true }), { calo: true });
  kept = (await processor.process(block)).kept as KeptCrossings;
  await processor.dispose();
});

const columnsOf = (list: string | null) => kept.columns.filter((c) => c.list === list);

describe("kept crossings, one a row", () => {
  test("as ROOT: jagged branches with NanoAOD's names and counters", async () => {
    await createRootWriter().write(at("a.root"), kept);
    const file = await openRootFile(at("a.root"));
    const tree = await file.tree("Events");
    expect(tree.entries).toBe(kept.rows);
    for (const { name, list, values } of kept.columns) {
      const [read] = await tree.read([name]);
      expect(Array.from(read.values as Float32Array), name).toEqual(Array.from(values));
      if (list !== null) expect(read.offsets, name).toEqual(kept.offsets[list]);
    }
    expect(tree.branches.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["run", "luminosityBlock", "bunchCrossing", "orbitNumber", "nL1Jet"]),
    );
    await file.close();
  });

  test("as Parquet: lists that hold the same, file after file, and nothing beside them", async () => {
    const writer = await createParquetWriter();
    await writer.write(at("first.parquet"), kept);
    await writer.write(at("a.parquet"), kept);
    writer.close();
    const db = await openDatabase();
    const from = `FROM read_parquet(${sqlText(at("a.parquet"))})`;
    const all = async (sql: string) => (await db.rows(`SELECT ${sql} ${from}`)).map(([x]) => x);
    expect((await all('"orbitNumber"')).map(Number)).toEqual([...columnsOf(null)[3].values]);
    for (const list of ["L1Mu", "L1Jet", "L1Tau"]) {
      const offsets = kept.offsets[list];
      const sizes = Array.from({ length: kept.rows }, (_, r) => offsets[r + 1] - offsets[r]);
      expect(await all(`"n${list}"`)).toEqual(sizes);
      expect((await all(`len("${list}_pt")`)).map(Number)).toEqual(sizes);
      for (const { name, values } of columnsOf(list))
        expect(await all(`unnest("${name}")`), name).toEqual([...values]);
    }
    db.close();
    expect(readdirSync(folder).filter((name) => /tmp/.test(name))).toEqual([]);
  });
});
