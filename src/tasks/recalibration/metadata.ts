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
  const metadata = new Map(decodeModel(model).metadataProps.map((p) => [p.key, p.value]));
  if (metadata.get(taskKey) !== taskName)
    throw new FormatError(
      `${where}: an ONNX model, but not one that 'forty recalibrate muons' exported (no ${taskKey} "${taskName}" in its metadata); its columns are unknown`,
    );
  return {
    inputs: JSON.parse(metadata.get(inputsKey) as string),
    outputs: JSON.parse(metadata.get(outputsKey) as string),
  };
}
