import { readFile } from "node:fs/promises";
import { FormatError } from "../../base/errors.ts";
import { sizeOf } from "../../base/host-array.ts";
import { decodeModel, dtypeOfElement, type ValueInfoProto } from "../../onnx/index.ts";
import type { Description } from "../info.ts";
import { countText, shortened, textTable } from "../text-table.ts";

/** Producer, inputs, outputs, size and metadata of an ONNX model; it is not run. */
export async function describeModel(path: string): Promise<Description> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === "ENOENT" ? "no such file" : cause.message;
    throw new FormatError(`${path}: ${reason}`, { cause });
  });
  const { graph, ...model } = decodeModel(bytes);
  const parameters = graph.initializer.reduce((n, t) => n + sizeOf(t.dims), 0);
  const isInitialized = new Set(graph.initializer.map((t) => t.name));
  const inputs = graph.input.filter((value) => !isInitialized.has(value.name)).map(valueInfo);
  const outputs = graph.output.map(valueInfo);
  const producer = [model.producerName, model.producerVersion].filter(Boolean).join(" ");
  const opset = model.opsetImport.find(({ domain = "" }) => domain === "")?.version ?? null;
  const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
  const row = (role: string) => (value: ReturnType<typeof valueInfo>) => [
    role,
    value.name,
    value.dtype,
    `[${value.shape.join(", ")}]`,
  ];
  const lines = [
    `${path}: ONNX model${producer ? ` by ${producer}` : ""}, operator set ${opset ?? "unknown"}, ${countText(graph.node.length)} nodes, ${countText(parameters)} constants`,
    textTable(
      ["", "name", "type", "shape"],
      [...inputs.map(row("input")), ...outputs.map(row("output"))],
    ),
    ...Object.entries(metadata).map(([key, value]) => `${key}: ${shortened(value)}`),
  ];
  const nodes = graph.node.length;
  return {
    text: lines.join("\n"),
    data: {
      file: path,
      format: "onnx",
      producer,
      opset,
      nodes,
      parameters,
      inputs,
      outputs,
      metadata,
    },
  };
}

function valueInfo({ name, type }: ValueInfoProto) {
  const { elemType, shape } = type.tensorType;
  const dims = shape?.dim.map((d) => d.dimParam ?? d.dimValue ?? 0) ?? [];
  return { name, dtype: dtypeOfElement(elemType) ?? `ONNX type ${elemType}`, shape: dims };
}
