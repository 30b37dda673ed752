import { DataError } from "../base/errors.ts";
import { storage } from "./column-builder.ts";
import { splitTreePath } from "./detect.ts";
import type { ColumnInfo } from "./duckdb.ts";
import type { RootColumn } from "./root/column.ts";
import type { RootTreeWriter } from "./root/write.ts";
import { createRootWriter } from "./root/write-node.ts";
import type { RootField } from "./root/write-schema.ts";
import { type Column, columnType, type Table } from "./table.ts";
import type { TableWriter } from "./write.ts";
import type { BatchWriter } from "./write-all.ts";

/** Some entries of a tree. */
export interface RootBatch {
  readonly rows: number;
  readonly columns: readonly RootColumn[];
}

/** Takes entries with branches of any shape; the file is there only when `close` is through. */
export type TreeWriter = BatchWriter<RootBatch>;

export interface TreeWriterOptions {
  /** Texts kept as TNamed, by name. */
  readonly texts: Readonly<Record<string, string>>;
  /** Name of the tree where the path tells none; default "Events". */
  readonly tree?: string | undefined;
}

/** What all baskets that are not full may hold together, bytes. */
const openBaskets = 1 << 26;

/**
 * A writer of the tree behind the colon of "file.root:tree". A failure leaves no file and throws
 * `DataError`.
 */
export async function rootTreeWriter(
  path: string,
  fields: readonly RootField[],
  options: TreeWriterOptions,
): Promise<TreeWriter> {
  const { append, ...ends } = await lazyWriter(path, fields, options);
  return { ...ends, append: ({ columns }) => append(() => columns) };
}

/** The same for tables; `fit` puts their columns in the order of the schema, or throws. */
export async function rootTableWriter(
  path: string,
  schema: readonly ColumnInfo[],
  { fit, ...options }: TreeWriterOptions & { readonly fit: (table: Table) => Table },
): Promise<TableWriter> {
  const fields = schema.map(({ name, type }) => ({ name, type }));
  const { append, ...ends } = await lazyWriter(path, fields, options);
  return { ...ends, append: (table) => append(() => fit(table).columns.map(rootColumn)) };
}

/** A writer that makes the columns itself, so that their errors drop the file too. */
async function lazyWriter(
  path: string,
  fields: readonly RootField[],
  { texts, tree = "Events" }: TreeWriterOptions,
) {
  const named = splitTreePath(path);
  const fair = Math.floor(openBaskets / fields.length);
  const basketBytes = Math.min(1 << 18, Math.max(1 << 15, fair));
  const writer = await createRootWriter(named.file, { basketBytes });
  let isOpen = true;
  const guarded = async (work: () => Promise<void>) => {
    if (!isOpen) throw new DataError(`${path}: the writer is closed`);
    try {
      await work();
    } catch (cause) {
      isOpen = false;
      await writer.abort();
      throw new DataError(`${path}: cannot be written: ${(cause as Error).message}`, { cause });
    }
  };
  let branches: RootTreeWriter;
  await guarded(async () => {
    branches = writer.tree(named.tree ?? tree, fields);
  });
  return {
    append: (columns: () => readonly RootColumn[]) => guarded(() => branches.append(columns())),
    close: () =>
      guarded(async () => {
        for (const [name, text] of Object.entries(texts)) await writer.text(name, text);
        await writer.close();
        isOpen = false;
      }),
    async abort() {
      if (isOpen) await writer.abort();
      isOpen = false;
    },
  };
}

/** A column as a branch takes it. `DataError` for missing whole numbers, which no branch can hold. */
function rootColumn(column: Column): RootColumn {
  const { name, values } = column;
  const type = columnType(column);
  if (type === "string") return { name, type, values: values as string[], inner: [] };
  const isFloat = type === "float32" || type === "float64";
  const missing = isFloat ? -1 : (values as Float64Array).findIndex((x) => Number.isNaN(x));
  if (missing >= 0)
    throw new DataError(
      `column "${name}": row ${missing + 1} of the batch is missing, and a branch of ${type} holds no missing values; leave the column out, or select rows where it is not null`,
    );
  const Stored = storage[type];
  if (values instanceof Stored) return { name, type, values, inner: [] };
  const numbers = values as Float64Array; // of another width than the type says
  if (type === "int64")
    return { name, type, values: BigInt64Array.from(numbers, BigInt), inner: [] };
  const stored = new Stored(numbers.length) as Float64Array;
  stored.set(numbers);
  return { name, type, values: stored, inner: [] };
}
