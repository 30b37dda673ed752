import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { formatWithUncertainty, plainText } from "../report/index.ts";
import { createNodeRuntime } from "../runtime/index.ts";
import {
  type ObjectKind,
  type StudyConfig,
  type StudyEvent,
  type StudyMetrics,
  study,
  studySchemas,
} from "../tasks/index.ts";
import type { LiveLines } from "./live-lines.ts";
import { wholeNumber } from "./options.ts";
import { settingOption } from "./recalibrate.ts";
import type { Session } from "./session.ts";
import { countText, textTable } from "./text-table.ts";
import type { Run } from "./verb.ts";

type Settings = Partial<StudyConfig> & {
  readonly out: string;
  readonly only?: string;
  readonly workers?: number;
  readonly resume?: boolean;
};

/** `forty study muons|jets`: all networks and kernel machines of the report, compared. */
export function define(command: Command, run: Run): void {
  for (const object of ["muons", "jets"] as const) {
    const verb = command
      .command(object)
      .description(
        `kernel method or network for ${object}: train all of the report's models, tune, compare, report`,
      )
      .argument(
        "<in...>",
        `tables of ${object} with L1 and offline columns (.parquet, .root, .csv, .csv.gz), or .root files of events, whose ${object} are matched first`,
      )
      .requiredOption("-o, --out <folder>", "folder of the run, new or empty (required)")
      .option(
        "--only <part>",
        "networks, falkon, or ids of jobs as in the folder models/, separated by commas (default: all)",
      )
      .option(
        "--workers <count>",
        "jobs side by side, one thread each (default: cores)",
        wholeNumber("--workers", { min: 1, max: 256 }),
      )
      .option(
        "--resume",
        "go on with an interrupted study in that folder, same settings, or add what --only left out",
      )
      .addHelpText(
        "after",
        "\nA running job is given up when a file named cancel appears in its folder models/<id>; the others go on.",
      );
    for (const [name, field] of Object.entries(studySchemas[object].shape))
      verb.addOption(name === "rows" ? rowsOption() : settingOption(name, field));
    verb.action(
      run((session: Session, files: readonly string[], settings: Settings) =>
        start(object, session, files, settings),
      ),
    );
  }
}

function rowsOption(): Option {
  const { description } = studySchemas.muons.shape.rows;
  return new Option("--rows <count>", `${description} (default: all)`).argParser(
    wholeNumber("--rows", { min: 16 }),
  );
}

async function start(
  object: ObjectKind,
  session: Session,
  files: readonly string[],
  { out, only, workers = availableParallelism(), resume = false, ...rest }: Settings,
): Promise<StudyMetrics & { report: string }> {
  const { shape } = studySchemas[object];
  const config = Object.fromEntries(
    Object.entries(rest).filter(([name, value]) => name in shape && value !== undefined),
  );
  const live = session.lines();
  const metrics = await study(object, {
    files,
    out,
    config,
    resume,
    workers,
    only: only ?? null,
    signal: session.signal,
    runtime: createNodeRuntime({ device: "cpu" }),
    onEvent: createWatcher(live),
  }).finally(() => live.finish());
  const report = join(out, "report.html");
  session.say(summary(object, metrics));
  session.say(`\nreport  ${report}\nmodels  ${join(out, "models")}`);
  for (const { id, reason } of metrics.failed)
    session.fail(`study: ${id}: ${reason}; --resume runs it again`);
  return { ...metrics, report };
}

/** One line per running job on a terminal, one per finished job everywhere. */
function createWatcher(live: LiveLines): (event: StudyEvent) => void {
  const running = new Map<string, { name: string; share: number; note: string }>();
  const count = { jobs: 0, done: 0 };
  const draw = () =>
    live.draw([
      ...Array.from(running.values(), ({ name, share, note }) => {
        const filled = Math.round(16 * share);
        const bar = `${"#".repeat(filled)}${".".repeat(16 - filled)}`;
        return `[${bar}] ${`${Math.floor(100 * share)}`.padStart(3)} %  ${name}  ${note}`;
      }),
      `${count.done} of ${count.jobs} jobs`,
    ]);
  const end = (id: string, line: string) => {
    running.delete(id);
    count.done++;
    draw();
    live.keep(`${`${count.done}`.padStart(3)} of ${count.jobs}  ${line}`);
  };
  return (event) => {
    if (event.type === "plan") Object.assign(count, event);
    if (event.type === "start")
      running.set(event.id, { name: event.name, share: 0, note: "starting" });
    if (event.type === "progress") Object.assign(running.get(event.id) ?? {}, event);
    if (event.type === "done") end(event.id, `${event.name}: ${event.fitSeconds.toFixed(1)} s`);
    if (event.type === "failed") end(event.id, `${event.name}: FAILED: ${event.reason}`);
    if (running.size > 0) draw();
  };
}

const columns = [
  ["phi", "rms Δφ [rad]"],
  ["eta", "rms Δη"],
  ["pt", "rms pT/ref - 1"],
] as const;

function summary(object: ObjectKind, metrics: StudyMetrics): string {
  const used = columns.filter(([key]) => metrics.l1[key]);
  const row = (name: string, of: StudyMetrics["l1"], cost: readonly string[]) => [
    name,
    ...used.map(([key]) => {
      const value = of[key];
      return value ? plainText(formatWithUncertainty(value)) : "";
    }),
    ...cost,
  ];
  const front = new Set(Object.values(metrics.pareto).flat());
  const { network, falkon } = metrics.best;
  const shown = metrics.models.filter(({ id }) => front.has(id) || id === network || id === falkon);
  const rows = [
    row("L1", metrics.l1, ["", ""]),
    ...shown.map((m) => row(m.name, m, [countText(m.flops), countText(m.exponentials)])),
    ...(metrics.floor ? [row("Bayes floor", metrics.floor, ["", ""])] : []),
  ];
  return [
    textTable(["", ...used.map(([, title]) => title), "operations", "exponentials"], rows),
    "",
    metrics.conclusion,
    "",
    `${countText(metrics.rows.test)} test ${object}${metrics.simulated ? " (simulated)" : ""}; ${metrics.models.length} models in ${metrics.seconds.toFixed(0)} s`,
  ].join("\n");
}
