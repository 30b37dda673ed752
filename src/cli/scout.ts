import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { ConfigError, DataError } from "../base/errors.ts";
import {
  type MenuCounts,
  runMenu,
  type ScoutMetrics,
  type SimulatedStream,
  scout,
  simulateStream,
} from "../tasks/scout/index.ts";
import { realNumber, wholeNumber } from "./options.ts";
import type { Session } from "./session.ts";
import { countText, textTable } from "./text-table.ts";
import type { Run } from "./verb.ts";

/** `forty scout simulate|menu|run`: the stream of Level-1 scouting. */
export function define(command: Command, run: Run): void {
  command
    .command("simulate")
    .description("simulated raw orbits of the muon trigger, and of the calorimeter trigger")
    .requiredOption(
      "-n, --orbits <count>",
      "orbits (required)",
      wholeNumber("--orbits", { min: 1 }),
    )
    .option("--seed <number>", "same seed, same orbits", wholeNumber("--seed", { min: 0 }), 1)
    .option(
      "--first <orbit>",
      "number of the first orbit",
      wholeNumber("--first", { min: 0, max: 2 ** 31 - 1 }),
      1,
    )
    .option("--run <number>", "run number", wholeNumber("--run", { min: 1, max: 2 ** 31 }), 1)
    .option(
      "--occupancy <mean>",
      "single muons per crossing of colliding bunches",
      realNumber("--occupancy", { min: 0, max: 4 }),
      0.1,
    )
    .option("--calo <file>", "calorimeter orbits too, into this file, .raw (default: none)")
    .requiredOption("-o, --out <file>", "file of muon orbits to write, .raw (required)")
    .action(run(simulate));
  command
    .command("menu")
    .description("run a trigger menu on global-trigger text vectors")
    .argument("<file...>", "text vectors, one crossing a line")
    .requiredOption("--algorithms <file>", "JSON file of the menu (required)")
    .option("--check", "compare each algorithm with its bit in the files (default: only count)")
    .action(run(menu));
  command
    .command("run")
    .description("decode, calibrate, select, count and keep a stream of raw orbits")
    .argument("[file...]", "raw orbit files, .raw (default: those of the configuration)")
    .requiredOption("-o, --out <folder>", "folder of the run, new or empty (required)")
    .option("--config <file>", "JSON file of settings and stages (default: the stages below)")
    .option(
      "--workers <count>",
      "worker threads (default: as configured, 1)",
      wholeNumber("--workers", { min: 1, max: 256 }),
    )
    .option("--resume", "go on with an interrupted run in that folder, same settings")
    .addHelpText(
      "after",
      `
Without stages in the configuration: dimuon spectra of opposite and same sign, muon pt and number,
and a map of muons. Kinds of stages: recalibrate, score, menu, select, histogram, map.`,
    )
    .action(run(process));
}

interface SimulateOptions {
  readonly orbits: number;
  readonly seed: number;
  readonly first: number;
  readonly run: number;
  readonly occupancy: number;
  readonly calo?: string;
  readonly out: string;
}

async function simulate(
  session: Session,
  { first, ...options }: SimulateOptions,
): Promise<SimulatedStream> {
  const progress = session.progress("simulate", options.orbits);
  const stream = await simulateStream({
    ...options,
    firstOrbit: first,
    signal: session.signal,
    onOrbits: (done) => progress.update(done),
  }).finally(() => progress.finish());
  for (const { file, bytes } of stream.files)
    session.say(`${file}: ${countText(stream.orbits)} orbits, ${(bytes / 1e6).toFixed(1)} MB`);
  return stream;
}

async function menu(
  session: Session,
  files: readonly string[],
  { algorithms, check = false }: { readonly algorithms: string; readonly check?: boolean },
): Promise<Omit<MenuCounts, "algorithms"> & { algorithms: readonly object[] }> {
  const result = await runMenu(files, algorithms);
  const fired = result.algorithms.filter((a) => a.fired > 0 || (check && a.extra + a.missing > 0));
  const rows = fired.map(({ name, fired, extra, missing }) => [
    name,
    countText(fired),
    ...(check ? [countText(extra), countText(missing)] : []),
  ]);
  session.say(
    textTable(["algorithm", "fired", ...(check ? ["only here", "only in file"] : [])], rows),
  );
  const { crossings, undecided, differing } = result;
  session.say(
    `\n${countText(crossings)} crossings, ${result.algorithms.length} algorithms: ${result.fired} fired` +
      (check ? `, ${differing} differ from the bits in the file` : "") +
      (undecided > 0 ? `, ${undecided} need conditions from outside` : ""),
  );
  return {
    ...result,
    algorithms: result.algorithms.map(({ name, bit, isDecided, fired, ...compared }) => ({
      ...{ name, bit, isDecided, fired },
      ...(check ? compared : {}),
    })),
  };
}

interface RunOptions {
  readonly out: string;
  readonly config?: string;
  readonly workers?: number;
  readonly resume?: boolean;
}

async function process(
  session: Session,
  files: readonly string[],
  { out, config, workers, resume = false }: RunOptions,
): Promise<Omit<ScoutMetrics, "tallies"> & { report: string }> {
  const settings = config === undefined ? {} : await readSettings(config);
  const live = session.lines();
  const { tallies: _, ...metrics } = await scout({
    settings: {
      ...settings,
      ...(files.length > 0 ? { files } : {}),
      ...(workers === undefined ? {} : { workers }),
    },
    out,
    resume,
    signal: session.signal,
    onSnapshot: ({ orbits, realTimeFactor, kept }) =>
      live.draw([
        `${countText(orbits)} orbits, ${realTimeFactor.toFixed(2)} x real time, ${countText(kept)} crossings kept`,
      ]),
  }).finally(() => live.finish());
  const report = join(out, "report.html");
  session.say(summary(metrics));
  session.say(`\nreport  ${report}`);
  return { ...metrics, report };
}

async function readSettings(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new DataError(`${path}: cannot be read: ${cause.message}; check the path`, { cause });
  });
  try {
    const settings: unknown = JSON.parse(text);
    if (typeof settings === "object" && settings !== null) return { ...settings };
  } catch (cause) {
    throw new ConfigError(`${path}: not JSON: ${(cause as Error).message}`, { cause });
  }
  throw new ConfigError(`${path}: expected a JSON object of settings; see forty scout run --help`);
}

function summary({
  orbits,
  objects,
  kept,
  dropped,
  realTimeFactor,
  stages,
  alarms,
}: Omit<ScoutMetrics, "tallies">): string {
  const lost = Object.entries(dropped).map(([reason, n]) => `${countText(n)} ${reason}`);
  return [
    textTable(
      ["stage", "seconds", "items"],
      stages.map(({ name, seconds, items }) => [name, seconds.toFixed(2), countText(items)]),
    ),
    "",
    `${countText(orbits)} orbits, ${countText(objects.muons ?? 0)} muons, ${countText(kept)} crossings kept; ${realTimeFactor.toPrecision(3)} x real time`,
    `dropped orbits: ${lost.length > 0 ? lost.join(", ") : "none"}`,
    ...alarms.map(
      (a) => `alarm: ${a.name} departs from the reference, Z = ${a.significance.toFixed(1)}`,
    ),
  ].join("\n");
}
