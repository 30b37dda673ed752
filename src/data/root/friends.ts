import { DataError } from "../../base/errors.ts";
import type { RootColumn, RootTree } from "./tree.ts";

/** A tree whose entries belong to those of another. */
export interface Friend {
  readonly tree: RootTree;
  /** Put before its branch names, as "l1." for "l1.pt"; needed where names occur twice. */
  readonly prefix?: string;
}

/**
 * Trees side by side as one: entry i of each belongs together.
 * Throws `DataError` where they differ in length or two branches get the same name.
 */
export function joinFriends(tree: RootTree, friends: readonly Friend[]): RootTree {
  const all = [
    { tree, prefix: "" },
    ...friends.map(({ prefix = "", ...one }) => ({ prefix, ...one })),
  ];
  const owners = new Map<string, { tree: RootTree; name: string }>();
  for (const { tree: one, prefix } of all) {
    if (one.entries !== tree.entries)
      throw new DataError(
        `trees "${tree.name}" and "${one.name}": ${tree.entries} and ${one.entries} entries; ` +
          "friends need as many",
      );
    for (const { name } of one.branches) {
      if (owners.has(prefix + name))
        throw new DataError(
          `trees "${tree.name}" and "${one.name}": both have a branch "${prefix + name}"; ` +
            "give the friend a prefix",
        );
      owners.set(prefix + name, { tree: one, name });
    }
  }
  /** Splits names by tree, reads, and puts the columns back in order. */
  const gather = async (
    names: readonly string[],
    readFrom: (one: RootTree, own: readonly string[]) => Promise<RootColumn[]>,
  ): Promise<RootColumn[]> => {
    const places = names.map((name) => owners.get(name) ?? { tree, name });
    const columns: RootColumn[] = new Array(names.length);
    for (const { tree: one } of all) {
      const mine = places.flatMap((place, i) => (place.tree === one ? [i] : []));
      if (mine.length === 0) continue;
      const read = await readFrom(
        one,
        mine.map((i) => places[i].name),
      );
      mine.forEach((i, k) => {
        columns[i] = { ...read[k], name: names[i] };
      });
    }
    return columns;
  };
  return {
    name: tree.name,
    title: tree.title,
    entries: tree.entries,
    branches: all.flatMap(({ tree: one, prefix }) =>
      one.branches.map((branch) => ({
        ...branch,
        name: prefix + branch.name,
        counter: branch.counter === null ? null : prefix + branch.counter,
      })),
    ),
    read: (names, range, options) => gather(names, (one, own) => one.read(own, range, options)),
    async *batches(names, entriesPerBatch, options) {
      for (let start = 0; start < tree.entries; start += entriesPerBatch) {
        const stop = Math.min(tree.entries, start + entriesPerBatch);
        yield await gather(names, (one, own) => one.read(own, { start, stop }, options));
      }
    },
  };
}
