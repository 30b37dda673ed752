import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../src/data/duckdb.ts";
import { inspectTable, readBatches, readTable } from "../../src/data/read.ts";
import {
  type Column,
  column,
  columnType,
  concat,
  makeColumn,
  makeTable,
  numericColumn,
  type Table,
} from "../../src/data/table.ts";
import { createTableWriter, schemaOf, type TableWriter, writeTable } from "../../src/data/write.ts";
import { temporaryFolder } from "./folder.ts";

const { path: folder, at } = temporaryFolder();

const sample = makeTable([
  makeColumn("pt", Float64Array.of(1.5, Number.NaN, 1e-300), "GeV"),
  makeColumn("eta", Float32Array.of(0.1, -2.25, 3)),
  makeColumn("hwPt", Int32Array.of(0, -7, 511)),
  makeColumn("event", BigInt64Array.of(2n ** 62n + 1n, 0n, -5n)),
  makeColumn("good", Uint8Array.of(1, 0, 1)),
  { name: "part", unit: null, values: ["a, b", "", 'say "x"'], missing: Uint8Array.of(0, 1, 0) },
  { name: "hit", unit: "cm", values: Float64Array.of(4, Number.NaN, 5), type: "int32" },
]);

/** Values as JavaScript sees them, missing ones as null. */
function entries(c: Column): unknown[] {
  return Array.from(c.values as Iterable<unknown>, (x, i) =>
    Number.isNaN(x) || c.missing?.[i] ? null : x,
  );
}

describe("Parquet", () => {
  test("values, types, units, gaps and metadata come back", async () => {
    await writeTable(at("all.parquet"), sample, { metadata: { seed: "7", "it's": 'a "note"' } });
    const back = await readTable(at("all.parquet"));
    expect(back.columns.map(entries)).toEqual(sample.columns.map(entries));
    expect(schemaOf(back)).toEqual(schemaOf(sample));
    const info = await inspectTable(at("all.parquet"));
    expect(info).toMatchObject({ rows: 3, format: "parquet" });
    expect(info.metadata).toMatchObject({ seed: "7", "it's": 'a "note"' });
    expect(info.columns).toEqual(schemaOf(sample));
  });

  test("nested columns are refused by name, dates become text, unsigned integers int64", async () => {
    const db = await openDatabase();
    await db.run(
      `COPY (SELECT 1 AS pt, [1, 2] AS hits, DATE '2024-05-01' AS day, 4000000000::UINTEGER AS run)
       TO '${at("nested.parquet")}' (FORMAT parquet)`,
    );
    db.close();
    await expect(readTable(at("nested.parquet"))).rejects.toThrow("hits (INTEGER[])");
    await expect(readTable(at("nested.parquet"), { columns: ["hits"] })).rejects.toThrow(
      "column hits (INTEGER[]) holds more than one value a row",
    );
    const flat = await readTable(at("nested.parquet"), { columns: ["day", "run"] });
    expect(flat.columns.map((c) => [...c.values])).toEqual([["2024-05-01"], [4_000_000_000n]]);
  });

  test("64-bit integers that float64 cannot hold beside gaps are refused, not rounded", async () => {
    const db = await openDatabase();
    const rows = "SELECT unnest([9007199254740993, NULL]) AS event";
    await db.run(`COPY (${rows}) TO '${at("wide.parquet")}' (FORMAT parquet)`);
    db.close();
    await expect(readTable(at("wide.parquet"))).rejects.toThrow("integers of 2^53 or more (row 1)");
    const chosen = await readTable(at("wide.parquet"), { where: "event IS NOT NULL" });
    expect([...chosen.columns[0].values]).toEqual([9007199254740993n]);
  });
});

describe("CSV", () => {
  test.each(["all.csv", "all.csv.gz"])("%s keeps values, gaps and integer types", async (name) => {
    await writeTable(at(name), sample);
    const back = await readTable(at(name));
    const expected = sample.columns.map(entries);
    back.columns.forEach((c, i) => {
      const values = c.name === "eta" ? numericColumn(back, "eta").map(Math.fround) : null;
      expect(values === null ? entries(c) : [...values]).toEqual(expected[i]);
    });
    expect(back.columns.map(columnType)).toEqual([
      "float64",
      "float64",
      "int32",
      "int64",
      "bool",
      "string",
      "int32",
    ]);
    expect(back.columns.every((c) => c.unit === null)).toBe(true);
  });

  test("a .csv.gz file is what gunzip makes the .csv of", async () => {
    await writeTable(at("plain.csv"), sample);
    await writeTable(at("packed.csv.gz"), sample);
    expect(gunzipSync(readFileSync(at("packed.csv.gz")))).toEqual(readFileSync(at("plain.csv")));
  });

  test("types follow all cells of the file, not the first ones", async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `${i},${i},${i},`);
    lines[59_990] = `${2 ** 40},1.5,oops,`;
    writeFileSync(at("late.csv"), ["wide,float,text,empty", ...lines].join("\r\n"));
    const late = await readTable(at("late.csv"));
    expect(late.columns.map(columnType)).toEqual(["int64", "float64", "string", "float64"]);
    expect(numericColumn(late, "wide")[59_990]).toBe(2 ** 40);
    expect(() => numericColumn(late, "text")).toThrow('row 59991 is "oops"');
    expect(numericColumn(late, "empty").every(Number.isNaN)).toBe(true);
  });

  test.each([
    ["1\n1.0\n", "float64"],
    ["1\n1e3\n", "float64"],
    ["1\nnan\n", "float64"],
    ["-inf\n2\n", "float64"],
    ["+2147483647\n-3\n", "int32"],
    ["2147483648\n1\n", "int64"],
    ["99999999999999999999\n1\n", "float64"],
    ["true\nfalse\n", "bool"],
    ["T\nF\n", "string"],
    ["2024-05-01\n2024-05-02\n", "string"],
    ["1\nNA\n", "string"],
  ])("cells %j make a column of type %s", async (cells, type) => {
    writeFileSync(at("cells.csv"), `id,x\n${cells.replace(/^(?=.)/gm, "0,")}`);
    const table = await readTable(at("cells.csv"), { columns: ["x"] });
    expect(columnType(table.columns[0])).toBe(type);
  });

  test.each([";", "\t", "|"])("the delimiter %j is recognized by the header", async (delimiter) => {
    const lines = ["pt,eta", "1,2.5", "3,4.5"].map((line) => line.replace(",", delimiter));
    writeFileSync(at("other.csv"), `\ufeff${lines.join("\n")}\n`);
    const table = await readTable(at("other.csv"));
    expect(table.columns.map((c) => [c.name, ...c.values])).toEqual([
      ["pt", 1, 3],
      ["eta", 2.5, 4.5],
    ]);
  });

  test("names with quotes, commas and file names with wildcards are taken as they are", async () => {
    const table = makeTable([
      makeColumn('p"t, [GeV]', Float64Array.of(1)),
      makeColumn("it's", Int32Array.of(2)),
    ]);
    const odd = at("it's run=1 [a]*?.csv");
    writeFileSync(odd.replace("[a]*?", "a_other"), "x\n1\n");
    writeFileSync(odd.replace("*?", "_other"), "x\n1\n");
    await writeTable(odd, table);
    const back = await readTable(odd, { where: `"it's" = 2` });
    expect(back.columns.map((c) => [c.name, c.values[0]])).toEqual([
      ['p"t, [GeV]', 1],
      ["it's", 2],
    ]);
    const parquet = odd.replace(".csv", ".parquet");
    await writeTable(parquet, table);
    expect(schemaOf(await readTable(parquet))).toEqual(schemaOf(table));
  });
});

describe("selection", () => {
  test("columns, condition and limit pick, in file order", async () => {
    const n = 50_000;
    const i = Int32Array.from({ length: n }, (_, k) => k);
    const table = makeTable([
      makeColumn("i", i),
      makeColumn(
        "x",
        Float64Array.from(i, (k) => k % 10),
      ),
    ]);
    for (const name of ["select.parquet", "select.csv"]) {
      await writeTable(at(name), table);
      const some = await readTable(at(name), {
        columns: ["i"],
        where: "x = 3 -- every tenth",
        limit: 2500,
      });
      expect(some.columns.map((c) => c.name)).toEqual(["i"]);
      expect([...some.columns[0].values]).toEqual(
        Array.from({ length: 2500 }, (_, k) => 10 * k + 3),
      );
    }
  });

  test("batches put together are the table, whatever their size", async () => {
    const n = 10_000;
    const values = Float64Array.from({ length: n }, (_, i) => (i % 3000 === 2999 ? Number.NaN : i));
    const table = makeTable([
      { name: "i", unit: "cm", values, type: "int32" },
      makeColumn(
        "s",
        Array.from(values, (x) => `s${x}`),
      ),
    ]);
    await writeTable(at("batches.parquet"), table);
    for (const batchRows of [1000, 2048, 3333, 20_000]) {
      const batches: Table[] = [];
      for await (const batch of readBatches(at("batches.parquet"), { batchRows }))
        batches.push(batch);
      expect(
        batches
          .map((b) => b.rows)
          .slice(0, -1)
          .every((rows) => rows === batchRows),
      ).toBe(true);
      const joined = concat(batches);
      expect(joined.columns.map(entries)).toEqual(table.columns.map(entries));
      expect(schemaOf(joined)).toEqual(schemaOf(table));
    }
  });

  test("a reader left early closes its database", async () => {
    for await (const batch of readBatches(at("batches.parquet"), { batchRows: 10 })) {
      expect(batch.rows).toBe(10);
      break;
    }
  });
});

describe("streaming writer", () => {
  test("a copy batch by batch keeps order, columns and gaps, spilling to disk", async () => {
    const n = 400_000;
    const x = Float64Array.from({ length: n }, (_, i) => Math.imul(i, 0x9e3779b1) / 8);
    const columns = ["x", "y"].map((name) => makeColumn(name, x));
    await writeTable(at("long.parquet"), makeTable(columns));
    let writer: TableWriter | null = null;
    for await (const batch of readBatches(at("long.parquet"), { batchRows: 30_000 })) {
      const limits = { memoryLimitMB: 6, threads: 1 };
      writer ??= await createTableWriter(at("copy.csv"), schemaOf(batch), limits);
      await writer.append(batch);
      expect(existsSync(at("copy.csv"))).toBe(false);
    }
    expect(readdirSync(folder).some((name) => name.endsWith(".spill"))).toBe(true);
    await writer?.close();
    const copy = await readTable(at("copy.csv"), { columns: ["y"] });
    expect(copy.rows).toBe(n);
    expect(numericColumn(copy, "y").findIndex((value, i) => value !== x[i])).toBe(-1);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("columns may come in any order, but not be missing, extra or of another type", async () => {
    const a = makeColumn("a", Int32Array.of(1));
    const b = makeColumn("b", ["x"]);
    const start = () => createTableWriter(at("order.csv"), schemaOf(makeTable([a, b])));
    const writer = await start();
    await writer.append(makeTable([b, a]));
    await writer.close();
    expect(readFileSync(at("order.csv"), "utf8")).toBe("a,b\n1,x\n");
    const bad: [Column[], string][] = [
      [[a], 'no column "b"'],
      [[a, b, makeColumn("c", ["x"])], "columns c are not in the schema"],
      [[makeColumn("a", ["1"]), b], 'column "a": expected type int32, got string'],
    ];
    for (const [columns, message] of bad) {
      await expect((await start()).append(makeTable(columns))).rejects.toThrow(message);
    }
    await expect(writer.append(makeTable([a, b]))).rejects.toThrow("the writer is closed");
  });

  test("an aborted writer leaves what was there before", async () => {
    await writeTable(at("keep.csv"), makeTable([makeColumn("a", Int32Array.of(1))]));
    const writer = await createTableWriter(at("keep.csv"), [
      { name: "a", type: "int32", unit: null },
    ]);
    await writer.append(makeTable([makeColumn("a", Int32Array.of(2))]));
    await writer.abort();
    expect(readFileSync(at("keep.csv"), "utf8")).toBe("a\n1\n");
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("round trips", () => {
  const cell = fc.record({
    f: fc.double({ noDefaultInfinity: false }),
    i: fc.option(fc.integer(), { nil: Number.NaN }),
    l: fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }),
    b: fc.boolean(),
    s: fc.string({ unit: "grapheme", maxLength: 12 }).filter((s) => !s.includes("\0")),
  });
  test.each(["trip.parquet", "trip.csv"])("any table survives %s", async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 20 }), async (rows) => {
        const table = makeTable([
          makeColumn(
            "f",
            Float64Array.from(rows, (r) => r.f),
          ),
          {
            ...makeColumn(
              "i",
              Float64Array.from(rows, (r) => r.i),
            ),
            type: "int32",
          },
          makeColumn(
            "l",
            BigInt64Array.from(rows, (r) => r.l),
          ),
          makeColumn(
            "b",
            Uint8Array.from(rows, (r) => Number(r.b)),
          ),
          makeColumn(
            "s",
            rows.map((r) => `x${r.s}`),
          ),
        ]);
        await writeTable(at(name), table);
        const back = await readTable(at(name));
        for (const c of table.columns) {
          const read = column(back, c.name);
          const values = c.name === "s" ? read.values : numericColumn(back, c.name);
          const wanted = c.name === "s" ? c.values : numericColumn(table, c.name);
          expect([...values]).toEqual([...wanted]);
        }
        if (name === "trip.parquet")
          expect(column(back, "l").values).toEqual(column(table, "l").values);
      }),
      { seed: 43, numRuns: 15 },
    );
  });

  test("a single column with gaps survives CSV", async () => {
    const values = Float64Array.of(1, Number.NaN, 3, Number.NaN);
    await writeTable(at("single.csv"), makeTable([makeColumn("x", values)]));
    expect([...numericColumn(await readTable(at("single.csv")), "x")]).toEqual([...values]);
  });
});
