import { basketTable } from "./basket.ts";
import { type Described, describeElement, describeLeaves, type EntryLayout } from "./layout.ts";
import { itemsIn, located, numberIn, type RootObject, stringIn } from "./object.ts";
import type { ReadableBranch } from "./read-columns.ts";
import type { StreamerInfos } from "./streamer.ts";

/** What is known about a branch without reading its data. */
export interface BranchInfo {
  /** Name in the tree, as "Muon_pt", "particles.momentum.x"; unique. */
  readonly name: string;
  /** Type of a value, or the class. */
  readonly typeName: string;
  /** Entries have varying numbers of items. */
  readonly jagged: boolean;
  /** Fixed axes of an item. */
  readonly inner: readonly number[];
  /** The branch that holds the number of items, where there is one. */
  readonly counter: string | null;
  readonly entries: number;
  /** Bytes in the file. */
  readonly zippedBytes: number;
  /** Bytes when unpacked. */
  readonly totalBytes: number;
  /** True, or why the branch is not read. */
  readonly readable: true | string;
}

/** A branch with all that reading needs. */
export interface TreeBranch {
  readonly info: BranchInfo;
  /** Other names under which it is found. */
  readonly aliases: readonly string[];
  /** What reading needs; null where it is not readable. Throws `FormatError` for corrupt baskets. */
  readonly open: (() => ReadableBranch) | null;
}

interface Leaf {
  readonly branch: RootObject;
  /** Names from the top branch down; the last is the name. */
  readonly path: readonly string[];
  readonly described: Described;
  /** Leaves whose lengths others refer to. */
  readonly leaves: readonly RootObject[];
}

/** All branches of a tree that hold data, those of split objects among them. */
export function treeBranches(tree: RootObject, infos: StreamerInfos, where: string): TreeBranch[] {
  const leaves = itemsIn(tree, "fBranches").flatMap((b) => (b ? collect(b, [], infos) : []));
  const short = new Map<string, number>();
  for (const { path } of leaves) {
    const name = path[path.length - 1];
    short.set(name, (short.get(name) ?? 0) + 1);
  }
  const names = leaves.map(({ path }) => {
    const name = path[path.length - 1];
    return short.get(name) === 1 ? name : path.join(".");
  });
  const owners = new Map<RootObject, TreeBranch>();
  return leaves.map((leaf, i) => {
    const branch = treeBranch(leaf, names[i], { owners, where });
    for (const owned of [leaf.branch, ...leaf.leaves]) owners.set(owned, branch);
    return branch;
  });
}

function collect(branch: RootObject, above: readonly string[], infos: StreamerInfos): Leaf[] {
  const path = [...above, plainName(stringIn(branch, "fName"))];
  const below = itemsIn(branch, "fBranches").flatMap((b) => (b ? collect(b, path, infos) : []));
  const leaves = itemsIn(branch, "fLeaves").flatMap((leaf) => leaf ?? []);
  if (branch.$class === "TBranchElement") {
    const holder = below.length > 0 && ![3, 4].includes(numberIn(branch, "fType"));
    if (holder) return below;
    return [{ branch, path, described: describeElement(branch, infos), leaves }, ...below];
  }
  if (branch.$class !== "TBranch") {
    const typeName = typeof branch.fClassName === "string" ? branch.fClassName : branch.$class;
    return [{ branch, path, described: unread(typeName, branch.$class), leaves }, ...below];
  }
  const described = describeLeaves(leaves);
  return [
    ...described.map((one, i) => ({
      branch,
      path:
        described.length === 1 ? path : [...above, `${path[path.length - 1]}.${leaves[i].fName}`],
      described: one,
      leaves: [leaves[i]],
    })),
    ...below,
  ];
}

function unread(typeName: string, className: string): Described {
  const layout = `a ${className} of class ${typeName} is not read`;
  return { typeName, type: "uint8", inner: [], jagged: false, counter: null, layout };
}

/** A branch name without the axes behind it and the dot that asks for prefixed members. */
function plainName(name: string): string {
  return name.replace(/(\[[^\]]*\])+$/, "").replace(/\.$/, "");
}

function treeBranch(
  { branch, path, described }: Leaf,
  name: string,
  { owners, where }: { owners: ReadonlyMap<RootObject, TreeBranch>; where: string },
): TreeBranch {
  const { layout } = described;
  const place = `${where}, branch "${name}"`;
  const counter = described.counter === null ? undefined : owners.get(described.counter);
  const open = () => ({
    name,
    where: place,
    described: described as Described & { layout: EntryLayout },
    table: located(place, () => basketTable(branch, place)),
    counter: counter?.open ?? null,
  });
  return {
    info: {
      name,
      typeName: described.typeName,
      jagged: described.jagged,
      inner: described.inner,
      counter: counter?.info.name ?? null,
      entries: numberIn(branch, "fEntries"),
      zippedBytes: numberIn(branch, "fZipBytes"),
      totalBytes: numberIn(branch, "fTotBytes"),
      readable: typeof layout === "string" ? layout : true,
    },
    aliases: [path.join("."), path.join("/"), path[path.length - 1]],
    open: typeof layout === "string" ? null : open,
  };
}
