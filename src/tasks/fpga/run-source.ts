import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError, DataError } from "../../base/errors.ts";
import { float32, type HostArray } from "../../base/host-array.ts";
import { createRng } from "../../base/rng.ts";
import { numericColumn, readTable } from "../../data/index.ts";
import { decodeModel, type ModelProto } from "../../onnx/index.ts";
import { parseRecalibration, type RecalibrationConfig } from "../recalibration/config.ts";
import { type ModelColumns, readModelColumns } from "../recalibration/metadata.ts";
import { type Dataset, prepareObjects } from "../recalibration/prepare.ts";
import { type Fingerprint, findModel, fingerprint } from "../run-folder.ts";

/** What a design starts from. */
export interface DesignSource {
  /** Of the model: the name of its run folder or file. */
  readonly name: string;
  readonly model: ModelProto;
  /** A recalibration of ours with the data it learned from, found again; else null. */
  readonly recalibration: {
    readonly columns: ModelColumns;
    readonly config: RecalibrationConfig;
    readonly data: Dataset;
  } | null;
  /** Rows of another model's inputs: of a table, or drawn at random; null for a recalibration. */
  readonly inputs: Readonly<Record<string, HostArray>> | null;
  /** Where the rows come from, in words. */
  readonly rowsText: string;
  readonly files: readonly string[];
}

/** Opens a run folder or an ONNX file, with its data where they can be found. */
export async function openSource(
  path: string,
  { files, rows, seed }: { files: readonly string[]; rows: number; seed: number },
): Promise<DesignSource> {
  const bytes = await findModel(path);
  const model = decodeModel(bytes);
  const info = await stat(path);
  const name = basename(resolve(path)).replace(/\.onnx$/, "");
  const isOurs = model.metadataProps.some(
    (p) => p.key === "forty.task" && p.value.startsWith("recalibrate"),
  );
  if (!isOurs)
    return {
      name,
      model,
      recalibration: null,
      files,
      ...(await otherInputs(model, { files, rows, seed })),
    };
  const columns = readModelColumns(path, bytes);
  const { config, inputs } = metadataOf(model);
  const folder = info.isDirectory() ? path : dirname(path);
  const found = files.length > 0 ? files : await findFiles(inputs, folder);
  if (!found) throw new DataError(missing(path, inputs));
  const { object } = columns;
  const settings = parseRecalibration(object, known(object, config));
  const data = await prepareObjects(object, found, settings);
  return {
    name,
    model,
    recalibration: { columns, config: settings, data },
    inputs: null,
    rowsText: `${data.source.title}, ${found.map((f) => basename(f)).join(", ")}`,
    files: found,
  };
}

function known(object: ModelColumns["object"], config: Record<string, unknown>) {
  const { model, ...rest } = config;
  // a kernel machine has no shape of a network
  const shape = /^\d+x\d+$/.test(String(model)) ? { model } : {};
  const keep = new Set([
    "ptMin",
    "ptMax",
    "minimize",
    "loss",
    "lr",
    "l2",
    "fractions",
    "where",
    "seed",
    "simulated",
    "batch",
    ...(object === "jets" ? ["pileup"] : []),
  ]);
  const own = Object.entries(rest).filter(([key]) => keep.has(key));
  return { ...Object.fromEntries(own), ...shape } as Partial<RecalibrationConfig>;
}

function metadataOf({ metadataProps }: ModelProto) {
  const read = (key: string) =>
    JSON.parse(metadataProps.find((p) => p.key === key)?.value ?? "{}") as Record<string, unknown>;
  const { inputs = [] } = read("forty.provenance") as { inputs?: readonly Fingerprint[] };
  return { config: read("forty.config"), inputs };
}

/** Files with these fingerprints in the working folder, its data folder, beside the model or above. */
async function findFiles(wanted: readonly Fingerprint[], folder: string): Promise<string[] | null> {
  if (wanted.length === 0) return null;
  const parents = [
    folder,
    dirname(resolve(folder)),
    dirname(dirname(resolve(folder))),
    dirname(dirname(dirname(resolve(folder)))),
  ];
  const folders = [".", "data", ...parents, ...parents.map((p) => join(p, "data"))];
  const found: string[] = [];
  for (const { file, bytes, sha256 } of wanted) {
    const places = [...new Set(folders.map((f) => join(f, file)))];
    let place: string | null = null;
    for (const path of places) {
      const info = await stat(path).catch(() => null);
      if (place || info?.size !== bytes) continue;
      if ((await fingerprint(path)).sha256 === sha256) place = path;
    }
    if (!place) return null;
    found.push(place);
  }
  return found;
}

function missing(path: string, inputs: readonly Fingerprint[]): string {
  const files = inputs.map(({ file, bytes }) => `${file} (${bytes} bytes)`).join(", ");
  return `fpga: the data that ${path} learned from, ${files || "not named in it"}, are neither here nor in data/ nor beside it; name them with --data`;
}

/** Rows for a model that is not a recalibration. */
async function otherInputs(
  model: ModelProto,
  { files, rows, seed }: { files: readonly string[]; rows: number; seed: number },
) {
  const initializers = new Set(model.graph.initializer.map((t) => t.name));
  const ports = model.graph.input.filter((i) => !initializers.has(i.name));
  const widths = ports.map(({ type }) =>
    (type.tensorType.shape?.dim ?? []).slice(1).reduce((n, d) => n * (d.dimValue ?? 1), 1),
  );
  const shapes = ports.map(({ type }) =>
    (type.tensorType.shape?.dim ?? []).slice(1).map((d) => d.dimValue ?? 1),
  );
  const total = widths.reduce((a, b) => a + b, 0);
  const columns = files.length > 0 ? await tableColumns(files, total, rows) : null;
  const n = columns ? columns[0].length : rows;
  const rng = createRng(seed).split("inputs");
  let from = 0;
  const inputs = ports.map(({ name }, k) => {
    const width = widths[k];
    const values = new Float32Array(n * width);
    for (let j = 0; j < width; j++)
      for (let i = 0; i < n; i++)
        values[i * width + j] = columns ? columns[from + j][i] : rng.normal();
    from += width;
    return [name, float32(values, [n, ...shapes[k]])] as const;
  });
  const rowsText = columns
    ? `${n} rows of ${files.map((f) => basename(f)).join(", ")}`
    : "normal random numbers; give real rows with --data";
  return { inputs: Object.fromEntries(inputs), rowsText };
}

async function tableColumns(files: readonly string[], width: number, rows: number) {
  const [file, ...others] = files;
  if (others.length > 0)
    throw new ConfigError(
      `fpga: ${files.length} tables given, and one is read for a model that is no recalibration; join them with 'forty convert'`,
    );
  const table = await readTable(file);
  const numeric = table.columns.filter((c) => typeof c.values[0] === "number");
  if (numeric.length < width)
    throw new DataError(
      `${file}: ${numeric.length} numeric columns, and the model reads ${width}; its columns must be the model's inputs in order`,
    );
  return numeric.slice(0, width).map(({ name }) => numericColumn(table, name).slice(0, rows));
}
