import { DataError } from "../base/errors.ts";
import { openDatabase } from "./duckdb.ts";
import { matchingNames } from "./name-pattern.ts";
import { branchShapes, branchType, collectionOf, openNamedTree } from "./read-root.ts";
import type { BranchInfo } from "./root/branch.ts";
import type { RootColumn } from "./root/column.ts";
import type { ElementType } from "./root/element.ts";
import type { RootTree } from "./root/tree.ts";
import type { RootField } from "./root/write-schema.ts";
import { openRootTable } from "./root-table.ts";
import { rowFilter } from "./row-filter.ts";
import { selectEntries } from "./select-entries.ts";
import { unknownColumn } from "./table.ts";
import type { RootBatch } from "./write-root.ts";

/** A branch of a chain: what it is called there, and in the tree to be written. */
export interface ChainField extends RootField {
  /** Name in the files. */
  readonly from: string;
  readonly unit: string | null;
}

/** Trees of ROOT files below one another, with branches of any shape in their own types. */
export interface TreeChain {
  readonly entries: number;
  readonly fields: readonly ChainField[];
  /** Branches that cannot be written, as "name (type): why". */
  readonly leftOut: readonly string[];
  /** Texts of the files, those of the first one where several have them. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The entries in order, some MB at a time. */
  batches(): AsyncGenerator<RootBatch>;
}

export interface ChainOptions {
  /** Branches to read, by their names in the files; all that can be written where not given. */
  readonly columns?: readonly string[] | undefined;
  /** Entries to keep, as an SQL condition over flat branches. */
  readonly where?: string | undefined;
}

/**
 * Looks into ROOT trees to be copied as one. Jagged branches are counted by the branch that counts
 * them in the first file, those of vectors by one made for each ("npart_px" for part_px). Dots and
 * other characters that no branch name takes become "_".
 * Throws `DataError` for a branch that is missing, cannot be written though it is asked for, or is
 * of another type in another file.
 */
export async function openTreeChain(
  paths: readonly string[],
  { columns, where }: ChainOptions = {},
): Promise<TreeChain> {
  const trees: TreeLayout[] = [];
  for (const path of paths) trees.push(await treeLayout(path));
  const [first, ...others] = trees;
  const { fields, leftOut } = chosenFields(first, columns);
  for (const other of others) requireSame(first, other, fields);
  return {
    entries: trees.reduce((n, tree) => n + tree.entries, 0),
    fields,
    leftOut,
    metadata: Object.assign({}, ...trees.map((tree) => tree.metadata).reverse()),
    async *batches() {
      let kept = 0;
      for (const tree of trees)
        for await (const batch of entriesOf(tree, fields, where)) {
          kept += batch.rows;
          yield batch;
        }
      const total = trees.reduce((n, tree) => n + tree.entries, 0);
      if (where !== undefined && kept === 0)
        throw new DataError(
          `${paths.join(", ")}: no entry passes "${where}" (${total} before); loosen the selection`,
        );
    },
  };
}

interface BranchLayout {
  readonly info: BranchInfo;
  readonly type: ElementType;
  readonly jagged: boolean;
  /** Null, or why it cannot be written. */
  readonly reason: string | null;
}

interface TreeLayout {
  readonly path: string;
  readonly entries: number;
  readonly branches: ReadonlyMap<string, BranchLayout>;
  readonly units: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

async function treeLayout(path: string): Promise<TreeLayout> {
  const { tree, metadata, units, close } = await openNamedTree(path);
  try {
    const shapes = await branchShapes(tree);
    const branches = tree.branches.map((info): [string, BranchLayout] => {
      const shape = shapes.get(info.name) ?? { type: "uint8", jagged: info.jagged, nested: false };
      const isList = shape.jagged || info.inner.length > 0;
      const reason =
        info.readable !== true
          ? info.readable
          : shape.nested
            ? "its items are lists themselves"
            : shape.type === "string" && isList
              ? "it has several texts an entry"
              : null;
      return [info.name, { info, type: shape.type, jagged: shape.jagged, reason }];
    });
    return { path, entries: tree.entries, branches: new Map(branches), units, metadata };
  } finally {
    await close();
  }
}

function chosenFields(
  { path, branches, units }: TreeLayout,
  columns: readonly string[] | undefined,
): { fields: ChainField[]; leftOut: string[] } {
  const fields = new Map<string, ChainField>();
  const leftOut: string[] = [];
  const leave = (name: string, reason: string) => {
    if (columns?.includes(name)) throw new DataError(`${path}: branch "${name}": ${reason}`);
    leftOut.push(`${name} (${branchType((branches.get(name) as BranchLayout).info)}): ${reason}`);
  };
  const known = [...branches.keys()];
  for (const name of columns ? matchingNames(path, columns, known) : known) {
    const branch = branches.get(name);
    if (branch === undefined) throw unknownColumn(path, name, known);
    const { type, jagged, reason, info } = branch;
    const legal = legalName(name);
    const twin = fields.get(legal);
    if (reason !== null) leave(name, reason);
    else if (twin !== undefined) leave(name, `"${twin.from}" is called ${legal} too`);
    else {
      const counter = jagged ? counterOf(branches, branch) : null;
      const isCounted = jagged ? { counter: counter ?? `n${legal}` } : {};
      const unit = units[name] ?? null;
      fields.set(legal, { name: legal, from: name, type, inner: info.inner, unit, ...isCounted });
    }
  }
  return { fields: withCounters([...fields.values()], branches), leftOut };
}

/** Name of the branch that counts the items of another, null where none does for certain. */
function counterOf(
  branches: ReadonlyMap<string, BranchLayout>,
  { info }: BranchLayout,
): string | null {
  const name = info.counter ?? `n${collectionOf(info.name)}`;
  const counter = branches.get(name);
  const isCertain =
    info.counter !== null || counter?.info.typeName.startsWith("ROOT::RNTupleCardinality");
  return counter && isCertain && isCount(counter) ? legalName(name) : null;
}

/** One whole number an entry. */
function isCount({ type, jagged, reason, info }: BranchLayout): boolean {
  return reason === null && !jagged && info.inner.length === 0 && /^u?int\d+$/.test(type);
}

/** Adds counters that are not chosen, in their own type; made ones get a name of their own. */
function withCounters(
  fields: readonly ChainField[],
  branches: ReadonlyMap<string, BranchLayout>,
): ChainField[] {
  const byLegal = new Map(Array.from(branches.values(), (b) => [legalName(b.info.name), b]));
  const names = new Set(fields.map((field) => field.name));
  const added: ChainField[] = [];
  const counted = fields.map((field) => {
    if (field.counter === undefined) return field;
    const own = branches.get(field.from) as BranchLayout;
    if (counterOf(branches, own) === null) {
      let counter = field.counter;
      while (names.has(counter)) counter += "_";
      return { ...field, counter };
    }
    if (!names.has(field.counter)) {
      names.add(field.counter);
      const { type } = byLegal.get(field.counter) as BranchLayout;
      added.push({ name: field.counter, from: "", type, unit: null });
    }
    return field;
  });
  return [...added, ...counted];
}

/** A name that a branch may have. */
function legalName(name: string): string {
  return name.replaceAll(/[[\]/\s.:;]/g, "_");
}

function requireSame(first: TreeLayout, other: TreeLayout, fields: readonly ChainField[]): void {
  for (const { from } of fields.filter((field) => field.from !== "")) {
    const [a, b] = [first.branches.get(from) as BranchLayout, other.branches.get(from)];
    if (b === undefined) throw unknownColumn(other.path, from, [...other.branches.keys()]);
    const text = (branch: BranchLayout) => branchType(branch.info);
    if (a.type !== b.type || a.jagged !== b.jagged || `${a.info.inner}` !== `${b.info.inner}`)
      throw new DataError(
        `branch "${from}" is ${text(a)} in ${first.path} and ${text(b)} in ${other.path}; choose others with --columns`,
      );
  }
}

const bytesAtOnce = 1 << 25;

/** Entries of one file, with the branches called as the fields. */
async function* entriesOf(
  { path, entries, branches }: TreeLayout,
  fields: readonly ChainField[],
  where: string | undefined,
): AsyncGenerator<RootBatch> {
  const read = fields.filter((field) => field.from !== "");
  const bytes = read.reduce((n, { from }) => n + (branches.get(from)?.info.totalBytes ?? 0), 0);
  const fair = Math.floor(bytesAtOnce / Math.max(1, bytes / Math.max(1, entries)));
  const atOnce = Math.max(1, Math.min(fair, 1 << 16));
  const { tree, close } = await openNamedTree(path);
  const filter = where === undefined ? null : await entryFilter(path, where, atOnce).catch(end);
  async function end(error: unknown): Promise<never> {
    await close();
    throw error;
  }
  try {
    for await (const batch of piecesOf(tree, read, atOnce)) {
      const kept = filter === null ? null : (await filter.entries.next()).value;
      if (kept === null) yield batch;
      else if (kept && kept.length > 0)
        yield { rows: kept.length, columns: selectEntries(batch.columns, kept) };
    }
  } finally {
    await filter?.close();
    await close();
  }
}

async function* piecesOf(
  tree: RootTree,
  fields: readonly ChainField[],
  atOnce: number,
): AsyncGenerator<RootBatch> {
  const names = fields.map((field) => field.from);
  let start = 0;
  for await (const columns of tree.batches(names, atOnce)) {
    const rows = Math.min(atOnce, tree.entries - start);
    start += rows;
    yield { rows, columns: columns.map((c, i): RootColumn => ({ ...c, name: fields[i].name })) };
  }
}

/** For piece after piece of the entries, which of them pass a condition on flat branches. */
async function entryFilter(path: string, where: string, atOnce: number) {
  const source = await openRootTable(path);
  const db = await openDatabase({}).catch(async (error) => {
    await source.close();
    throw error;
  });
  const close = async () => {
    db.close();
    await source.close();
  };
  try {
    const filter = await rowFilter(db, source, where);
    const names = filter.names.length > 0 ? filter.names : [source.columns[0].name];
    async function* entries(): AsyncGenerator<Int32Array> {
      for await (const table of source.batches(names, atOnce)) yield filter.rows(table);
    }
    return { entries: entries(), close };
  } catch (error) {
    await close();
    throw error;
  }
}
