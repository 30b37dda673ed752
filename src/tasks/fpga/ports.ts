import { ConfigError } from "../../base/errors.ts";
import { float32, type HostArray, sizeOf } from "../../base/host-array.ts";
import { type FloatNetwork, importOnnx } from "../../fpga/index.ts";
import { createPredictor } from "../../nn/index.ts";
import { encodeModel, type ModelProto } from "../../onnx/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { type CutModel, cutModel, featurePort, logicModel } from "./cut.ts";

/** Rows that go into the logic: per port, row-major [rows, lanes]. */
export interface PortRows {
  readonly rows: number;
  readonly ports: Readonly<Record<string, Float64Array>>;
}

/** A model whose logic is known as a network, and the way from the model's inputs to its ports. */
export interface ModelLogic {
  readonly network: FloatNetwork;
  /** Computes what the ports see from the model's inputs, [rows, columns] each. */
  portsOf(inputs: Readonly<Record<string, HostArray>>): Promise<PortRows>;
}

/**
 * Finds the logic of a model and reads it as a network.
 * @param sample - some rows of the model's inputs; needed only where features come before the logic.
 * @param units - of outputs that are to come out in hardware units.
 */
export async function readLogic(
  runtime: Runtime,
  model: ModelProto,
  options: {
    readonly name: string;
    readonly sample: Readonly<Record<string, HostArray>> | null;
    readonly units: Readonly<Record<string, number>>;
  },
): Promise<ModelLogic> {
  const { name, sample, units } = options;
  const cut = cutModel(model, name);
  if (!cut.before) {
    const network = importOnnx(model, { name, units });
    return { network, portsOf: async (inputs) => portRows(network, inputs) };
  }
  if (!sample)
    throw new ConfigError(
      `fpga: ${name}: its features are computed before the logic, and their ranges are known from data only; name the data with --data`,
    );
  const widths = (await evaluateBefore(runtime, cut, sample)).map(widthOf);
  const network = importOnnx(logicModel(model, cut, widths), { name, units });
  return {
    network,
    portsOf: async (inputs) => {
      const tensors = await evaluateBefore(runtime, cut, inputs);
      return portRows(network, { [featurePort]: sideBySide(tensors) });
    },
  };
}

const widthOf = ({ shape }: HostArray) => sizeOf(shape.slice(1));

/** Matrices [rows, ...] as one, beside each other. */
function sideBySide(parts: readonly HostArray[]): HostArray {
  const [rows] = parts[0].shape;
  const total = parts.reduce((sum, part) => sum + widthOf(part), 0);
  const values = new Float32Array(rows * total);
  let from = 0;
  for (const part of parts) {
    const width = widthOf(part);
    for (let row = 0; row < rows; row++)
      for (let j = 0; j < width; j++)
        values[row * total + from + j] = Number(part.data[row * width + j]);
    from += width;
  }
  return float32(values, [rows, total]);
}

async function evaluateBefore(
  runtime: Runtime,
  { before, ports }: CutModel,
  inputs: Readonly<Record<string, HostArray>>,
): Promise<HostArray[]> {
  const predictor = await createPredictor(runtime, encodeModel(before as ModelProto));
  try {
    const tensors = await predictor.predict(inputs);
    return ports.map((port) => tensors[port]);
  } finally {
    await predictor.dispose();
  }
}

function portRows(
  { inputs }: FloatNetwork,
  tensors: Readonly<Record<string, HostArray>>,
): PortRows {
  const rows = tensors[inputs[0].name].shape[0];
  const ports = inputs.map(({ name }) => [
    name,
    Float64Array.from(tensors[name].data as Float32Array),
  ]);
  return { rows, ports: Object.fromEntries(ports) };
}

/** Some rows of all ports. */
export function takeRows({ ports }: PortRows, rows: Uint32Array, total: number): PortRows {
  const taken = Object.entries(ports).map(([name, values]) => {
    const width = values.length / total;
    const result = new Float64Array(rows.length * width);
    rows.forEach((row, i) => {
      result.set(values.subarray(row * width, (row + 1) * width), i * width);
    });
    return [name, result];
  });
  return { rows: rows.length, ports: Object.fromEntries(taken) };
}
