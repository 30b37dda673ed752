import { formatCount } from "./format.ts";

/** Positions of major ticks with their labels (rich text), and of minor ticks without. */
export interface Ticks {
  readonly major: readonly number[];
  readonly minor: readonly number[];
  readonly label: (value: number) => string;
}

/** Ticks of an axis over [low, high]: multiples of 1, 2, 5 times a power of ten, or decades. */
export function axisTicks(
  low: number,
  high: number,
  { log = false, count = 5, integer = false } = {},
): Ticks {
  if (log) return logTicks(low, high);
  const ticks = linearTicks(low, high, integer ? Math.min(count, high - low) : count);
  return integer ? { ...ticks, minor: ticks.minor.filter(Number.isInteger) } : ticks;
}

function linearTicks(low: number, high: number, count: number): Ticks {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((f) => f * power >= raw * 0.85) ?? 10;
  const step = factor * power;
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const label = (v: number) => {
    if (largest >= 1e4 && step > largest / 200) return formatCount(v);
    if (largest < 1e-3) return v === 0 ? "0" : v.toExponential().replaceAll("-", "\u2212");
    return v
      .toFixed(decimals)
      .replace(/^-(?=.*[1-9])/, "\u2212")
      .replace(/^-/, "");
  };
  return {
    major: multiples(low, high, step),
    minor: multiples(low, high, factor === 2 ? step / 4 : step / 5),
    label,
  };
}

function multiples(low: number, high: number, step: number): number[] {
  const slack = 1e-9;
  const from = Math.ceil(low / step - slack);
  const to = Math.floor(high / step + slack);
  return Array.from({ length: to - from + 1 }, (_, i) =>
    Number(((from + i) * step).toPrecision(12)),
  );
}

function logTicks(low: number, high: number): Ticks {
  const from = Math.floor(Math.log10(low) + 1e-9);
  const to = Math.ceil(Math.log10(high) - 1e-9);
  const inside = (v: number) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9);
  const decades = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const at = (digits: readonly number[]) =>
    decades.flatMap((e) => digits.map((d) => Number(`${d}e${e}`))).filter(inside);
  const span = Math.log10(high / low);
  const every = Math.ceil(span / 8);
  const major =
    span < 1
      ? at([1, 2, 3, 5])
      : span < 2
        ? at([1, 2, 5])
        : at([1]).filter((v) => Math.round(Math.log10(v)) % every === 0);
  const label = (v: number) => {
    const e = Math.round(Math.log10(v));
    if (span >= 2 && Math.abs(Math.log10(v) - e) < 1e-9)
      return e === 0 ? "1" : e === 1 ? "10" : `10^{${String(e).replace("-", "\u2212")}}`;
    return v >= 1e4 ? formatCount(v) : String(v);
  };
  return { major, minor: span < 6 ? at([2, 3, 4, 5, 6, 7, 8, 9]) : at([1]), label };
}
