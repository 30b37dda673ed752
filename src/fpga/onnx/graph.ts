import { FormatError } from "../../base/errors.ts";
import { sizeOf, toNumbers } from "../../base/host-array.ts";
import {
  type AttributeProto,
  fromTensorProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from "../../onnx/index.ts";
import type { FixedFormat } from "../format.ts";
import type { NetworkBuilder } from "./builder.ts";
import {
  batchOf,
  type ConstantValue,
  constantValue,
  holdsBatchSize,
  isConstantLane,
  lanesOf,
  type Value,
} from "./lanes.ts";
import { layerOfWeight } from "./names.ts";

/** What the rule of an operator works with. */
export interface OpContext {
  readonly node: NodeProto;
  readonly builder: NetworkBuilder;
  /** Values of the inputs; null where left out. */
  readonly inputs: readonly (Value | null)[];
  /** Version of the default operator set. */
  readonly opset: number;
  /** Name for nodes made here. */
  readonly layer: string;
  /** Whether the first input holds integers, by its element type. */
  readonly isWhole: boolean;
}

/** Gives the values of a node's outputs. */
export type OpRule = (context: OpContext) => Value | readonly Value[];

/** Refuses a node. */
export function refuse({ node }: Pick<OpContext, "node">, reason: string): never {
  throw new FormatError(
    `importOnnx: node "${node.name || node.output[0]}" (${node.opType}): ${reason}`,
  );
}

const attribute = ({ node }: OpContext, name: string): AttributeProto | undefined =>
  node.attribute.find((a) => a.name === name);

// some writers leave zeros out: an attribute without a number is 0, a missing one its default
export const intOf = (context: OpContext, name: string, fallback: number): number => {
  const found = attribute(context, name);
  return found ? Number(found.i ?? 0) : fallback;
};
export const floatOf = (context: OpContext, name: string, fallback: number): number => {
  const found = attribute(context, name);
  return found ? (found.f ?? 0) : fallback;
};
export const stringOf = (context: OpContext, name: string, fallback: string): string => {
  const bytes = attribute(context, name)?.s;
  return bytes ? new TextDecoder().decode(bytes) : fallback;
};
/** A list of integers; null where the attribute is missing. */
export const intsOf = (context: OpContext, name: string): number[] | null =>
  attribute(context, name)?.ints?.map(Number) ?? null;
export const floatsOf = (context: OpContext, name: string): readonly number[] | null =>
  attribute(context, name)?.floats ?? null;
export const tensorOf = (context: OpContext, name: string): TensorProto | undefined =>
  attribute(context, name)?.t;

/** An input that must be there. */
export function inputOf(context: OpContext, i: number): Value {
  return context.inputs[i] ?? refuse(context, `input ${i} is missing`);
}

/** An input that must be constant. */
export function constantOf(context: OpContext, i: number, what: string): ConstantValue {
  const value = inputOf(context, i);
  if (value.kind !== "constant")
    refuse(context, `${what} depends on the data; it must be constant`);
  return value;
}

/** Integers of a constant input, or of the attribute of older operator sets; null for neither. */
export function listOf(context: OpContext, i: number, name: string): number[] | null {
  if (context.inputs[i]) return [...constantOf(context, i, name).data];
  return intsOf(context, name);
}

/**
 * Sizes of a shape that is constant but for the batch, which counts 1.
 * @returns the sizes and which of them is the batch size, -1 for none; null where not given.
 */
export function sizesOf(
  context: OpContext,
  i: number,
  name: string,
): { readonly sizes: number[]; readonly batch: number } | null {
  const value = context.inputs[i];
  if (!value || !holdsBatchSize(value)) {
    const sizes = listOf(context, i, name);
    return sizes && { sizes, batch: -1 };
  }
  let batch = -1;
  const sizes = lanesOf(value).map((lane, axis) => {
    if (isConstantLane(lane)) return lane.offset;
    if (lane.coefs[0] !== 1 || lane.offset !== 0 || batch >= 0)
      refuse(context, `size ${axis} of the ${name} mixes the batch with features`);
    batch = axis;
    return 1;
  });
  return { sizes, batch };
}

/** An axis from 0; refused where it is the batch. */
export function featureAxis(context: OpContext, value: Value, axis: number): number {
  const rank = value.shape.length;
  const at = axis < 0 ? axis + rank : axis;
  if (!(at >= 0 && at < rank)) refuse(context, `axis ${axis} of a tensor of ${rank} axes`);
  if (at === batchOf(value)) refuse(context, "works across the batch; each inference stands alone");
  return at;
}

/** Layer of the weights of a node: by the weights' name, or the node's. */
export function weightLayer(context: OpContext, weights: string, kind: string): string {
  const isAnonymous = weights === "" || /^(const|onnx::)/.test(weights);
  return (isAnonymous ? null : layerOfWeight(weights, kind)) ?? context.layer;
}

/** Initializers as constants. @throws FormatError for NaN and infinite values. */
export function readConstant(tensor: TensorProto, mayBeInfinite = false): ConstantValue {
  const array = fromTensorProto(tensor);
  const data = Float64Array.from(toNumbers(array));
  const bad = data.findIndex((v) => Number.isNaN(v) || (!mayBeInfinite && !Number.isFinite(v)));
  if (bad >= 0)
    throw new FormatError(
      `importOnnx: tensor "${tensor.name}" holds ${data[bad]} at element ${bad} of [${array.shape}]; train again or replace it`,
    );
  const format = integerFormats[tensor.dataType];
  const formats = format && new Array<FixedFormat>(sizeOf(array.shape)).fill(format);
  return constantValue(array.shape, data, tensor.name ?? "", formats ?? null);
}

const integer = (signed: boolean, width: number): FixedFormat => ({
  signed,
  width,
  integer: width,
  rounding: "RND_CONV",
  overflow: "SAT",
});

/** Formats of quantized tensors by element type: uint8, int8, uint16, int16. */
export const integerFormats: Readonly<Record<number, FixedFormat>> = {
  2: integer(false, 8),
  3: integer(true, 8),
  4: integer(false, 16),
  5: integer(true, 16),
};

/** Version of the default operator set. */
export function opsetOf(model: ModelProto): number {
  return model.opsetImport.find(({ domain }) => !domain || domain === "ai.onnx")?.version ?? 1;
}
