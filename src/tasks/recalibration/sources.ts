import { ConfigError, DataError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import type { Table } from "../../data/index.ts";
import type { Tensor } from "../../graph/index.ts";
import type { ObjectKind, Quantity, Values, Variable } from "./quantities.ts";
import { jetSources, type Pileup } from "./source-jets.ts";
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

/** A kind of file of Level-1 objects, one a row: what its columns mean. */
export interface ObjectSource {
  readonly object: ObjectKind;
  readonly name: string;
  readonly title: string;
  /** Columns that the model reads, in the order of its input. */
  readonly inputs: readonly InputColumn[];
  /** Offline (or generated) column per quantity; the ones a file lacks are not recalibrated. */
  readonly targets: Partial<Readonly<Record<Quantity, string>>>;
  /** Columns that are read for figures where a file has them. */
  readonly extras?: readonly string[];
  /** What the targets are called in figures. */
  readonly reference: string;
  /** Column that says which part a row belongs to, with its values; null: split at random. */
  readonly split: { readonly column: string; readonly train: string; readonly test: string } | null;
  /** Rows without an offline partner have zeros in all target columns. */
  readonly zeroMeansUnmatched: boolean;
  /** A row that repeats another one is the same object twice, not another one alike. */
  readonly dropsDuplicates: boolean;
  /** How features are scaled: to [0, 1] as in the report, or to mean 0 and deviation 1. */
  readonly scaling: "unit" | "standard";
  /** The L1 measurement of a table in physical units. */
  level1(table: Table): Values;
  /** The targets in physical units; phi in [0, 2π). */
  offline(table: Table): Values;
  /** What resolution and bias are shown against; the offline quantities where this is left out. */
  variables?(table: Table): Variable[];
  /** The L1 measurement inside a model: one [batch, 1] tensor per quantity. */
  level1Graph(columns: Readonly<Record<string, Tensor>>): Partial<Record<Quantity, Tensor>>;
  /** Features [batch, names.length] from input columns [batch, 1], before scaling. */
  features(columns: Readonly<Record<string, Tensor>>): {
    readonly names: readonly string[];
    readonly x: Tensor;
  };
}

/** Kinds of files, those that read more columns first. */
export const sources: readonly ObjectSource[] = [reportSource, omtfSource, ...jetSources];

/**
 * The kind of file with these columns: all inputs and at least one target must be there.
 * @param pileup - of jets: the proxy that the model reads; "auto" is nTowers where it is there.
 * @throws DataError naming what is missing from the kind that fits best.
 */
export function findSource(
  object: ObjectKind,
  file: string,
  names: readonly string[],
  pileup: Pileup = "auto",
): ObjectSource {
  const candidates = sources.filter((s) => s.object === object && isAllowed(s, pileup));
  const missing = (s: ObjectSource) => s.inputs.filter((c) => !names.includes(c.name));
  const complete = candidates.find((s) => missing(s).length === 0);
  if (complete) {
    const targets = Object.values(complete.targets);
    if (targets.some((t) => names.includes(t))) return complete;
    throw lacking(file, targets, names, `all offline columns of ${complete.title} (one is enough)`);
  }
  const other = sources.find((s) => s.object !== object && missing(s).length === 0);
  if (other)
    throw new ConfigError(
      `${file}: holds ${other.title}; use 'forty recalibrate ${other.object}' instead of ${object}`,
    );
  const share = (s: ObjectSource) => missing(s).length / s.inputs.length;
  const closest = candidates.toSorted((a, b) => share(a) - share(b))[0];
  const absent = missing(closest).map((c) => c.name);
  throw lacking(file, absent, names, closest.title);
}

/** "auto" leaves the vertices out: no trigger knows them. */
function isAllowed(source: ObjectSource, pileup: Pileup): boolean {
  if (source.object !== "jets") return true;
  const proxy = source.inputs.find((c) => c.name === "nTowers" || c.name === "nVertices")?.name;
  return pileup === "auto" ? proxy !== "nVertices" : (proxy ?? "none") === pileup;
}

function lacking(
  file: string,
  missing: readonly string[],
  names: readonly string[],
  title: string,
): DataError {
  const known = sources.flatMap((s) => s.inputs.map((c) => c.name));
  const unknown = names.filter((name) => !known.includes(name));
  const hints = missing.flatMap((m) => {
    const guess = nearMiss(m, unknown);
    return guess ? [`"${guess}" for "${m}"`] : [];
  });
  const remedy = missing.some((name) => name === "nTowers" || name === "nVertices")
    ? "; use a model without it, trained with --pileup none"
    : "; rename the columns in the file";
  return new DataError(
    `${file}: missing ${missing.map((m) => `"${m}"`).join(", ")} of ${title}; there are ${names.join(", ")}` +
      (hints.length > 0 ? `; did you mean ${hints.join(", ")}?` : remedy),
  );
}
