import { type FixedFormat, fractionOf, rangeOf } from "../format.ts";
import type { FloatNetwork } from "../network.ts";
import { integerBits } from "./choose-format.ts";
import type { QuantizationPlan } from "./plan-types.ts";

/** Formats of products with all integer bits that their factors can give: none is cut off. */
export function coverProduct(
  { a, b }: { readonly a: string; readonly b: string },
  formats: readonly FixedFormat[],
  draft: Pick<QuantizationPlan, "ports" | "casts" | "tables"> & { readonly network: FloatNetwork },
): readonly FixedFormat[] {
  const [x, y] = [boundsOf(a, draft), boundsOf(b, draft)];
  return formats.map((format, lane) => {
    const p = x?.[x.length === 1 ? 0 : lane];
    const q = y?.[y.length === 1 ? 0 : lane];
    if (!p || !q || format.width === 0) return format;
    const ends = p.flatMap((m) => q.map((n) => m * n));
    const signed = Math.min(...ends) < 0;
    const integer = integerBits(Math.max(...ends.map(Math.abs)), signed);
    const width = Math.min(48, Math.max(1, fractionOf(format) + integer));
    return { ...format, signed, width, integer };
  });
}

/** Smallest and largest fixed-point value of each lane where formats say so. */
function boundsOf(
  name: string,
  draft: Parameters<typeof coverProduct>[2],
): readonly (readonly [number, number])[] | null {
  const ofFormat = (format: FixedFormat) => {
    const { lo, hi } = rangeOf(format);
    return [lo * 2 ** -fractionOf(format), hi * 2 ** -fractionOf(format)] as const;
  };
  if (draft.ports[name])
    return draft.ports[name].map(({ fraction, lo, hi }) => [
      lo * 2 ** -fraction,
      hi * 2 ** -fraction,
    ]);
  if (draft.casts[name]) return draft.casts[name].map(ofFormat);
  if (draft.tables[name]) return [ofFormat(draft.tables[name].result)];
  const node = draft.network.nodes.find((n) => n.output === name);
  if (node?.op !== "pick") return null;
  const inputs = node.inputs.map((input) => boundsOf(input, draft));
  if (inputs.some((input) => input === null)) return null;
  return node.lanes.map(([input, lane]) => {
    const bounds = inputs[input]!;
    return bounds[bounds.length === 1 ? 0 : lane];
  });
}
