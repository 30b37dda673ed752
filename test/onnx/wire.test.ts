import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/base/errors.ts";
import { decode, encode, type MessageType } from "../../src/onnx/wire.ts";

const inner: MessageType = { key: [1, "string"], value: [2, "int"] };
const type: MessageType = {
  id: [1, "int"],
  weight: [2, "float"],
  label: [3, "string"],
  blob: [4, "bytes"],
  child: [5, inner],
  counts: [6, "int", "repeated"],
  floats: [7, "float", "repeated"],
  names: [8, "string", "repeated"],
  doubles: [9, "double", "repeated"],
  children: [900, inner, "repeated"],
};

const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((v) => (BigInt(Number(v)) === v ? Number(v) : v)), // exact ones come back as numbers
);
const float = fc.float({ noNaN: true }).map((v) => (Object.is(v, -0) ? 0 : v));
const text = fc.string({ unit: "grapheme" });
const child = fc.record({ key: text, value: integer });
const message = fc.record({
  id: integer,
  weight: float,
  label: text,
  blob: fc.uint8Array({ maxLength: 3000 }),
  child,
  counts: fc.array(integer),
  floats: fc.array(float),
  names: fc.array(text),
  doubles: fc.array(fc.double({ noNaN: true })),
  children: fc.array(child),
});
const runs = { numRuns: 300, seed: 40 };

describe("wire format", () => {
  it("gives back every message: negative and 64-bit integers, floats, text, bytes, nesting", () => {
    fc.assert(
      fc.property(message, (m) => {
        expect(decode(type, encode(type, m))).toEqual(m);
      }),
      runs,
    );
  });

  it("matches the published encoding byte for byte", () => {
    // https://protobuf.dev/programming-guides/encoding: 150, "testing", -2, and a submessage
    const bytes = (m: object) =>
      Buffer.from(encode(type, m as Record<string, unknown>)).toString("hex");
    expect(bytes({ id: 150 })).toBe("089601");
    expect(bytes({ id: -2 })).toBe("08feffffffffffffffff01");
    expect(bytes({ label: "testing" })).toBe("1a0774657374696e67");
    expect(bytes({ child: { value: 150 } })).toBe("2a03109601");
    expect(bytes({ weight: 1 })).toBe("150000803f");
    expect(bytes({ doubles: [1] })).toBe("49000000000000f03f");
  });

  it("skips fields it does not know", () => {
    fc.assert(
      fc.property(message, (m) => {
        const { id, label } = m;
        const small: MessageType = { id: type.id, label: type.label };
        expect(decode(small, encode(type, m))).toEqual({ id, label });
      }),
      runs,
    );
  });

  it("reads packed integers, floats and doubles as repeated ones", () => {
    const counts = Uint8Array.of(0x32, 4, 1, 0x96, 0x01, 0x7f); // field 6: 1, 150, 127
    expect(decode(type, counts).counts).toEqual([1, 150, 127]);
    const floats = Uint8Array.of(0x3a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40); // field 7: 1, 2
    expect(decode(type, floats).floats).toEqual([1, 2]);
    const doubles = Uint8Array.of(0x4a, 8, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f); // field 9: 1
    expect(decode(type, doubles).doubles).toEqual([1]);
    const many = encode({ floats: [7, "bytes"] }, { floats: new Uint8Array(4_000_000) });
    expect((decode(type, many).floats as number[]).length).toBe(1_000_000);
  });

  it("takes the last of several values of a single field", () => {
    const twice = Buffer.concat([encode(type, { id: 1 }), encode(type, { id: 2 })]);
    expect(decode(type, twice).id).toBe(2);
  });
});

describe("wire format errors say where", () => {
  const cases: [string, number[], string][] = [
    ["a length past the end", [0x1a, 9, 65], "bad message at byte 2: needs 9 bytes, 1 left"],
    [
      "a negative length",
      [0x1a, ...new Array(9).fill(0xff), 0x01],
      "bad message at byte 11: needs -1 bytes, 0 left",
    ],
    ["an integer that stops", [0x08, 0x96], "bad integer at byte 1"],
    ["an integer of eleven bytes", [0x08, ...new Array(11).fill(0x80)], "bad integer at byte 1"],
    ["a float that stops", [0x15, 0, 0], "bad message at byte 1: needs 4 bytes, 2 left"],
    ["an unknown wire type", [0x0f], "bad wire type 7 at byte 1"],
    [
      "a float where a text belongs",
      [0x1d, 0, 0, 0, 0],
      'field "label" has wire type 5 at byte 5, expected 2',
    ],
    [
      "packed floats of odd length",
      [0x3a, 3, 0, 0, 0],
      "packed floats take 3 bytes, not a multiple of 4",
    ],
    [
      "packed doubles of odd length",
      [0x4a, 4, 0, 0, 0, 0],
      "packed doubles take 4 bytes, not a multiple of 8",
    ],
    ["a packed integer that stops", [0x32, 1, 0x96], "bad integer at byte 0"],
  ];

  it.each(cases)("%s", (_name, bytes, message) => {
    expect(() => decode(type, Uint8Array.from(bytes))).toThrow(new FormatError(`onnx: ${message}`));
  });
});
