import { DataError, FormatError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import { l1NtupleSchema } from "./l1ntuple.ts";
import { nanoaodSchema, scoutingSchema } from "./nanoaod.ts";
import { isReportTable, reportTableSchema } from "./report-table.ts";
import type { CollectionSchema, FileSchema } from "./schema.ts";

/** A tree or table of a file with its branch names; the tree of a flat file is "". */
export interface TreeBranches {
  /** Path in the file: "Events", "l1UpgradeTree/L1UpgradeTree". */
  readonly tree: string;
  readonly branches: readonly string[];
}

/** The schemas with trees, in the order they are tried. */
export const schemas: readonly FileSchema[] = [nanoaodSchema, scoutingSchema, l1NtupleSchema];

/**
 * The format of a file, told from its trees and branches. Throws `FormatError` where it is none
 * we know, with what each one lacks and the likeliest slips.
 */
export function detectSchema(trees: readonly TreeBranches[], where = "format"): FileSchema {
  for (const schema of schemas) {
    const { signature } = schema;
    for (const { branches } of trees.filter(({ tree }) => signature.trees.includes(tree))) {
      const has = (name: string) => findBranch(branches, name) !== undefined;
      if (signature.has.every(has) && !signature.lacks.some(has)) return schema;
    }
  }
  if (trees.some(({ branches }) => isReportTable(branches))) return reportTableSchema;
  const there = trees.map(({ tree }) => (tree === "" ? "one table" : tree)).join(", ");
  throw new FormatError(
    `${where}: not a file we know; there is ${there || "no tree"}; ` +
      [...schemas, reportTableSchema].map((schema) => shortfall(schema, trees)).join("; "),
  );
}

/** What of a format is not there. */
function shortfall({ title, signature }: FileSchema, trees: readonly TreeBranches[]): string {
  const anyTree = signature.trees.length === 0 ? trees : [];
  const mine = [...anyTree, ...trees.filter(({ tree }) => signature.trees.includes(tree))];
  if (mine.length === 0) return `${title} needs tree ${signature.trees.join(" or ")}`;
  const names = mine.flatMap(({ branches }) => branches);
  const missing = signature.has.filter((name) => findBranch(names, name) === undefined);
  return missing.length === 0
    ? `${title} must not have ${signature.lacks.join(", ")}`
    : `${title} needs ${missing.map((name) => named(name, names)).join(", ")}`;
}

/** Which branches of which tree make the columns of a collection. */
export interface CollectionPlan {
  readonly name: string;
  readonly tree: string;
  /** Column name -> branch name as the file spells it. */
  readonly branches: Readonly<Record<string, string>>;
}

/** The collections of a format that a file holds. */
export function collectionsIn(schema: FileSchema, trees: readonly TreeBranches[]): string[] {
  return Object.keys(schema.collections).filter((name) => {
    const { tree, required } = schema.collections[name];
    const names = trees.find((t) => t.tree === tree)?.branches ?? [];
    return Object.values(required).every((branch) => findBranch(names, branch) !== undefined);
  });
}

/**
 * Plans reading one collection: its required columns, those of `columns`, and without `columns`
 * all optional ones the file has. Throws `DataError` naming what is missing and near misses.
 */
export function planCollection(
  schema: FileSchema,
  name: string,
  trees: readonly TreeBranches[],
  columns?: readonly string[],
): CollectionPlan {
  if (!Object.hasOwn(schema.collections, name)) {
    const names = Object.keys(schema.collections);
    throw new DataError(
      `${schema.title}: no collection ${named(name, names)}; there are ${names.join(", ")}`,
    );
  }
  return plan(`${schema.title} ${name}`, name, schema.collections[name], trees, columns);
}

/** Plans reading run, lumi, event, bx and orbit, as far as the format and the file have them. */
export function planEventIds(
  schema: FileSchema,
  trees: readonly TreeBranches[],
  columns?: readonly string[],
): CollectionPlan {
  return plan(`${schema.title} event ids`, "event ids", schema.eventIds, trees, columns);
}

function plan(
  where: string,
  name: string,
  { tree, required, optional }: CollectionSchema,
  trees: readonly TreeBranches[],
  columns: readonly string[] | undefined,
): CollectionPlan {
  const names = trees.find((t) => t.tree === tree)?.branches;
  if (names === undefined) {
    const there = trees.map((t) => t.tree);
    throw new DataError(`${where}: no tree ${named(tree, there)}; there are ${there.join(", ")}`);
  }
  const known = { ...required, ...optional };
  const slip = columns?.find((column) => !Object.hasOwn(known, column));
  if (slip !== undefined)
    throw new DataError(
      `${where}: no column ${named(slip, Object.keys(known))}; there are ${Object.keys(known).join(", ")}`,
    );
  const must = new Set([...Object.keys(required), ...(columns ?? [])]);
  const found: Record<string, string> = {};
  const missing: string[] = [];
  for (const column of columns === undefined ? Object.keys(known) : must) {
    const branch = findBranch(names, known[column]);
    if (branch !== undefined) found[column] = branch;
    else if (must.has(column)) missing.push(known[column]);
  }
  if (missing.length > 0)
    throw new DataError(
      `${where}: tree ${tree} lacks ${missing.map((branch) => named(branch, names)).join(", ")}`,
    );
  return { name, tree, branches: found };
}

/** The branch of that name, alone or as the last part of a path (`L1Upgrade/muonEt`). */
function findBranch(branches: readonly string[], name: string): string | undefined {
  if (branches.includes(name)) return name;
  return branches.find((b) => b.endsWith(`/${name}`) || b.endsWith(`.${name}`));
}

function named(name: string, candidates: readonly string[]): string {
  const guess = nearMiss(name, candidates);
  return guess === null ? `"${name}"` : `"${name}" (did you mean "${guess}"?)`;
}
