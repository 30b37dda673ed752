import { ConfigError } from "../../base/errors.ts";
import {
  emptyJetStatistics,
  type JetStatistics,
  matchedShare,
  mergeJetStatistics,
} from "../../cms/matching/jet-statistics.ts";
import { jetSimulation } from "../../cms/simulate/jet-config.ts";
import { jetNanoColumns } from "../../cms/simulate/jet-nano.ts";
import {
  type JetSlice,
  jetRowColumns,
  simulatedJetStatistics,
  simulateJetRows,
  simulateJetSlices,
} from "../../cms/simulate/jet-rows.ts";
import { simulateJets } from "../../cms/simulate/jets.ts";
import { simulationMetadata } from "../../cms/simulate/simulation-label.ts";
import { createTableWriter, makeTable, schemaOf } from "../../data/index.ts";
import { createRootWriter } from "../../data/root/write-node.ts";
import { schemaOfColumns } from "../../data/root/write-schema.ts";
import type { BatchWriter } from "../../data/write-all.ts";
import { summarize } from "../../stats/index.ts";
import { table5 } from "../../tasks/dataset/index.ts";
import { version } from "../../tasks/version.ts";
import type { Session } from "../session.ts";
import { countText, textTable } from "../text-table.ts";
import { writeBatches } from "../write-batches.ts";
import { readJetSettings } from "./jet-settings.ts";

export interface SimulateJetsOptions {
  readonly rows: number;
  /** Whole events instead of rows. */
  readonly events?: number;
  readonly seed: number;
  readonly out: string;
  /** JSON file of parameters that differ from `jetSimulation`. */
  readonly config?: string;
}

/** `forty simulate jets`: matched Level-1 jets as a table, or events as a ROOT file. */
export async function simulateJetFile(
  session: Session,
  { rows, events, seed, out, config: file }: SimulateJetsOptions,
): Promise<object> {
  const started = performance.now();
  if (events !== undefined && !out.toLowerCase().endsWith(".root"))
    throw new ConfigError(
      `--events: whole events need a ROOT file, got ${out}; name it .root, or ask for --rows`,
    );
  const config = file === undefined ? jetSimulation : await readJetSettings(file);
  const size = events === undefined ? { rows } : { events };
  const label = { object: "jets", ...size, seed, version, parameters: config } as const;
  const metadata = simulationMetadata(label);
  const writer = await (events === undefined ? rowWriter : eventWriter)(out, metadata);
  let statistics = emptyJetStatistics();
  let written = 0;
  const append = async ({ slice }: Batch) => {
    await writer.append(slice);
    statistics = mergeJetStatistics(
      statistics,
      simulatedJetStatistics(slice.events, slice.matches),
    );
    written += slice.rows.hwPt.length;
  };
  const names = { task: "simulate", out, total: events ?? rows };
  await writeBatches(session, { ...writer, append }, batches({ ...size, seed, config }), names);
  const seconds = (performance.now() - started) / 1000;
  session.say(summaryText(statistics));
  session.say(
    `${out}: ${countText(statistics.events)} simulated events with ${countText(written)} matched jets, ` +
      `seed ${seed}, ${seconds.toFixed(1)} s`,
  );
  return {
    file: out,
    simulated: true,
    object: "jets",
    rows: written,
    events: statistics.events,
    seed,
    table5: table5(statistics),
    l1Rms: level1Rms(statistics),
    seconds,
  };
}

/** A slice of the sample, with its rows of the file. */
interface Batch {
  readonly rows: number;
  readonly slice: JetSlice;
}

function* batches(options: Parameters<typeof simulateJetSlices>[0]): Generator<Batch> {
  for (const slice of simulateJetSlices(options)) {
    const rows = options.events === undefined ? slice.rows.hwPt.length : slice.events.events;
    yield { rows, slice };
  }
}

type MakeWriter = (
  out: string,
  metadata: Readonly<Record<string, string>>,
) => Promise<BatchWriter<JetSlice>>;

const rowWriter: MakeWriter = async (out, metadata) => {
  const tableOf = (rows: JetSlice["rows"]) => makeTable(jetRowColumns(rows));
  const schema = schemaOf(tableOf(simulateJetRows({ rows: 0, seed: 0 })));
  const writer = await createTableWriter(out, schema, { metadata });
  return { ...writer, append: ({ rows }) => writer.append(tableOf(rows)) };
};

const eventWriter: MakeWriter = async (out, metadata) => {
  const schema = schemaOfColumns(jetNanoColumns(simulateJets({ events: 0, seed: 0 })));
  const writer = await createRootWriter(out);
  const tree = writer.tree("Events", schema);
  return {
    append: ({ events }) => tree.append(jetNanoColumns(events, tree.entries)),
    async close() {
      for (const [name, text] of Object.entries(metadata)) await writer.text(name, text);
      await writer.close();
    },
    abort: writer.abort,
  };
};

/** The sample beside the report (Losapio 2021, Table 5, Figure 7 and 1,234,480 rows). */
function summaryText(statistics: JetStatistics): string {
  const { all, central, matchedLevel1Jets } = statistics;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const lines: [string, number, number, (x: number) => string][] = [
    ["matched offline jets", matchedShare(all).jets, 1_383_135 / 36_929_687, percent],
    ["their pt", matchedShare(all).pt, 0.0547, percent],
    ["matched with |eta| < 3", matchedShare(central).jets, 1_278_076 / 2_143_878, percent],
    ["their pt", matchedShare(central).pt, 0.6152, percent],
    ["offline jets per row", all.matched / matchedLevel1Jets, 1_383_135 / 1_234_480, decimals],
    ["rms of L1 pt / sumPtReco - 1", level1Rms(statistics), 1.102, decimals],
  ];
  const cell = (x: number, text: (x: number) => string) => (Number.isNaN(x) ? "" : text(x));
  return textTable(
    ["", "simulated", "report"],
    lines.map(([name, here, report, text]) => [name, cell(here, text), text(report)]),
  );
}

/** Relative rms of Level 1 over the rows; NaN where there is none. */
function level1Rms({ residualMoments }: JetStatistics): number {
  return residualMoments.n === 0 ? Number.NaN : summarize(residualMoments).rms.value;
}

function decimals(x: number): string {
  return x.toFixed(3);
}
