import { readdirSync } from "node:fs";
import { join } from "node:path";
import { muonColumns } from "../../src/cms/muons.ts";
import { jetSimulation } from "../../src/cms/simulate/jet-config.ts";
import { simulateJetRows } from "../../src/cms/simulate/jet-rows.ts";
import { type MuonSimulationConfig, muonSimulation } from "../../src/cms/simulate/muon-config.ts";
import { simulateMuons } from "../../src/cms/simulate/muons.ts";
import { simulationKey } from "../../src/cms/simulate/simulation-label.ts";
import { makeColumn, makeTable, readTable, type Table, writeTable } from "../../src/data/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import {
  type ObjectKind,
  type RecalibrateOptions,
  type RecalibrationConfig,
  recalibrate as recalibrateObjects,
  tinyRecalibration,
} from "../../src/tasks/index.ts";

/** CPU, one thread: same seed, same bytes. */
export const runtime = createNodeRuntime({ threads: 1 });

export const bundled = "data/omtf_single_muon.csv.gz";

/** Rows of the simulation with L1 pt inside the window: one in three of what is simulated. */
export const simulatedRows = 6000;

export function simulatedTable(config: MuonSimulationConfig = muonSimulation): Table {
  return makeTable(muonColumns(simulateMuons({ rows: simulatedRows, seed: 3, config })));
}

/** A simulated sample as `forty simulate muons` writes it: Parquet is labeled, CSV cannot be. */
export async function writeSimulated(path: string, config?: MuonSimulationConfig): Promise<string> {
  const label = { object: "muons", parameters: config ?? muonSimulation };
  await writeTable(path, simulatedTable(config), {
    metadata: { [simulationKey]: JSON.stringify(label) },
  });
  return path;
}

export const simulatedJets = 4000;

/** Matched jets as `forty simulate jets` writes them. */
export async function writeSimulatedJets(path: string, without: readonly string[] = []) {
  const rows = simulateJetRows({ rows: simulatedJets, seed: 3 });
  const columns = Object.entries(rows).filter(([name]) => !without.includes(name));
  const table = makeTable(
    columns.map(([name, values]) => makeColumn(name, values, name === "sumPtReco" ? "GeV" : null)),
  );
  const label = { object: "jets", parameters: jetSimulation };
  await writeTable(path, table, { metadata: { [simulationKey]: JSON.stringify(label) } });
  return path;
}

/** The first rows of the bundled file, both parts of its split among them. */
export async function writeOverlap(path: string, rows = 3000): Promise<string> {
  await writeTable(path, await readTable(bundled, { limit: rows }));
  return path;
}

/** The task with the tiny configuration. */
export function recalibrate(
  file: string,
  out: string,
  config: Partial<RecalibrationConfig> = {},
  { object = "muons", ...more }: Partial<RecalibrateOptions> & { object?: ObjectKind } = {},
) {
  return recalibrateObjects(object, {
    files: [file],
    out,
    runtime,
    config: { ...tinyRecalibration, ...config },
    ...more,
  });
}

/** All files of a folder, its own subfolders included. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
