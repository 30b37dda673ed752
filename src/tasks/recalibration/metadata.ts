import { FormatError } from "../../base/errors.ts";
import { decodeModel } from "../../onnx/index.ts";
import type { RecalibrationConfig } from "./config.ts";
import type { Dataset } from "./prepare.ts";
import { quantityText } from "./quantities.ts";
import type { InputColumn } from "./sources.ts";

/** A column that a model writes. */
export interface OutputColumn {
  readonly name: string;
  readonly unit: string | null;
}

/** What an exported recalibration says about itself. */
export interface ModelColumns {
  readonly inputs: readonly InputColumn[];
  readonly outputs: readonly OutputColumn[];
}

const taskKey = "forty.task";
const inputsKey = "forty.inputs";
const outputsKey = "forty.outputs";
const taskName = "recalibrate muons";

/** `metadata_props` of an exported model: columns with units, configuration, provenance. */
export function modelMetadata(
  data: Dataset,
  config: RecalibrationConfig,
  provenance: object,
): Record<string, string> {
  const outputs = data.quantities.map((q): OutputColumn => {
    const { output, unit } = quantityText[q];
    return { name: output, unit: unit || null };
  });
  return {
    [taskKey]: taskName,
    [inputsKey]: JSON.stringify(data.source.inputs),
    [outputsKey]: JSON.stringify(outputs),
    "forty.config": JSON.stringify(config),
    "forty.provenance": JSON.stringify(provenance),
  };
}

/** Columns of an exported recalibration. @throws FormatError where the model is not one of ours. */
export function readModelColumns(where: string, model: Uint8Array): ModelColumns {
  const { metadataProps, graph } = decodeModel(model);
  const metadata = new Map(metadataProps.map((p) => [p.key, p.value]));
  if (metadata.get(taskKey) !== taskName)
    throw new FormatError(
      `${where}: an ONNX model, but not one that 'forty recalibrate muons' exported (no ${taskKey} "${taskName}" in its metadata); its columns are unknown`,
    );
  const inputs = listOf<InputColumn>(metadata.get(inputsKey));
  const outputs = listOf<OutputColumn>(metadata.get(outputsKey));
  const given = graph.output.map((o) => o.name);
  if (!inputs || !outputs || outputs.some(({ name }) => !given.includes(name)))
    throw new FormatError(
      `${where}: damaged: its metadata do not list the columns that its graph reads and writes; export it again`,
    );
  return { inputs, outputs };
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
