import { rename, rm } from "node:fs/promises";
import { type Database, openDatabase, sqlText } from "../../../data/duckdb.ts";
import { type ColumnType, makeColumn, makeTable } from "../../../data/index.ts";
import { createTreeWriter } from "../../../data/write.ts";
import type { KeptColumn, KeptCrossings } from "./kept.ts";

/** Writes kept crossings, a file each time; it is whole or not there. */
export interface KeptWriter {
  write(path: string, kept: KeptCrossings): Promise<void>;
  close(): void;
}

const metadata = { "forty.layout": "scouting NanoAOD, one row per kept crossing" };

/** ROOT: a tree Events with jagged branches. */
export function createRootWriter(): KeptWriter {
  return {
    async write(path, { rows, offsets, columns }) {
      const branches = columns.map(({ list, ...column }) => ({
        ...column,
        inner: [],
        ...(list === null ? {} : { counter: `n${list}`, offsets: offsets[list] }),
      }));
      const writer = await createTreeWriter(path, branches, { metadata });
      try {
        await writer.append({ rows, columns: branches });
        await writer.close();
      } catch (error) {
        await writer.abort();
        throw error;
      }
    },
    close() {},
  };
}

/** Parquet: lists of objects beside their numbers. The database is kept from file to file. */
export async function createParquetWriter(): Promise<KeptWriter> {
  const db = await openDatabase({ threads: 1, memoryLimitMB: 1000 });
  return {
    async write(path, kept) {
      const beside = `${path}.tmp`;
      const lists = Object.keys(kept.offsets);
      try {
        await insert(db, "rows", [
          { name: "row", values: Int32Array.from({ length: kept.rows }, (_, r) => r) },
          ...kept.columns.filter((c) => c.list === null),
          ...lists.map((list) => ({ name: `n${list}`, values: counts(kept.offsets[list]) })),
        ]);
        for (const list of lists)
          await insert(db, list, [
            { name: "row", values: rowOfEach(kept.offsets[list]) },
            ...kept.columns.filter((c) => c.list === list),
          ]);
        await db.run(`COPY (${query(kept, lists)}) TO ${sqlText(beside)} (FORMAT parquet,
          COMPRESSION zstd, KV_METADATA {'forty.layout': ${sqlText(metadata["forty.layout"])}})`);
        await rename(beside, path);
      } finally {
        await rm(beside, { force: true });
        for (const name of ["rows", ...lists]) await db.run(`DROP TABLE IF EXISTS "${name}"`);
      }
    },
    close: () => db.close(),
  };
}

type PlainColumn = Pick<KeptColumn, "name" | "values">;

async function insert(db: Database, name: string, columns: readonly PlainColumn[]): Promise<void> {
  const table = makeTable(
    columns.map(({ name, values }) => {
      const isUnsigned = values instanceof Uint32Array;
      return makeColumn(name, isUnsigned ? BigInt64Array.from(values, BigInt) : values);
    }),
  );
  const types = columns.map(({ name, values }) => ({ name, type: typeOf(values), unit: null }));
  await db.create(name, types);
  await db.insert(name, table);
}

function typeOf(values: KeptColumn["values"]): ColumnType {
  if (values instanceof Float32Array) return "float32";
  if (values instanceof Uint32Array) return "int64";
  return values instanceof Int32Array ? "int32" : "bool";
}

const counts = (offsets: Uint32Array) =>
  Int32Array.from({ length: offsets.length - 1 }, (_, r) => offsets[r + 1] - offsets[r]);

function rowOfEach(offsets: Uint32Array): Int32Array {
  const rows = new Int32Array(offsets[offsets.length - 1]);
  for (let r = 0; r + 1 < offsets.length; r++) rows.fill(r, offsets[r], offsets[r + 1]);
  return rows;
}

/** Rows with their objects gathered into lists, empty where there are none. */
function query({ columns }: KeptCrossings, lists: readonly string[]): string {
  const own = columns.filter((c) => c.list === null).map(({ name }) => `rows."${name}"`);
  const joins = lists.map((list) => {
    const gathered = columns
      .filter((c) => c.list === list)
      .map(({ name }) => `list("${name}" ORDER BY rowid) AS "${name}"`);
    return `LEFT JOIN (SELECT "row", ${gathered} FROM "${list}" GROUP BY "row") AS "of${list}"
      ON "of${list}"."row" = rows."row"`;
  });
  const objects = lists.flatMap((list) => [
    `rows."n${list}"`,
    ...columns
      .filter((c) => c.list === list)
      .map(({ name }) => `coalesce("of${list}"."${name}", []) AS "${name}"`),
  ]);
  return `SELECT ${[...own, ...objects].join(", ")} FROM rows ${joins.join(" ")} ORDER BY rows."row"`;
}
