import type { Rounding } from "../format.ts";
import type { Lane } from "../program.ts";
import { chooseFormat, integerBits } from "./choose-format.ts";
import type { InputScaling } from "./plan-types.ts";
import type { Calibration } from "./ranges.ts";
import type { Uses } from "./uses.ts";

/** Ports: whole numbers with their range, others at 16 bits that cover the sample. */
export function planPorts({ network, ranges }: Calibration): Record<string, readonly Lane[]> {
  return Object.fromEntries(
    network.inputs.map(({ name, isInteger, ranges: given }) => [
      name,
      isInteger.map((whole, lane): Lane => {
        const { min, max } = ranges[name][lane];
        if (whole) {
          const [lo, hi] = given[lane] ?? wholeRange(min, max);
          return { fraction: 0, lo, hi };
        }
        const [low, high] = given[lane] ?? [min, max];
        const signed = low < 0;
        const integer = integerBits(Math.max(Math.abs(low), Math.abs(high)), signed);
        const hi = 2 ** (signed ? portBits - 1 : portBits) - 1;
        return { fraction: portBits - integer, lo: signed ? -hi - 1 : 0, hi };
      }),
    ]),
  );
}

const portBits = 16;

/** The range of the narrowest integer that holds a sample. */
function wholeRange(min: number, max: number): readonly [number, number] {
  const signed = min < 0;
  const bits = Math.max(1, integerBits(Math.max(Math.abs(min), Math.abs(max)), false));
  return signed ? [-(2 ** bits), 2 ** bits - 1] : [0, 2 ** bits - 1];
}

/** Offset (rounded mean) and shift (rounded log2 of the spread) of the lanes that products read. */
export function planInput(
  { network, values, ranges }: Calibration,
  { uses, name, width, rounding }: { uses: Uses; name: string; width: number; rounding: Rounding },
): readonly (InputScaling | null)[] {
  const input = network.inputs.find((i) => i.name === name)!;
  return input.labels.map((_, lane) => {
    if (!uses.scaled.get(name)![lane] || !input.isInteger[lane]) return null;
    const { mean, spread, min, max } = ranges[name][lane];
    const shift = spread > 0 ? Math.round(Math.log2(spread)) : 0;
    const [lo, hi] = input.ranges[lane] ?? wholeRange(min, max);
    const bits = integerBits(Math.max(hi, -lo - 1), lo < 0);
    if (bits <= width) return { offset: 0, shift, format: null };
    const offset = Math.round(mean);
    const scaled = values.get(name)![lane].map((n) => (n - offset) * 2 ** -shift);
    return { offset, shift, format: chooseFormat(scaled, { width, signed: true, rounding }) };
  });
}
