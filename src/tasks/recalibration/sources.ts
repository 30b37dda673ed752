import { DataError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import type { Table } from "../../data/index.ts";
import type { Tensor } from "../../graph/index.ts";
import type { Quantity, Values } from "./quantities.ts";
import { omtfSource } from "./source-omtf.ts";
import { reportSource } from "./source-report.ts";

/** A column that a model reads. */
export interface InputColumn {
  readonly name: string;
  readonly unit: string | null;
  /** May be empty (NaN) in a row. */
  readonly optional?: true;
  /** Valid range of hardware integers. */
  readonly range?: readonly [number, number];
}

/** A kind of muon file: what its columns mean. */
export interface MuonSource {
  readonly name: string;
  readonly title: string;
  /** Columns that the model reads, in the order of its input. */
  readonly inputs: readonly InputColumn[];
  /** Offline (or generated) column per quantity; the ones a file lacks are not recalibrated. */
  readonly targets: Partial<Readonly<Record<Quantity, string>>>;
  /** What the targets are called in figures. */
  readonly reference: string;
  /** Column that says which part a row belongs to, with its values; null: split at random. */
  readonly split: { readonly column: string; readonly train: string; readonly test: string } | null;
  /** Rows without an offline partner have zeros in all target columns. */
  readonly zeroMeansUnmatched: boolean;
  /** How features are scaled: to [0, 1] as in the report, or to mean 0 and deviation 1. */
  readonly scaling: "unit" | "standard";
  /** The L1 measurement of a table in physical units. */
  level1(table: Table): Values;
  /** The targets in physical units; phi in [0, 2π). */
  offline(table: Table): Values;
  /** The L1 measurement inside a model: one [batch, 1] tensor per quantity. */
  level1Graph(columns: Readonly<Record<string, Tensor>>): Partial<Record<Quantity, Tensor>>;
  /** Features [batch, names.length] from input columns [batch, 1], before scaling. */
  features(columns: Readonly<Record<string, Tensor>>): {
    readonly names: readonly string[];
    readonly x: Tensor;
  };
}

export const muonSources: readonly MuonSource[] = [reportSource, omtfSource];

/**
 * The kind of file with these columns: all inputs and at least one target must be there.
 * @throws DataError naming what is missing from the kind that fits best.
 */
export function findSource(file: string, names: readonly string[]): MuonSource {
  const missing = (s: MuonSource) => s.inputs.filter((c) => !names.includes(c.name));
  const complete = muonSources.find((s) => missing(s).length === 0);
  if (complete) {
    const targets = Object.values(complete.targets);
    if (targets.some((t) => names.includes(t))) return complete;
    throw lacking(file, targets, names, `all offline columns of ${complete.title} (one is enough)`);
  }
  const closest = muonSources.toSorted((a, b) => share(missing(a), a) - share(missing(b), b))[0];
  throw lacking(
    file,
    missing(closest).map((c) => c.name),
    names,
    closest.title,
  );
}

const share = (missing: readonly InputColumn[], { inputs }: MuonSource) =>
  missing.length / inputs.length;

function lacking(
  file: string,
  missing: readonly string[],
  names: readonly string[],
  title: string,
): DataError {
  const known = muonSources.flatMap((s) => s.inputs.map((c) => c.name));
  const unknown = names.filter((name) => !known.includes(name));
  const hints = missing.flatMap((m) => {
    const guess = nearMiss(m, unknown);
    return guess ? [`"${guess}" for "${m}"`] : [];
  });
  return new DataError(
    `${file}: missing ${missing.map((m) => `"${m}"`).join(", ")} of ${title}; there are ${names.join(", ")}` +
      (hints.length > 0
        ? `; did you mean ${hints.join(", ")}?`
        : "; rename the columns in the file"),
  );
}
