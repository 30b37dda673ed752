import { ConfigError } from "../../base/errors.ts";

/** How two tables are compared. */
export interface DriftSettings {
  /** Columns compared, or null for all that both tables have and that say something. */
  readonly columns: readonly string[] | null;
  /** Rows to keep, as an SQL condition over the columns of the files. */
  readonly where: string | null;
  /** Rows of each table at most, drawn at random. */
  readonly rows: number;
  /** Permuted experiments, whose t the observed one is compared with. */
  readonly toys: number;
  /** Kernel centers M; "auto": the square root of the rows compared. */
  readonly centers: number | "auto";
  /** Width of the Gaussian kernel, in standard deviations; "auto": 90th percentile of distances. */
  readonly width: number | "auto";
  readonly lambda: number;
  /** p-value at or below which a drift is reported: the rate of false alarms. */
  readonly alarm: number;
  readonly seed: number;
}

export const driftDefaults: DriftSettings = {
  columns: null,
  where: null,
  rows: 20_000,
  toys: 100,
  centers: "auto",
  width: "auto",
  lambda: 1e-6,
  alarm: 0.01,
  seed: 0,
};

/** @throws ConfigError for settings under which no drift could ever be reported. */
export function requireSettings({ alarm, toys, rows }: DriftSettings): void {
  if (!(alarm > 0 && alarm < 1))
    throw new ConfigError(`drift.alarm: must be between 0 and 1, got ${alarm}`);
  if (!(Number.isInteger(rows) && rows >= 20))
    throw new ConfigError(`drift.rows: expected an integer >= 20, got ${rows}`);
  const least = Math.ceil(1 / alarm - 1 - 1e-9);
  if (!(Number.isInteger(toys) && toys >= least))
    throw new ConfigError(
      `drift.toys: ${toys} toys give no p-value below ${pText(1 / (toys + 1))}, and so no alarm at ${alarm}; take at least ${least}`,
    );
}

/** A p-value to two digits: 0.0099, 3.1e-7; "1e-300" stands for all below, where float64 ends. */
export function pText(p: number): string {
  if (p < 1e-300) return "1e-300";
  return String(Number(p.toPrecision(2)));
}
