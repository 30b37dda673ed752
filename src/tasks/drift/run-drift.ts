import { existsSync, readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { ConfigError } from "../../base/errors.ts";
import { float32 } from "../../base/host-array.ts";
import { driftTest, exportFalkon, type FalkonModel, predictFalkon } from "../../kernels/index.ts";
import { constant, div, sub } from "../../ops/index.ts";
import { loadDocument, renderPage } from "../../report/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { kolmogorovSmirnov } from "../../stats/index.ts";
import { fingerprint, openRun, writeWhole } from "../run-folder.ts";
import { version } from "../version.ts";
import { driftPage } from "./page.ts";
import { readSamples, type SharedColumn } from "./samples.ts";
import { type DriftSettings, pText, requireSettings } from "./settings.ts";

export interface DriftRequest {
  /** Table as expected: .parquet, .root, .csv, .csv.gz. */
  readonly reference: string;
  /** Table to be compared with it. */
  readonly sample: string;
  readonly settings: DriftSettings;
  /** Folder of the run, new or empty: config, metrics, page, and the density ratio as ONNX. */
  readonly out?: string;
  /** Page alone, .html. */
  readonly report?: string;
}

export interface DriftHooks {
  readonly runtime: Runtime;
  readonly signal?: AbortSignal;
  /** Share of the work done, and what is being done. */
  readonly onProgress?: (share: number, note: string) => void;
}

/** What `forty drift` tells and `metrics.json` holds. */
export interface DriftSummary {
  /** The finding in words. */
  readonly text: string;
  readonly isDrift: boolean;
  readonly t: number;
  /** From the toys: (1 + toys with t at least as large) / (1 + toys). */
  readonly p: number;
  /** The smallest p that so many toys can give. */
  readonly smallestP: number;
  /** p as standard deviations. */
  readonly z: number;
  /** A multiple of χ² with the toys' mean and variance, for values beyond them. */
  readonly chiSquared: {
    readonly scale: number;
    readonly degreesOfFreedom: number;
    readonly goodness: number;
    readonly p: number;
    readonly z: number;
  } | null;
  readonly toys: readonly number[];
  /** Of the fits of data and toys; otherwise more lambda may help. */
  readonly isConverged: boolean;
  readonly columns: readonly string[];
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  /** Two-sample Kolmogorov-Smirnov test of each column alone. */
  readonly perColumn: readonly ColumnTest[];
  readonly rows: { readonly reference: RowCounts; readonly sample: RowCounts };
  readonly width: number;
  readonly centers: number;
  readonly settings: DriftSettings;
  readonly seconds: number;
}

export interface ColumnTest {
  readonly column: string;
  readonly distance: number;
  readonly p: number;
}

interface RowCounts {
  readonly used: number;
  readonly available: number;
  readonly incomplete: number;
}

/**
 * Compares two tables by the new-physics statistic of a kernel machine that tells them apart.
 * @throws ConfigError, DataError, FormatError; CancelledError writes nothing.
 */
export async function detectDrift(
  { reference, sample, settings, out, report }: DriftRequest,
  { runtime, signal, onProgress = () => {} }: DriftHooks,
): Promise<DriftSummary> {
  const started = performance.now();
  requireSettings(settings);
  if (report !== undefined && !report.endsWith(".html"))
    throw new ConfigError(`${report}: unknown ending; name the report .html`);
  if (out !== undefined) requireUnused(out);
  onProgress(0, "reading");
  const samples = await readSamples({ reference, sample }, settings);
  const inputs = [await fingerprint(reference), await fingerprint(sample)];
  const { lambda, toys, seed, width, centers, alarm } = settings;
  const { columns } = samples;
  onProgress(0.02, "learning the density ratio");
  const test = await driftTest(runtime, {
    reference: samples.reference.x,
    sample: samples.sample.x,
    toys,
    lambda,
    seed,
    ...(width === "auto" ? {} : { width }),
    ...(centers === "auto" ? {} : { centers }),
    ...(signal ? { signal } : {}),
    onToys: (done) => onProgress(0.1 + (0.88 * done) / toys, `${done} of ${toys} toys`),
  });
  const perColumn = columns.map(({ name, reference, sample }) => ({
    column: name,
    ...kolmogorovSmirnov(reference, sample),
  }));
  const counts = ({ rows, available, incomplete }: typeof samples.sample) => ({
    used: rows,
    available,
    incomplete,
  });
  const { kernel } = test.model;
  const summary: DriftSummary = {
    text: finding(test, alarm),
    isDrift: test.p <= alarm,
    t: test.t,
    p: test.p,
    smallestP: test.smallestP,
    z: test.z,
    chiSquared: test.chiSquared && withoutLog(test.chiSquared),
    toys: [...test.toys],
    isConverged: test.isConverged,
    columns: columns.map(({ name }) => name),
    leftOut: samples.leftOut,
    perColumn,
    rows: { reference: counts(samples.reference), sample: counts(samples.sample) },
    width: "width" in kernel ? (kernel.width as number) : Number.NaN,
    centers: test.model.centers.shape[0],
    settings,
    seconds: (performance.now() - started) / 1000,
  };
  if (out === undefined && report === undefined) return summary;
  const logRatio = await predictFalkon(runtime, test.model, samples.reference.x);
  const provenance = { forty: version, node: process.version, inputs };
  const names = { reference: basename(reference), sample: basename(sample) };
  const page = driftPage({ summary, columns, names, logRatio, provenance });
  const html = renderPage(page, { document: await loadDocument() });
  if (report !== undefined) await writeWhole(report, html);
  if (out !== undefined) {
    const run = await openRun(out, { task: "drift", ...settings, inputs });
    await run.write("report.html", html);
    await run.write("model.onnx", exportRatio(test.model, columns));
    await run.write("metrics.json", `${JSON.stringify(summary, null, 2)}\n`);
  }
  return summary;
}

/** Known before the work, and nothing is written before it is done. */
function requireUnused(out: string): void {
  if (existsSync(out) && !(statSync(out).isDirectory() && readdirSync(out).length === 0))
    throw new ConfigError(`drift: ${out} is not an empty folder; choose another`);
}

function withoutLog<C extends { readonly logP: number }>({ logP: _, ...rest }: C) {
  return rest;
}

/** "no drift seen: p = 0.41" or "drift: p <= 0.0099". */
function finding(
  { p, smallestP, chiSquared }: Pick<DriftSummary, "p" | "smallestP" | "chiSquared">,
  alarm: number,
): string {
  const limit = `the smallest that so many toys can give is ${pText(smallestP)}`;
  if (p > alarm) return `no drift seen: p = ${pText(p)} (alarm at ${alarm}; ${limit})`;
  const beyond = p === smallestP;
  const far =
    beyond && chiSquared
      ? `; the toys continued as a multiple of chi-squared: Z = ${chiSquared.z.toFixed(1)}`
      : "";
  return `drift: p ${beyond ? "<=" : "="} ${pText(p)} (alarm at ${alarm}; ${limit}${far})`;
}

/** The density ratio with the standardization inside: x [batch, columns] as in the file. */
function exportRatio(model: FalkonModel, columns: readonly SharedColumn[]): Uint8Array {
  const row = (values: readonly number[]) => constant(float32(values, [1, values.length]));
  const [mean, scale] = [row(columns.map((c) => c.mean)), row(columns.map((c) => c.scale))];
  return exportFalkon(model, {
    name: "drift",
    before: ({ x }) => div(sub(x, mean), scale),
    after: (logRatio) => ({ log_ratio: logRatio }),
    metadata: { "forty.drift.columns": JSON.stringify(columns.map(({ name }) => name)) },
  });
}
