import { FormatError } from "../../base/errors.ts";
import type { ModelProto } from "../../onnx/index.ts";

/** One number that goes into or comes out of a model, as our exports describe it. */
export interface Field {
  readonly name: string;
  readonly unit: string | null;
  readonly range: readonly [number, number] | null;
  readonly isInteger: boolean;
}

/**
 * The list under a metadata key; empty where the file has none. Hardware integers are known by
 * their names, hw and a capital.
 * @throws FormatError where the text is no such list.
 */
export function readFields(model: ModelProto, key: string): readonly Field[] {
  const text = model.metadataProps.find((entry) => entry.key === key)?.value;
  if (text === undefined) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`importOnnx: metadata "${key}" is no JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (!Array.isArray(list))
    throw new FormatError(`importOnnx: metadata "${key}" is no list of { name, unit, range }`);
  return list.map((entry: Record<string, unknown>) => {
    const { name, unit, range, integer } = entry;
    const isRange = Array.isArray(range) && range.length === 2 && range.every(Number.isFinite);
    return {
      name: String(name),
      unit: typeof unit === "string" ? unit : null,
      range: isRange ? ([Number(range[0]), Number(range[1])] as const) : null,
      isInteger: integer === true || /^hw[A-Z]/.test(String(name)),
    };
  });
}
