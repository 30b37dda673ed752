import { type Command, Option } from "commander";
import { wholeNumber } from "./options.ts";
import { type SimulateJetsOptions, simulateJetFile } from "./simulate/jets.ts";
import { type SimulateMuonsOptions, simulateMuonFile } from "./simulate/muons.ts";
import type { Run } from "./verb.ts";

/** `forty simulate muons|jets`: Level-1 objects with offline partners. */
export function define(command: Command, run: Run): void {
  common(command.command("muons"), "rows, unmatched and repeated ones included")
    .description("simulated Level-1 muons with offline partners, in hardware integers, GeV and rad")
    .action(run((session, options: SimulateMuonsOptions) => simulateMuonFile(session, options)));
  common(command.command("jets"), "matched Level-1 jets, one row each; the report has 1,234,480")
    .description("simulated Level-1 jets with the summed pt of their offline jets, in GeV")
    .addOption(
      new Option(
        "--events <count>",
        "whole events with NanoAOD's branches for dataset jets, into a .root file (default: --rows)",
      )
        .argParser(wholeNumber("--events", { min: 1 }))
        .conflicts("rows"),
    )
    .option(
      "--config <file>",
      "JSON object of parameters of the simulation (default: tuned to the report's dataset)",
    )
    .action(run((session, options: SimulateJetsOptions) => simulateJetFile(session, options)));
}

function common(command: Command, rows: string): Command {
  return command
    .option("-n, --rows <count>", rows, wholeNumber("--rows", { min: 1 }), 100_000)
    .option("--seed <number>", "same seed, same file", wholeNumber("--seed", { min: 0 }), 1)
    .requiredOption(
      "-o, --out <file>",
      "file to write: .parquet or .root (keep units and provenance), .csv or .csv.gz (required)",
    );
}
