import { describe, expect, it } from "vitest";
import type { DType } from "../../src/base/host-array.ts";
import {
  decodeModel,
  encodeModel,
  fromTensorProto,
  type TensorProto,
} from "../../src/onnx/index.ts";
import { encode } from "../../src/onnx/wire.ts";

/** The tensor that bytes hold, read as the only initializer of a model. */
function tensor(hex: string): TensorProto {
  const bytes = encode(
    {
      irVersion: [1, "int"],
      graph: [7, { initializer: [5, "bytes", "repeated"] }],
      opsetImport: [8, { version: [2, "int"] }, "repeated"],
    },
    {
      irVersion: 8,
      graph: { initializer: [Buffer.from(hex, "hex")] },
      opsetImport: [{ version: 17 }],
    },
  );
  const model = decodeModel(bytes);
  expect(decodeModel(encodeModel(model))).toEqual(model);
  return model.graph.initializer[0];
}

const { fround } = Math;
const half = [1.5, -0.0999755859375];
const smallest = 2 ** -24;

// Bytes of onnx 1.12, SerializeToString() of helper.make_tensor and numpy_helper.from_array
const written: readonly [string, DType, readonly (number | bigint)[], string][] = [
  ["float", "float32", [1.5, -2, fround(0.1)], "08031001220c0000c03f000000c0cdcccc3d420174"],
  ["double", "float64", [1.5, -0.1], "0802100b4201745210000000000000f83f9a9999999999b9bf"],
  [
    "int64",
    "int64",
    [1n, -2n, 2n ** 60n + 1n],
    "080310073a1401feffffffffffffffff01818080808080808010420174",
  ],
  ["int32", "int32", [1, -2, 70000], "080310062a0e01feffffffffffffffff01f0a204420174"],
  ["int8", "int32", [1, -128, 127], "080310032a0c0180ffffffffffffffff017f420174"],
  ["uint8", "uint8", [1, 0, 255], "080310022a040100ff01420174"],
  ["int16", "int32", [300, -300], "080210052a0cac02d4fdffffffffffffff01420174"],
  ["uint16", "int32", [300, 65535], "080210042a05ac02ffff03420174"],
  ["bool", "bool", [1, 0, 1], "080310092a03010001420174"],
  ["float16", "float32", [...half, 65504, smallest], "0804100a2a09807ce6dc02fff70101420174"],
  ["bfloat16", "float32", [1.5, -0.10009765625], "080210102a05c07fcdfb02420174"],
  ["uint32", "int64", [1n, 2n ** 32n - 1n], "0802100c4201745a0601ffffffff0f"],
  ["uint64", "int64", [1n, 2n ** 40n], "0802100d4201745a0701808080808020"],
  ["raw int8", "int32", [1, -128, 127], "080310034201744a0301807f"],
  ["raw int16", "int32", [300, -300], "080210054201744a042c01d4fe"],
  ["raw uint16", "int32", [300, 65535], "080210044201744a042c01ffff"],
  ["raw uint32", "int64", [1n, 2n ** 32n - 1n], "0802100c4201744a0801000000ffffffff"],
  [
    "raw float16",
    "float32",
    [...half, Number.POSITIVE_INFINITY, -0, smallest],
    "0805100a4201744a0a003e66ae007c00800100",
  ],
  ["raw bfloat16", "float32", [1.5, -0.10009765625], "080210104201744a04c03fcdbd"],
  // by hand: one tag per element, as the encoding allows for lists, and dims packed
  ["float, unpacked", "float32", [1.5, -2], "0a0102100125 0000c03f 25 000000c0 420174"],
  ["double, unpacked", "float64", [1.5], "0801100b420174 51 000000000000f83f"],
  ["int64, unpacked", "int64", [3n, -1n], "080210073803 38ffffffffffffffffff01"],
  ["NaN of float16", "float32", [Number.NaN], "0801100a4a02017e"],
];

describe("tensors of other writers", () => {
  it.each(written)("%s", (_, dtype, values, hex) => {
    const array = fromTensorProto(tensor(hex.replaceAll(" ", "")));
    expect(array.dtype).toBe(dtype);
    expect(array.shape).toEqual([values.length]);
    expect([...array.data]).toEqual(values);
  });

  it("scalars and empty lists without any data", () => {
    const scalar = { dtype: "float32", shape: [], data: Float32Array.of(1.5) };
    expect(fromTensorProto(tensor("1001250000c03f"))).toEqual(scalar);
    const empty = { dtype: "float32", shape: [0], data: new Float32Array(0) };
    expect(fromTensorProto(tensor("08001001"))).toEqual(empty);
  });
});

describe("tensors that cannot be read are told by name", () => {
  const attempt = (hex: string) => () => fromTensorProto(tensor(hex));

  it("in another file", () => {
    // numpy_helper.from_array, then external_data_helper.set_external_data
    const external =
      "08021001420a6269672e7765696768746a130a086c6f636174696f6e12076269672e62696e6a0b0a066f66667365741201306a0b0a066c656e6774681201387001";
    expect(attempt(external)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: tensor "big.weight" lies in another file (external data); save the model as one file]`,
    );
  });

  it("with too few elements, or none", () => {
    expect(
      attempt("0803100125 0000c03f 420174".replaceAll(" ", "")),
    ).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: tensor "t" [3] needs 3 elements, has 1]`,
    );
    expect(attempt("08031001420174")).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: tensor "t" [3] needs 3 elements, has 0]`,
    );
  });

  it("of text, or unsigned beyond 2^63", () => {
    expect(attempt("080010084201 74".replaceAll(" ", ""))).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: tensor "t" has element type 8; floats, integers and bool of 8 to 64 bits are read]`,
    );
    const unsigned = "0802100d4201744a1001000000000000000000000000000080";
    expect(attempt(unsigned)).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: tensor "t" holds an integer of 2^63 or more at element 1]`,
    );
  });

  it("with sizes that are no sizes", () => {
    const bad = (hex: string) => attempt(hex.replaceAll(" ", ""));
    expect(bad("08 ffffffffffffffffff01 1001 420174")).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: tensor "t" has the shape [-1]; expected whole numbers from 0]`,
    );
    expect(bad("08 ffffffffffffffff7f 1001 420174")).toThrowErrorMatchingInlineSnapshot(
      `[FormatError: onnx: tensor "t" has the shape [9223372036854775807]; expected whole numbers from 0]`,
    );
  });
});
