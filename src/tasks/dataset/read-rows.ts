import { DataError, FormatError } from "../../base/errors.ts";
import { simulationKey } from "../../cms/simulate/simulation-label.ts";
import { concat, type Table } from "../../data/index.ts";
import { openRoot } from "../../data/root/file.ts";
import { openFileSource } from "../../data/root/source-node.ts";
import { type EventFile, openEvents } from "./events.ts";
import { jetRows } from "./jet-rows.ts";
import { muonRows } from "./muon-rows.ts";
import { type DatasetSettings, defaultSettings } from "./settings.ts";

/** Rows of a file of events. */
export interface MatchedRows {
  readonly table: Table;
  /** The label, where the events are simulated. */
  readonly metadata: Readonly<Record<string, string>>;
}

const eventsPerBatch = 20_000;

/**
 * Matched rows of a ROOT file of events, in memory, with the report's settings: what
 * `forty dataset` makes of it. Null for other files: tables, and trees of no known format.
 * @throws DataError for a file without events, and events without the objects.
 */
export async function readMatchedRows(
  path: string,
  object: DatasetSettings["object"],
): Promise<MatchedRows | null> {
  if (!/\.root$/i.test(path)) return null;
  const settings = defaultSettings(object);
  const rowsOf = object === "muons" ? muonRows : jetRows;
  const file = await openRoot(await openFileSource(path));
  try {
    const events = await openEvents(file, settings).catch((error: unknown): EventFile | null => {
      if (error instanceof FormatError) return null;
      throw error;
    });
    if (events === null) return null;
    const tables: Table[] = [];
    for await (const batch of events.batches(eventsPerBatch))
      tables.push(rowsOf(batch, settings).table);
    if (tables.length === 0) throw new DataError(`${path}: no event in it`);
    const metadata = events.simulation === null ? {} : { [simulationKey]: events.simulation };
    return { table: concat(tables), metadata };
  } finally {
    await file.close();
  }
}
