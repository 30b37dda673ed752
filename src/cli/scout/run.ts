import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Option } from "commander";
import { ConfigError, DataError } from "../../base/errors.ts";
import { type ScoutMetrics, type SourceEvent, scout } from "../../tasks/scout/index.ts";
import { monitorPort, serveMonitor } from "../../tasks/scout/monitor/index.ts";
import { wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";
import { countText, textTable } from "../text-table.ts";
import type { Define } from "../verb.ts";

/** `forty scout run`: a stream of raw orbits into a run folder. */
export const define: Define = (command, run) => {
  command
    .command("run")
    .description("decode, calibrate, select, count and keep a stream of raw orbits")
    .argument("[file...]", "raw orbit files, .raw or .raw.gz (default: those of the configuration)")
    .requiredOption("-o, --out <folder>", "folder of the run, new or empty (required)")
    .option("--config <file>", "JSON file of settings and stages (default: the stages below)")
    .option(
      "--workers <count>",
      "worker threads, 0 with a broker alone (default: as configured, 1)",
      wholeNumber("--workers", { min: 0, max: 256 }),
    )
    .option("--tcp <address>", "receive raw files on host:port, or a port here (default: no)")
    .addOption(
      new Option("--monitor [port]", "serve the live page, for this machine alone, while it runs")
        .argParser(wholeNumber("--monitor", { min: 0, max: 65_535 }))
        .preset(`${monitorPort}`),
    )
    .option(
      "--senders <count>",
      "with --tcp: sources that must have come before the work starts (default: 1)",
      wholeNumber("--senders", { min: 1, max: 64 }),
    )
    .option("--resume", "go on with an interrupted run in that folder, same settings")
    .addHelpText(
      "after",
      `
Without stages in the configuration: dimuon spectra of opposite and same sign, muon pt and number,
and a map of muons. Kinds of stages: recalibrate, score, menu, select, histogram, map, turnOn, drift;
docs/scout.md has an example of each.`,
    )
    .action(run(process));
};

interface RunOptions {
  readonly out: string;
  readonly config?: string;
  readonly workers?: number;
  readonly tcp?: string;
  readonly senders?: number;
  readonly monitor?: number;
  readonly resume?: boolean;
}

async function process(
  session: Session,
  files: readonly string[],
  { out, config, workers, tcp, senders, monitor, resume = false }: RunOptions,
): Promise<Omit<ScoutMetrics, "tallies"> & { report: string }> {
  const settings = config === undefined ? {} : await readSettings(config);
  const page = monitor === undefined ? null : await serveMonitor({ run: out, port: monitor });
  if (page) session.say(`monitor  ${page.url}`);
  const live = session.lines();
  const { tallies: _, ...metrics } = await scout({
    settings: {
      ...settings,
      ...(files.length > 0 ? { files } : {}),
      ...(workers === undefined ? {} : { workers }),
      ...(tcp === undefined ? {} : { tcp }),
      ...(senders === undefined ? {} : { senders }),
    },
    out,
    resume,
    signal: session.signal,
    onSource: (event) => live.keep(sourceText(event)),
    onSnapshot: ({ orbits, realTimeFactor, kept }) =>
      live.draw([
        `${countText(orbits)} orbits, ${realTimeFactor.toFixed(2)} x real time, ${countText(kept)} crossings kept`,
      ]),
  }).finally(async () => {
    live.finish();
    await page?.close();
  });
  const report = join(out, "report.html");
  session.say(summary(metrics));
  session.say(`\nreport  ${report}`);
  return { ...metrics, report };
}

/** A line about a sender: "lost 127.0.0.1:4040 (gmt): read ECONNRESET". */
function sourceText({ what, from, of, reason, address }: SourceEvent): string {
  if (address) return `${what} on ${address}`;
  return `${what} ${from}${of ? ` (${of})` : ""}${reason ? `: ${reason}` : ""}`;
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
  missing,
  realTimeFactor,
  stages,
  alarms,
}: Omit<ScoutMetrics, "tallies">): string {
  const gaps = Object.entries(missing).filter(([, n]) => n > 0);
  const lost = Object.entries(dropped).map(([reason, n]) => `${countText(n)} ${reason}`);
  return [
    textTable(
      ["stage", "seconds", "items"],
      stages.map(({ name, seconds, items }) => [name, seconds.toFixed(2), countText(items)]),
    ),
    "",
    `${countText(orbits)} orbits, ${countText(objects.muons ?? 0)} muons, ${countText(kept)} crossings kept; ${realTimeFactor.toPrecision(3)} x real time`,
    `dropped orbits: ${lost.length > 0 ? lost.join(", ") : "none"}`,
    ...gaps.map(([source, n]) => `missing from ${source}: ${countText(n)} orbits`),
    ...alarms.map(
      (a) =>
        `alarm: ${a.name} departs from the reference by ${a.kind === "kernel" ? "the kernel test" : "chi-squared"}, Z = ${a.significance.toFixed(1)}`,
    ),
  ].join("\n");
}
