import { setImmediate } from "node:timers/promises";
import type { Command } from "commander";
import { CancelledError } from "../base/errors.ts";
import { muonColumns } from "../cms/muons.ts";
import { muonSimulation } from "../cms/simulate/muon-config.ts";
import { simulationKey } from "../cms/simulate/muon-label.ts";
import { muonBlockRows, simulateMuons } from "../cms/simulate/muons.ts";
import { createTableWriter, makeTable, schemaOf, type Table } from "../data/index.ts";
import { version } from "../tasks/version.ts";
import { wholeNumber } from "./options.ts";
import type { Session } from "./session.ts";
import { countText } from "./text-table.ts";
import type { Run } from "./verb.ts";

interface SimulateOptions {
  readonly rows: number;
  readonly seed: number;
  readonly out: string;
}

/** `forty simulate muons`: Level-1 muons with offline partners. */
export function define(command: Command, run: Run): void {
  command
    .command("muons")
    .description("simulated Level-1 muons with offline partners, in hardware integers, GeV and rad")
    .option(
      "-n, --rows <count>",
      "rows, unmatched and repeated ones included",
      wholeNumber("--rows", { min: 1 }),
      100_000,
    )
    .option("--seed <number>", "same seed, same file", wholeNumber("--seed", { min: 0 }), 1)
    .requiredOption(
      "-o, --out <file>",
      "file to write: .parquet or .root (keep units and provenance), .csv or .csv.gz (required)",
    )
    .action(run(simulate));
}

async function simulate(session: Session, { rows, seed, out }: SimulateOptions): Promise<object> {
  const started = performance.now();
  const label = {
    object: "muons",
    rows,
    seed,
    version,
    parameters: muonSimulation,
  };
  const writer = await createTableWriter(out, schemaOf(muonTable({ rows: 0, seed })), {
    metadata: { [simulationKey]: JSON.stringify(label) },
  });
  const progress = session.progress("simulate", rows);
  try {
    for (let first = 0; first < rows; first += muonBlockRows) {
      await writer.append(muonTable({ rows: Math.min(muonBlockRows, rows - first), seed, first }));
      progress.update(first);
      await setImmediate(); // lets Ctrl-C through: all else here only runs on the microtask queue
      if (session.signal.aborted)
        throw new CancelledError(`simulate: cancelled; ${out} was not written`);
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    progress.finish();
  }
  const seconds = (performance.now() - started) / 1000;
  session.say(`${out}: ${countText(rows)} simulated muons, seed ${seed}, ${seconds.toFixed(1)} s`);
  return { file: out, simulated: true, object: "muons", rows, seed, seconds };
}

function muonTable(options: Parameters<typeof simulateMuons>[0]): Table {
  return makeTable(muonColumns(simulateMuons(options)));
}
