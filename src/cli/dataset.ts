import { type Command, Option } from "commander";
import {
  type DatasetSettings,
  type DatasetSummary,
  defaultSettings,
  makeDataset,
  type Table5Line,
} from "../tasks/dataset/index.ts";
import { realNumber, wholeNumber } from "./options.ts";
import type { Session } from "./session.ts";
import { countText, textTable } from "./text-table.ts";
import type { Run } from "./verb.ts";

interface DatasetOptions extends Omit<DatasetSettings, "object" | "maxDeltaR"> {
  readonly out: string;
  readonly maxDr: number;
  readonly report?: string;
  readonly resume?: boolean;
}

/** Files whose counts are listed one by one. */
const listedFiles = 20;

/** `forty dataset muons|jets`: matched Level-1 and offline objects of ROOT files as a table. */
export function define(command: Command, run: Run): void {
  const muons = common(command.command("muons"), run, "muons").description(
    "pairs of a Level-1 and an offline muon, with the report's columns, for recalibrate",
  );
  muons
    .addOption(
      new Option("--coordinates <place>", "where Level-1 muons are compared with offline ones")
        .choices(["vertex", "station"])
        .default("vertex"),
    )
    .option("--no-unique", "let a Level-1 muon serve several offline ones (default: one-to-one)");
  common(command.command("jets"), run, "jets")
    .description("Level-1 jets with the summed pt of the offline jets nearest to them")
    .option("--unique", "pair one-to-one, closest first", false)
    .option(
      "--no-unique",
      "let a Level-1 jet take several offline ones, the report's rule (default)",
    );
}

function common(command: Command, run: Run, object: DatasetSettings["object"]): Command {
  const { maxDeltaR, bx, minOfflinePt } = defaultSettings(object);
  return command
    .argument(
      "<in...>",
      "files, or patterns with *: NanoAOD, L1 ntuples with offline objects, the report's flat table",
    )
    .requiredOption(
      "-o, --out <file>",
      "file to write: .parquet or .root (keep units and provenance), .csv or .csv.gz (required)",
    )
    .option("--max-dr <number>", "largest distance of a pair", realNumber("--max-dr"), maxDeltaR)
    .option(
      "--bx <number>",
      "crossing of the Level-1 objects, relative to the triggered one",
      wholeNumber("--bx"),
      bx,
    )
    .option(
      "--min-offline-pt <GeV>",
      "only offline objects above this, GeV",
      realNumber("--min-offline-pt", { min: 0 }),
      minOfflinePt,
    )
    .addOption(
      new Option("--source <name>", "Level-1 objects, or trigger objects with a Level-1 pt")
        .choices(["l1", "trigobj"])
        .default("l1"),
    )
    .option(
      "--report <file>",
      "page with counts and distributions to write beside, .html (default: none)",
    )
    .option("--resume", "go on with what an interrupted call left")
    .action(
      run(async (session, inputs: string[], options: DatasetOptions) =>
        dataset(session, inputs, object, options),
      ),
    );
}

async function dataset(
  session: Session,
  inputs: readonly string[],
  object: DatasetSettings["object"],
  { out, report, resume = false, maxDr, bx, minOfflinePt, source, unique, ...rest }: DatasetOptions,
): Promise<object> {
  const started = performance.now();
  const { coordinates } = { ...defaultSettings(object), ...rest };
  const settings = { object, source, maxDeltaR: maxDr, bx, minOfflinePt, coordinates, unique };
  const progress = session.progress("dataset", 1);
  const summary = await makeDataset(
    { inputs, out, resume, settings, ...(report === undefined ? {} : { report }) },
    {
      signal: session.signal,
      onProgress: (done, total) =>
        progress.update(done / total, `${Math.floor(done)} of ${total} files`),
    },
  ).finally(() => progress.finish());
  session.say(summaryText(summary));
  if (report !== undefined) session.say(`report  ${report}`);
  return {
    ...summary,
    ...(report === undefined ? {} : { report }),
    seconds: (performance.now() - started) / 1000,
  };
}

function summaryText(summary: DatasetSummary): string {
  const { file, object, events, l1Objects, offlineObjects, matched, rows } = summary;
  const { chargesAgree, medianPtRatio, table5, files } = summary;
  const shown = files.length > 1 ? files.slice(0, listedFiles) : [];
  const counts = [...shown, { file: "all", events, l1Objects, offlineObjects, matched, rows }];
  const header = ["file", "events", `L1 ${object}`, `offline ${object}`, "matched", "rows"];
  const left = files.length - listedFiles;
  return [
    textTable(
      header,
      counts.map((c) => [
        c.file,
        ...[c.events, c.l1Objects, c.offlineObjects, c.matched, c.rows].map(countText),
      ]),
    ),
    ...(left > 0 ? [`(${left} more files in ${summary.manifest})`] : []),
    "",
    `median of L1 pt / offline pt  ${medianPtRatio.toFixed(3)}`,
    ...(chargesAgree === null
      ? []
      : [`charges agree  ${countText(chargesAgree)} of ${countText(matched)}`]),
    ...(table5 === null ? [] : ["", table5Text(table5)]),
    "",
    `${file}: ${countText(rows)} rows`,
  ].join("\n");
}

function table5Text({ all, central }: { all: Table5Line; central: Table5Line }): string {
  const percent = (share: number) => (Number.isNaN(share) ? "-" : `${(100 * share).toFixed(1)} %`);
  const line = (name: string, t: Table5Line) => [
    name,
    countText(t.matched),
    countText(t.unmatched),
    percent(t.fractionOfJets),
    percent(t.fractionOfPt),
  ];
  return textTable(
    ["offline jets", "matched", "unmatched", "of jets", "of pt"],
    [line("all", all), line("|eta| < 3", central)],
  );
}
