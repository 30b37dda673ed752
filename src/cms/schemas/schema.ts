/** Where the columns of one collection are in a file: column name -> branch name. */
export interface CollectionSchema {
  /** Path of the tree in the file. */
  readonly tree: string;
  /** Must be there, or the file has no such collection. */
  readonly required: Readonly<Record<string, string>>;
  /** Taken where they are there. */
  readonly optional: Readonly<Record<string, string>>;
}

/** One format: how to know it, and what is in it. */
export interface FileSchema {
  readonly name: "nanoaod" | "scouting" | "l1ntuple" | "table";
  readonly title: string;
  /** A tree that has these branches and not those is of this format. */
  readonly signature: {
    readonly trees: readonly string[];
    readonly has: readonly string[];
    readonly lacks: readonly string[];
  };
  /** run, lumi, event, bx, orbit, one value per event; bx is 1 ... 3564 in the orbit here. */
  readonly eventIds: CollectionSchema;
  /** By NanoAOD's name, in every format. */
  readonly collections: Readonly<Record<string, CollectionSchema>>;
}

/** `{ pt: "Muon_pt" }` from columns `["pt"]` and a rule. */
export function branches(
  columns: readonly string[],
  branchOf: (column: string) => string,
): Record<string, string> {
  return Object.fromEntries(columns.map((column) => [column, branchOf(column)]));
}
