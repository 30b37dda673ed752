import { FormatError } from "../../base/errors.ts";
import { decodeModel } from "../../onnx/index.ts";
import type { RecalibrationConfig } from "./config.ts";
import type { Dataset } from "./prepare.ts";
import { type ObjectKind, quantityText } from "./quantities.ts";
import type { InputColumn } from "./sources.ts";

/** A column that a model writes. */
export interface OutputColumn {
  readonly name: string;
  readonly unit: string | null;
}

/** What an exported recalibration says about itself. */
export interface ModelColumns {
  readonly object: ObjectKind;
  /** Name of the model's only input, [batch, inputs] float32. */
  readonly inputName: string;
  readonly inputs: readonly InputColumn[];
  readonly outputs: readonly OutputColumn[];
  /** What it was trained with: shape, error minimized, L1 pt window in GeV, ends excluded. */
  readonly config: Pick<RecalibrationConfig, "model" | "minimize" | "ptMin" | "ptMax">;
}

const taskKey = "forty.task";
const inputsKey = "forty.inputs";
const outputsKey = "forty.outputs";
const configKey = "forty.config";

/** Name of the task, in metadata and `config.json`. */
export const taskName = (object: ObjectKind) => `recalibrate ${object}`;

/** `metadata_props` of an exported model: columns with units, configuration, provenance. */
export function modelMetadata(
  data: Dataset,
  config: ModelColumns["config"],
  provenance: object,
): Record<string, string> {
  const outputs = data.quantities.map((q): OutputColumn => {
    const { output, unit } = quantityText[q];
    return { name: output, unit: unit || null };
  });
  return {
    [taskKey]: taskName(data.source.object),
    [inputsKey]: JSON.stringify(data.source.inputs),
    [outputsKey]: JSON.stringify(outputs),
    [configKey]: JSON.stringify(config),
    "forty.provenance": JSON.stringify(provenance),
  };
}

/** Columns of an exported recalibration. @throws FormatError where the model is not one of ours. */
export function readModelColumns(where: string, model: Uint8Array): ModelColumns {
  const { metadataProps, graph } = decodeModel(model);
  const metadata = new Map(metadataProps.map((p) => [p.key, p.value]));
  const object = (["muons", "jets"] as const).find((o) => metadata.get(taskKey) === taskName(o));
  if (!object)
    throw new FormatError(
      `${where}: an ONNX model, but not one that 'forty recalibrate' exported (no ${taskKey} in its metadata); its columns are unknown`,
    );
  const inputs = listOf<InputColumn>(metadata.get(inputsKey));
  const outputs = listOf<OutputColumn>(metadata.get(outputsKey));
  const config = configOf(metadata.get(configKey));
  const given = graph.output.map((o) => o.name);
  if (!inputs || !outputs || !config || outputs.some(({ name }) => !given.includes(name)))
    throw new FormatError(
      `${where}: damaged: its metadata do not list the columns that its graph reads and writes; export it again`,
    );
  return { object, inputName: graph.input[0].name, inputs, outputs, config };
}

function configOf(text: string | undefined): ModelColumns["config"] | null {
  try {
    const config = JSON.parse(text ?? "") as ModelColumns["config"];
    return Number.isFinite(config.ptMin) && Number.isFinite(config.ptMax) ? config : null;
  } catch {
    return null;
  }
}

/** A JSON list of named things; null for anything else. */
function listOf<T extends { readonly name: string }>(text: string | undefined): T[] | null {
  try {
    const list = JSON.parse(text ?? "") as T[];
    return list.every(({ name }) => typeof name === "string") ? list : null;
  } catch {
    return null;
  }
}
