import { muonColumns } from "../../cms/muons.ts";
import { muonSimulation } from "../../cms/simulate/muon-config.ts";
import { muonBlockRows, simulateMuons } from "../../cms/simulate/muons.ts";
import { simulationMetadata } from "../../cms/simulate/simulation-label.ts";
import { createTableWriter, makeTable, schemaOf, type Table } from "../../data/index.ts";
import { version } from "../../tasks/version.ts";
import type { Session } from "../session.ts";
import { countText } from "../text-table.ts";
import { writeBatches } from "../write-batches.ts";

export interface SimulateMuonsOptions {
  readonly rows: number;
  readonly seed: number;
  readonly out: string;
}

/** `forty simulate muons`: Level-1 muons with offline partners as a table. */
export async function simulateMuonFile(
  session: Session,
  { rows, seed, out }: SimulateMuonsOptions,
): Promise<object> {
  const started = performance.now();
  const label = { object: "muons", rows, seed, version, parameters: muonSimulation } as const;
  const writer = await createTableWriter(out, schemaOf(muonTable({ rows: 0, seed })), {
    metadata: simulationMetadata(label),
  });
  const names = { task: "simulate", out, total: rows };
  await writeBatches(session, writer, muonTables(rows, seed), names);
  const seconds = (performance.now() - started) / 1000;
  session.say(`${out}: ${countText(rows)} simulated muons, seed ${seed}, ${seconds.toFixed(1)} s`);
  return { file: out, simulated: true, object: "muons", rows, seed, seconds };
}

function* muonTables(rows: number, seed: number): Generator<Table> {
  for (let first = 0; first < rows; first += muonBlockRows)
    yield muonTable({ rows: Math.min(muonBlockRows, rows - first), seed, first });
}

function muonTable(options: Parameters<typeof simulateMuons>[0]): Table {
  return makeTable(muonColumns(simulateMuons(options)));
}
