import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { essential } from "../../src/data/duckdb.ts";
import { inspectTable, type ReadOptions, readBatches, readTable } from "../../src/data/read.ts";
import { makeColumn, makeTable } from "../../src/data/table.ts";
import { createTableWriter, writeTable } from "../../src/data/write.ts";
import { temporaryFolder } from "./folder.ts";

const { path: folder, at } = temporaryFolder();

/** The message of the error that reading a file with this content throws, without the folder. */
async function refusal(name: string, content: string | Uint8Array | null, options?: ReadOptions) {
  if (content !== null) writeFileSync(at(name), content);
  return readTable(at(name), options).then(
    () => "no error",
    (error: Error) => `${error.name}: ${error.message.replaceAll(`${folder}/`, "")}`,
  );
}

const good = "pt,eta\n1,0.5\n2,0.7\n30,1.1\n";

describe("files that cannot be read say why", () => {
  const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0);
  const root = new TextEncoder().encode("root\0\0\xf0\0");
  const parquetCut = new TextEncoder().encode("PAR1 and then nothing");
  test.each([
    ["absent.csv", null, "absent.csv: no such file"],
    ["empty.csv", "", "empty.csv: the file is empty"],
    ["image.csv", png, "image.csv: expected a csv file, found a PNG image"],
    ["nano.parquet", root, "nano.parquet: expected a parquet file, found a ROOT file"],
    ["zeros.csv", new Uint8Array(50), "zeros.csv: neither CSV nor Parquet: binary data"],
    [
      "cut.parquet",
      parquetCut,
      "cut.parquet: Parquet file is truncated: its end mark is missing; copy it again",
    ],
    [
      "text.parquet",
      good,
      "text.parquet: expected parquet by its name, found csv content; rename it",
    ],
    [
      "plain.csv.gz",
      good,
      "plain.csv.gz: expected csv.gz by its name, found csv content; rename it",
    ],
    [
      "table.dat",
      good,
      "table.dat: unknown ending; found csv content; name it .csv, .csv.gz or .parquet",
    ],
    ["short.csv", "a,b,c\n1,2,3\n4,5\n", "short.csv: line 3 has 2 cells, the header has 3: 4,5"],
    ["long.csv", "a,b\n1,2\n4,5,6\n", "long.csv: line 3 has 3 cells, the header has 2: 4,5,6"],
    ["quote.csv", 'a,b\n1,"x\n2,y\n', 'quote.csv: line 2 opens a quote that never closes: 1,"x'],
    [
      "latin.csv",
      Uint8Array.of(97, 10, 49, 0xe9, 10),
      "latin.csv: line 2 is not UTF-8 text: 1?; convert the file",
    ],
    [
      "numbers.csv",
      "1,2\n3,4\n",
      "numbers.csv: the first line must name the columns, got numbers: 1,2; add a header line",
    ],
    [
      "twice.csv",
      "pt,PT\n1,2\n",
      'twice.csv: two columns are called "PT" (case ignored); rename one',
    ],
    ["unnamed.csv", "pt,,eta\n1,2,3\n", "unnamed.csv: column 2 has no name in the header line"],
  ])("%s", async (name, content, message) => {
    expect(await refusal(name, content)).toBe(`FormatError: ${message}`);
  });

  test("a folder is not a file", async () => {
    mkdirSync(at("folder.csv"));
    expect(await refusal("folder.csv", null)).toContain("folder.csv: is a folder");
  });

  test("gzip that is cut, even at the end of a line, or altered is refused", async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `${i},${Math.sin(i)}`).join("\n");
    const packed = gzipSync(`pt,eta\n${lines}\n`);
    const altered = Uint8Array.from(packed);
    altered[altered.length - 7] ^= 1; // the checksum
    const damaged = ["cut.csv.gz: gzip data is corrupt or truncated (", "); copy it again"];
    for (const bytes of [packed.subarray(0, 9000), packed.subarray(0, -8), altered]) {
      const message = await refusal("cut.csv.gz", bytes);
      for (const part of damaged) expect(message).toContain(part);
    }
    expect(await refusal("cut.csv.gz", packed)).toBe("no error");
  });

  test("a damaged Parquet file is refused", async () => {
    const table = makeTable([
      makeColumn(
        "pt",
        Float64Array.from({ length: 5000 }, (_, i) => Math.sin(i)),
      ),
    ]);
    await writeTable(at("whole.parquet"), table);
    const bytes = readFileSync(at("whole.parquet"));
    bytes.fill(0xff, bytes.length - 60, bytes.length - 8);
    expect(await refusal("damaged.parquet", bytes)).toMatch(
      /^FormatError: damaged.parquet: not a readable Parquet file: .+/,
    );
  });
});

describe("requests that do not fit the file say why", () => {
  test.each<[ReadOptions, string]>([
    [
      { columns: ["pt", "etaa"] },
      'DataError: good.csv: no column "etaa"; there are pt, eta; did you mean "eta"?',
    ],
    [{ where: "pt >" }, 'DataError: good.csv: cannot select "pt >": syntax error at or near ")"'],
    [
      { where: "ptt > 3" },
      'DataError: good.csv: cannot select "ptt > 3": Referenced column "ptt" not found in FROM clause! Candidate bindings: "pt"',
    ],
    [{ where: "pt > 1) ; DROP TABLE x; (" }, "DataError: good.csv: cannot select"],
    [
      { where: "pt > 1e6" },
      'DataError: good.csv: no row passes "pt > 1e6" (3 rows before); loosen the selection',
    ],
    [{ limit: 0 }, "ConfigError: readTable.limit: expected a whole number > 0, got 0"],
  ])("%j", async (options, message) => {
    expect((await refusal("good.csv", good, options)).slice(0, message.length)).toBe(message);
  });

  test("a header without rows is no data", async () => {
    expect(await refusal("header.csv", "pt,eta\n")).toBe(
      "DataError: header.csv: holds 2 columns but no rows",
    );
  });

  test("text met by a numeric selection is named", async () => {
    const message = await refusal("mixed.csv", "pt\n1\nabc\n", { where: "pt > 3" });
    expect(message).toContain('DataError: mixed.csv: cannot select "pt > 3": Cannot compare');
    expect(message).toContain("; columns of text: pt");
  });

  test("batches and inspection fail as reading does", async () => {
    await expect(readBatches(at("absent.csv")).next()).rejects.toThrow("no such file");
    await expect(inspectTable(at("absent.csv"))).rejects.toThrow("no such file");
  });
});

describe("files that cannot be written leave nothing behind", () => {
  const values = Float64Array.from({ length: 400_000 }, (_, i) => Math.sin(i));
  const table = makeTable([makeColumn("pt", values)]);

  test("an unknown ending, a missing folder and a folder as target are refused at once", async () => {
    await expect(writeTable(at("out.txt"), table)).rejects.toThrow("unknown ending");
    await expect(writeTable(at("no/out.csv"), table)).rejects.toThrow(
      /there is no folder .+; make it/,
    );
    mkdirSync(at("taken.csv"));
    await expect(writeTable(at("taken.csv"), table)).rejects.toThrow("is a folder");
    await expect(createTableWriter(at("out.csv"), [])).rejects.toThrow("without columns");
  });

  test("a byte array that holds more than booleans is refused", async () => {
    const bytes = makeTable([makeColumn("q", Uint8Array.of(0, 1, 12))]);
    await expect(writeTable(at("bytes.csv"), bytes)).rejects.toThrow(
      'column "q": expected booleans (0 or 1), got 12 in row 3',
    );
    expect(readdirSync(folder).filter((name) => name.includes("bytes"))).toEqual([]);
  });

  const small = mountSmallDisk();
  test.skipIf(small === null)("a full disk is named and the old file stays whole", async () => {
    for (const name of ["out.csv", "out.csv.gz", "out.parquet"]) {
      writeFileSync(`${small}/${name}`, "old");
      await expect(writeTable(`${small}/${name}`, table)).rejects.toThrow(
        /out\.\S+: cannot be written: .*(No space left|ENOSPC)/i,
      );
      expect(readFileSync(`${small}/${name}`, "utf8")).toBe("old");
    }
    expect(readdirSync(small ?? "")).toEqual(["out.csv", "out.csv.gz", "out.parquet"]);
  });

  /** A 1 MB file system, where we may mount one; otherwise null, said aloud. */
  function mountSmallDisk(): string | null {
    const path = at("small");
    mkdirSync(path);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "pipe" });
    } catch {
      console.warn("skipped: the full-disk test needs the right to mount a tmpfs");
      return null;
    }
    afterAll(() => void execFileSync("umount", [path]));
    return path;
  }
});

test("a DuckDB message becomes one line without prefix, advice and statement", () => {
  expect(
    essential('Binder Error: no "x"\nCandidates: "y"\n\nLINE 1: SELECT x\n               ^'),
  ).toBe('no "x" Candidates: "y"');
  expect(existsSync(at("good.csv"))).toBe(true);
});
