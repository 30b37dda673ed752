import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { requireFinite } from "../../src/data/checks.ts";
import { dedupeRows } from "../../src/data/dedupe.ts";
import { readTable } from "../../src/data/read.ts";
import { splitByColumn } from "../../src/data/split.ts";
import { column, columnType, numericColumn } from "../../src/data/table.ts";

const file = "../shared/data/l1-muon/omtf_single_muon.csv.gz";
const present = existsSync(file);
if (!present) console.warn(`skipped: ${file} is not there`);

describe.skipIf(!present)("OMTF muons", () => {
  test("the file has the rows, parts and scale of its description", async () => {
    const table = await readTable(file);
    expect(table.rows).toBe(116_396);
    expect(table.columns.length).toBe(29);
    const split = splitByColumn(table, "split", { train: ["train"], test: ["valid"] });
    expect([split.train.length, split.test.length]).toEqual([95_837, 20_559]);
    const names = ["gen_pt", "gen_charge", "hit0", "split"];
    const types = names.map((name) => columnType(column(table, name)));
    expect(types).toEqual(["float64", "int32", "int32", "string"]);
    expect(() => requireFinite(table, ["l1_pt", "hit0"])).toThrow(/"hit0" has \d+ NaN or missing/);
    // 16, 50 and 84 % of l1_pt / gen_pt, as the data's description gives them.
    const gen = numericColumn(table, "gen_pt");
    const ratio = numericColumn(table, "l1_pt")
      .map((pt, i) => pt / gen[i])
      .sort();
    const quantiles = [0.16, 0.5, 0.84].map((q) => ratio[Math.floor(q * ratio.length)]);
    for (const [i, wanted] of [0.92, 1.12, 1.43].entries())
      expect(quantiles[i]).toBeCloseTo(wanted, 2);
    const { kept, dropped } = dedupeRows(table);
    expect(kept.length + dropped).toBe(116_396);
  });

  test("a selection reads only what it names", async () => {
    const table = await readTable(file, {
      columns: ["l1_pt"],
      where: "split = 'valid' AND l1_quality = 12",
    });
    expect(table.columns.map((c) => c.name)).toEqual(["l1_pt"]);
    expect(table.rows).toBeGreaterThan(10_000);
    expect(table.rows).toBeLessThan(20_559);
  });
});
