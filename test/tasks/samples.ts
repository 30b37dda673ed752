import { readdirSync } from "node:fs";
import { join } from "node:path";
import { muonColumns } from "../../src/cms/muons.ts";
import { type MuonSimulationConfig, muonSimulation } from "../../src/cms/simulate/muon-config.ts";
import { simulationKey } from "../../src/cms/simulate/muon-label.ts";
import { simulateMuons } from "../../src/cms/simulate/muons.ts";
import { makeTable, readTable, type Table, writeTable } from "../../src/data/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import {
  type RecalibrateOptions,
  type RecalibrationConfig,
  recalibrateMuons,
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
  more: Partial<RecalibrateOptions> = {},
) {
  return recalibrateMuons({
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
