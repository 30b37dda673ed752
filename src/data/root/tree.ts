import { ConfigError, DataError, FormatError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import type { Basket } from "./basket.ts";
import type { BranchInfo } from "./branch.ts";
import { type TreeBranch, treeBranches } from "./branch.ts";
import type { RootColumn } from "./column.ts";
import type { RootFile } from "./file.ts";
import { located, numberIn, ObjectReader, stringIn } from "./object.ts";
import { type ReadableBranch, readColumns } from "./read-columns.ts";

export type { BranchInfo } from "./branch.ts";
export type { RootColumn } from "./column.ts";

/** Which entries to read. */
export interface EntryRange {
  /** First entry; 0 by default. */
  readonly start?: number;
  /** End, not read any more; the number of entries by default. */
  readonly stop?: number;
}

/** Options of reading. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
}

/** A TTree (or TNtuple), read by columns. */
export interface RootTree {
  readonly name: string;
  readonly title: string;
  readonly entries: number;
  readonly branches: readonly BranchInfo[];
  /**
   * Columns of some branches, in the order of the names. Names are those of `branches`; the part
   * behind the parent is enough where it is unique. Throws `DataError` for missing ones.
   */
  read(names: readonly string[], range?: EntryRange, options?: ReadOptions): Promise<RootColumn[]>;
  /** The same in pieces of at most `entriesPerBatch` entries. */
  batches(
    names: readonly string[],
    entriesPerBatch: number,
    options?: ReadOptions,
  ): AsyncGenerator<RootColumn[]>;
}

const treeClasses = ["TTree", "TNtuple", "TNtupleD"];

/** Opens a tree of a file: reads its description, no data. */
export async function openTree(file: RootFile, path: string, cycle?: number): Promise<RootTree> {
  const key = file.key(path, cycle);
  if (!treeClasses.includes(key.className))
    throw new DataError(`${file.name}: "${path}" is a ${key.className}, not a TTree`);
  const where = `${file.name}: tree "${path}"`;
  const reader = new ObjectReader(await file.payload(key), file.streamers);
  const object = reader.object(key.className);
  const { name, title, entries, branches } = located(where, () => ({
    name: stringIn(object, "fName"),
    title: stringIn(object, "fTitle"),
    entries: numberIn(object, "fEntries"),
    branches: treeBranches(object, file.streamers, where),
  }));
  if (!(Number.isSafeInteger(entries) && entries >= 0))
    throw new FormatError(`${where}: ${entries} entries; the file is corrupt`);
  const range = ({ start = 0, stop = entries }: EntryRange = {}) => {
    if (
      Number.isInteger(start) &&
      Number.isInteger(stop) &&
      0 <= start &&
      start <= stop &&
      stop <= entries
    )
      return { start, stop };
    throw new ConfigError(`${where}: no entries ${start} to ${stop}; it has ${entries}`);
  };
  const find = branchFinder(branches, where);
  const readable = (names: readonly string[]) => names.map(find);
  const { source, decompress } = file;
  return {
    name,
    title,
    entries,
    branches: branches.map(({ info }) => info),
    read: async (names, asked, { signal } = {}) =>
      readColumns({ source, decompress, signal }, readable(names), range(asked)),
    async *batches(names, entriesPerBatch, { signal } = {}) {
      if (!(Number.isInteger(entriesPerBatch) && entriesPerBatch > 0))
        throw new ConfigError(
          `${where}: batches of ${entriesPerBatch} entries; expected 1 or more`,
        );
      const wanted = readable(names);
      const cache = new Map<string, Basket>();
      for (let start = 0; start < entries; start += entriesPerBatch) {
        const stop = Math.min(entries, start + entriesPerBatch);
        yield await readColumns({ source, decompress, signal, cache }, wanted, { start, stop });
      }
    },
  };
}

/** Finds branches by name or alias. Throws `DataError` for missing and unreadable ones. */
function branchFinder(
  branches: readonly TreeBranch[],
  where: string,
): (name: string) => ReadableBranch {
  const byName = new Map<string, TreeBranch>();
  for (const branch of branches)
    for (const alias of branch.aliases) if (!byName.has(alias)) byName.set(alias, branch);
  for (const branch of branches) byName.set(branch.info.name, branch);
  return (name) => {
    const found = byName.get(name);
    if (found === undefined) {
      const near = nearMiss(
        name,
        branches.map(({ info }) => info.name),
      );
      throw new DataError(
        `${where}: no branch "${name}"${near === null ? "" : `; did you mean "${near}"?`}`,
      );
    }
    if (found.open === null)
      throw new DataError(`${where}, branch "${found.info.name}": ${found.info.readable}`);
    return found.open();
  };
}
