import { FormatError } from "../../base/errors.ts";
import type { ModelProto, NodeProto, ValueInfoProto } from "../../onnx/index.ts";
import { rangeOf } from "../format.ts";
import type { FloatInput, FloatNetwork } from "../network.ts";
import { NetworkBuilder } from "./builder.ts";
import { compositeRules } from "./composites.ts";
import { divideLane, elementwiseRules } from "./elementwise.ts";
import {
  integerFormats,
  type OpContext,
  type OpRule,
  opsetOf,
  readConstant,
  refuse,
} from "./graph.ts";
import { wholeNumbers } from "./integers.ts";
import {
  batchOf,
  type ConstantValue,
  constantValue,
  holdsBatchSize,
  type LaneValue,
  lanesOf,
  type Value,
} from "./lanes.ts";
import { linearQuantizerRules } from "./linear-quantizers.ts";
import { readFields } from "./metadata.ts";
import { mlRules } from "./ml.ts";
import { identifier } from "./names.ts";
import { matchLeakyRelus, matchRemainders, remainderRule, remainderType } from "./patterns.ts";
import { productRules } from "./products.ts";
import { quantizerRules } from "./quantizers.ts";
import { reductionRules } from "./reductions.ts";
import { shapingRules } from "./shaping.ts";
import { simplify, snap } from "./simplify.ts";

export interface ImportOptions {
  /** Name of the network; default: the graph's. */
  readonly name?: string;
  /**
   * Outputs by name that are divided by a number inside of the network, so that they come out in
   * these units, e.g. { phiCalib: 2 pi / 576 } for hardware integers.
   */
  readonly units?: Readonly<Record<string, number>>;
}

const standardRules: Readonly<Record<string, OpRule>> = {
  ...elementwiseRules,
  ...compositeRules,
  ...linearQuantizerRules,
  ...shapingRules,
  ...productRules,
  ...reductionRules,
};

const quantizedReason = "export in the form with QuantizeLinear and DequantizeLinear";

/** Why operators without a rule cannot have one, where it is more than "not built". */
const reasons: Readonly<Record<string, string>> = {
  Floor: "only as x - p floor(x / p), the remainder of a period",
  Erf: "there is no table of it; train with Relu, or with Gelu in its tanh form",
  Log: "there is no table of it; leave it outside of the model",
  DynamicQuantizeLinear: "its scale depends on the data; export with fixed scales",
  QLinearConv: quantizedReason,
  QLinearMatMul: quantizedReason,
  ConvInteger: quantizedReason,
  MatMulInteger: quantizedReason,
  NonZero: "the shape of its result depends on the data; logic has fixed wires",
  Loop: "logic has no loops over data; export the model unrolled",
  If: "logic has no branches; export one of them",
  Scan: "logic has no loops over data; export the model unrolled",
  LSTM: "logic has no memory between steps; export the model unrolled",
  GRU: "logic has no memory between steps; export the model unrolled",
  LayerNormalization:
    "needs mean and variance of each inference at run time; train with batch norm, which folds away",
};

/**
 * Reads a trained model into vectors per inference. The batch axis (free, or 1) is left out, the
 * others are flattened row-major. Constants are folded: chains of affine steps become one matrix
 * where that is not larger, scales move into neighboring matrices, exponents and periods.
 * Labels, ranges and units come from the metadata `forty.inputs` and `forty.outputs`.
 * QONNX quantizers become prescribed formats of weights and `quantize` nodes.
 * @throws FormatError naming the node or tensor that has no logic, and why.
 */
export function importOnnx(
  model: ModelProto,
  { name, units = {} }: ImportOptions = {},
): FloatNetwork {
  const { graph } = model;
  const opset = opsetOf(model);
  const builder = new NetworkBuilder();
  const values = new Map<string, Value>();
  const bounds = new Set(
    graph.node.flatMap(({ opType, input }) => (opType === "Clip" ? input.slice(1) : [])),
  );
  for (const tensor of graph.initializer)
    values.set(tensor.name ?? "", readConstant(tensor, bounds.has(tensor.name ?? "")));
  const inputs = graph.input
    .filter((info) => !values.has(info.name))
    .map((info) => readInput(info, model, builder, values));
  const whole = wholeNumbers(graph);
  const inputNames = new Set(inputs.map((input) => input.name));
  const scalars = scalarsOf(values, graph.node);
  const { nodes, periods } = matchRemainders(matchLeakyRelus(graph.node, scalars), scalars);
  const readers = new Map<string, number>();
  for (const read of [...nodes.flatMap((node) => node.input), ...graph.output.map((o) => o.name)])
    readers.set(read, (readers.get(read) ?? 0) + 1);
  for (const node of nodes) {
    const context: OpContext = {
      node,
      builder,
      opset,
      inputs: node.input.map((read) => (read === "" ? null : valueNamed(values, read, node))),
      layer: identifier(node.name || node.output[0]),
      isWhole: whole.has(node.input[0]),
    };
    checkSizes(context);
    const made = ruleOf(context, periods)(context);
    (Array.isArray(made) ? (made as readonly Value[]) : [made as Value]).forEach((value, i) => {
      for (const lane of lanesOf(value))
        if (lane.made === null && inputNames.has(lane.layer)) lane.layer = context.layer;
      if (value.kind === "lanes" && (readers.get(node.output[i]) ?? 0) > 1)
        builder.settleSums(value.lanes);
      values.set(node.output[i], value);
    });
  }
  const fields = readFields(model, "forty.outputs");
  const unknown = Object.keys(units).find((key) => !graph.output.some((o) => o.name === key));
  if (unknown !== undefined)
    throw new FormatError(
      `importOnnx.units: no output "${unknown}"; the model has ${graph.output.map((o) => o.name).join(", ")}`,
    );
  const from = new Map(
    graph.output.map((output) => {
      const value = values.get(output.name);
      if (!value) throw new FormatError(`importOnnx: no node makes the output "${output.name}"`);
      if (holdsBatchSize(value))
        throw new FormatError(`importOnnx: output "${output.name}" is the batch size; remove it`);
      const unit = units[output.name] ?? 1;
      const lanes = lanesOf(value).map((lane) => {
        const scaled = divideLane(lane, unit);
        return unit === 1 ? lane : { ...scaled, coefs: scaled.coefs.map(snap) };
      });
      return [output.name, builder.vectorOf(lanes)];
    }),
  );
  return {
    name: name ?? (identifier(graph.name) || "model"),
    inputs,
    nodes: simplify(builder.nodes, from, builder.widthOf),
    outputs: [...from].map(([output, vector]) => ({
      name: output,
      from: vector,
      physical: fields.find((field) => field.name === output)?.unit ?? null,
    })),
  };
}

/** Operators that may read sizes with the batch size among them, and at which inputs. */
const sizeReaders: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(
    ["Identity", "Cast", "Gather", "Slice", "Squeeze", "Unsqueeze"].map((type) => [type, [0]]),
  ),
  ...Object.fromEntries(["Mul", "Add", "Sub", "Equal"].map((type) => [type, [0, 1]])),
  Where: [1, 2],
  Reshape: [0, 1],
  Expand: [1],
  ConstantOfShape: [0],
  Shape: [0],
  ReduceProd: [0],
};

/** Refuses numbers that depend on how many inferences run together. */
function checkSizes(context: OpContext): void {
  const { inputs, node } = context;
  const sized = inputs.flatMap((value, i) => (value && holdsBatchSize(value) ? [i] : []));
  if (sized.length === 0 || node.opType === "Concat") return;
  const places = sizeReaders[node.opType] ?? [];
  const arithmetic = ["Mul", "Add", "Sub", "Equal", "Where"].includes(node.opType);
  const meetsData = inputs.some((value) => value && batchOf(value) >= 0);
  if (!sized.every((i) => places.includes(i)) || (arithmetic && meetsData))
    refuse(context, "computes with the batch size, which logic does not know; use a constant");
}

function ruleOf(context: OpContext, periods: ReadonlyMap<string, number>): OpRule {
  const { opType, domain = "", output } = context.node;
  if (opType === remainderType) return remainderRule(periods.get(output[0])!);
  const isStandard = domain === "" || domain === "ai.onnx";
  const others = domain === "ai.onnx.ml" ? mlRules : quantizerRules;
  const rule = (isStandard ? standardRules : others)[opType];
  if (rule) return rule;
  const all = { ...standardRules, ...mlRules, ...quantizerRules };
  const supported = Object.keys(all).sort();
  const reason = isStandard ? reasons[opType] : undefined;
  return refuse(
    context,
    `not supported${isStandard ? "" : ` (domain ${domain})`}${reason ? `: ${reason}` : ""}; supported: ${supported.join(", ")}`,
  );
}

function valueNamed(values: ReadonlyMap<string, Value>, name: string, node: NodeProto): Value {
  const value = values.get(name);
  if (!value)
    throw new FormatError(
      `importOnnx: node "${node.name}" (${node.opType}) reads "${name}", which nothing made before it`,
    );
  return value;
}

/** Constants of one element. */
function scalarsOf(values: ReadonlyMap<string, Value>, nodes: readonly NodeProto[]) {
  const scalars = new Map<string, number>();
  const add = (name: string, value: ConstantValue) => {
    if (value.data.length === 1) scalars.set(name, value.data[0]);
  };
  for (const [name, value] of values) if (value.kind === "constant") add(name, value);
  for (const { opType, attribute, output } of nodes) {
    if (opType !== "Constant") continue;
    const given = attribute[0];
    if (given?.t) add(output[0], readConstant(given.t, true));
    else if (given?.f !== undefined) add(output[0], constantValue([], Float64Array.of(given.f)));
  }
  return scalars;
}

/** Registers an input: [batch, ...features], or features alone. */
function readInput(
  info: ValueInfoProto,
  model: ModelProto,
  builder: NetworkBuilder,
  values: Map<string, Value>,
): FloatInput {
  const dims = info.type.tensorType.shape?.dim;
  if (!dims)
    throw new FormatError(`importOnnx: input "${info.name}" has no shape; export with one`);
  const sizes = dims.map((dim) => (dim.dimParam !== undefined ? null : (dim.dimValue ?? null)));
  const free = sizes.flatMap((size, i) => (size === null ? [i] : []));
  const text = dims.map((dim) => dim.dimParam ?? dim.dimValue ?? "?").join(", ");
  if (free.length > 1)
    throw new FormatError(
      `importOnnx: input "${info.name}" [${text}] has ${free.length} free sizes; only the batch may be free`,
    );
  if (free.length === 0 && sizes.length > 1 && sizes[0] !== 1)
    throw new FormatError(
      `importOnnx: input "${info.name}" [${text}] has a fixed batch size; export with a free one, or 1`,
    );
  const batch = free[0] ?? (sizes.length > 1 ? 0 : -1);
  const shape = sizes.map((size) => size ?? 1);
  const width = shape.reduce((n, d) => n * d, 1);
  const { name, lanes } = builder.vector(info.name, width);
  const value: LaneValue = { kind: "lanes", shape, batch, lanes };
  values.set(info.name, value);
  const all = readFields(model, "forty.inputs");
  const fields = all.length === width ? all : all.filter((field) => field.name === info.name);
  const { elemType } = info.type.tensorType;
  const isWhole = [2, 3, 4, 5, 6, 7, 9, 12, 13].includes(elemType);
  const format = integerFormats[elemType];
  const widest = format ? ([rangeOf(format).lo, rangeOf(format).hi] as const) : null;
  return {
    name,
    labels: lanes.map((_, i) => fields[i]?.name ?? (width === 1 ? info.name : `${info.name}${i}`)),
    ranges: lanes.map((_, i) => fields[i]?.range ?? widest),
    isInteger: lanes.map((_, i) => isWhole || (fields[i]?.isInteger ?? false)),
  };
}
