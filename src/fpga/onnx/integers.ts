import type { GraphProto } from "../../onnx/index.ts";

/** Element types of whole numbers. */
const wholeTypes = [2, 3, 4, 5, 6, 7, 12, 13];

/** Operators whose result has the type of their first input. */
const keepsType = new Set(
  "Add,Sub,Mul,Div,Neg,Abs,Max,Min,Gather,Slice,Concat,Squeeze,Unsqueeze,Reshape,Identity,Expand,Tile,Transpose,ReduceProd,ReduceSum,ReduceMax,ReduceMin".split(
    ",",
  ),
);

/** Names of the tensors of whole numbers, whose division leaves out the rest. */
export function wholeNumbers({ initializer, input, node }: GraphProto): ReadonlySet<string> {
  const names = new Set<string>();
  const isWhole = (type: number | undefined) => type !== undefined && wholeTypes.includes(type);
  for (const { name, dataType } of initializer) if (isWhole(dataType)) names.add(name ?? "");
  for (const { name, type } of input) if (isWhole(type.tensorType.elemType)) names.add(name);
  for (const { opType, attribute, input: reads, output } of node) {
    const given = attribute.find(({ name }) => name.startsWith("value"));
    const makesWhole =
      opType === "Shape" ||
      opType === "Size" ||
      opType === "ArgMax" ||
      (opType === "Cast" && isWhole(Number(attribute.find((a) => a.name === "to")?.i ?? 0))) ||
      (["Constant", "ConstantOfShape"].includes(opType) &&
        (isWhole(given?.t?.dataType) || given?.name.startsWith("value_int"))) ||
      (keepsType.has(opType) && names.has(reads[0]));
    if (makesWhole) for (const name of output) names.add(name);
  }
  return names;
}
