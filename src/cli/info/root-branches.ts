import { branchType, collectionOf } from "../../data/read-root.ts";
import type { BranchInfo } from "../../data/root/tree.ts";
import { countText, textTable } from "../text-table.ts";

/** A TTree or RNTuple of a file, without its data. */
export interface TreeFacts {
  readonly path: string;
  readonly className: string;
  readonly cycle: number;
  readonly title: string;
  readonly entries: number;
  readonly branches: readonly BranchInfo[];
  /** Why it could not be opened. */
  readonly error?: string;
}

/** Most branches, and most groups of them, that are listed without --all. */
const shownBranches = 60;

/** The branches of a tree; by collection where there are more than 60, all of them with `all`. */
export function branchLines(branches: readonly BranchInfo[], all: boolean): string[] {
  if (branches.length === 0) return [];
  if (all || branches.length <= shownBranches) return [branchTable(branches)];
  const groups = new Map<string, BranchInfo[]>();
  const counted = new Map(branches.flatMap((b) => (b.counter ? [[b.counter, groupOf(b)]] : [])));
  for (const branch of branches) {
    const group = counted.get(branch.name) ?? groupOf(branch);
    groups.set(group, [...(groups.get(group) ?? []), branch]);
  }
  const rows = [...groups].map(([name, group]) => groupRow(name, group));
  const shown = rows.slice(0, shownBranches);
  const rest = rows.length - shown.length;
  const more = rest > 0 ? `and ${countText(rest)} more; ` : "";
  return [
    textTable(["collection", "branches", "types", "bytes", "unpacked"], shown),
    `... ${more}--all lists every branch`,
  ];
}

function branchTable(branches: readonly BranchInfo[]): string {
  return textTable(
    ["branch", "type", "bytes", "unpacked"],
    branches.map((branch) => [
      branch.name,
      branchType(branch),
      countText(branch.zippedBytes),
      countText(branch.totalBytes),
    ]),
  );
}

/** Jagged branches go with what counts them; others by the name before "_" or ".": "Muon_*". */
function groupOf({ name, counter, jagged }: BranchInfo): string {
  const prefix = collectionOf(name);
  const joint = name.charAt(prefix.length) || "_";
  return `${prefix}${joint}*${jagged ? `[${counter ?? ""}]` : ""}`;
}

function groupRow(group: string, branches: readonly BranchInfo[]): string[] {
  const [first, ...others] = branches;
  const name = others.length === 0 ? first.name : group;
  const unread = branches.filter(({ readable }) => readable !== true).length;
  const listed = [...new Set(branches.map(({ typeName }) => typeName))];
  const text = listed.length > 4 ? `${listed.slice(0, 4).join(", ")}, ...` : listed.join(", ");
  const sum = (pick: (branch: BranchInfo) => number) =>
    countText(branches.reduce((n, branch) => n + pick(branch), 0));
  return [
    name,
    countText(branches.length),
    unread > 0 ? `${text} (${unread} not read)` : text,
    sum((branch) => branch.zippedBytes),
    sum((branch) => branch.totalBytes),
  ];
}
