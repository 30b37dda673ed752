import { ConfigError } from "../base/errors.ts";

/** Rounding modes of ap_fixed: what becomes of the bits below the last one kept. */
export const roundings = [
  "TRN",
  "TRN_ZERO",
  "RND",
  "RND_ZERO",
  "RND_MIN_INF",
  "RND_INF",
  "RND_CONV",
] as const;
export type Rounding = (typeof roundings)[number];

/** Overflow modes of ap_fixed: what becomes of values outside of the range. */
export const overflows = ["WRAP", "SAT", "SAT_ZERO", "SAT_SYM"] as const;
export type Overflow = (typeof overflows)[number];

/**
 * A fixed-point type as ap_fixed<width, integer, rounding, overflow> (ap_ufixed where not signed):
 * value = n · 2^(integer - width), n an integer of `width` bits. `integer` counts the sign and may
 * be negative or larger than `width`.
 */
export interface FixedFormat {
  readonly signed: boolean;
  /** Bits in all, 1 to 48; 0 stands for "always zero". */
  readonly width: number;
  readonly integer: number;
  readonly rounding: Rounding;
  readonly overflow: Overflow;
}

/** Bits below the binary point: value = n · 2^-fraction. */
export const fractionOf = ({ width, integer }: Pick<FixedFormat, "width" | "integer">): number =>
  width - integer;

/** Smallest and largest integer n of a format (SAT_SYM: -max instead of the minimum). */
export function rangeOf({ signed, width, overflow }: FixedFormat): { lo: number; hi: number } {
  if (width === 0) return { lo: 0, hi: 0 };
  const hi = 2 ** (signed ? width - 1 : width) - 1;
  if (!signed) return { lo: 0, hi };
  return { lo: overflow === "SAT_SYM" ? -hi : -hi - 1, hi };
}

/** A format with the defaults of ap_fixed (truncate, wrap). */
export function fixed(
  width: number,
  integer: number,
  rounding: Rounding = "TRN",
  overflow: Overflow = "WRAP",
): FixedFormat {
  return checked({ signed: true, width, integer, rounding, overflow });
}

/** An unsigned format with the defaults of ap_ufixed. */
export function ufixed(
  width: number,
  integer: number,
  rounding: Rounding = "TRN",
  overflow: Overflow = "WRAP",
): FixedFormat {
  return checked({ signed: false, width, integer, rounding, overflow });
}

/**
 * Reads "fixed<8,6,RND_CONV,SAT>", "ufixed<10,7>", with or without "ap_" and the "AP_" of modes.
 * @throws ConfigError for anything else.
 */
export function parseFormat(text: string): FixedFormat {
  const match = text.replaceAll(/\s/g, "").match(/^(?:ap_)?(u?)fixed<(\d+),(-?\d+)(.*)>$/i);
  const modes = match?.[4].split(",").slice(1) ?? [];
  const [rounding = "TRN", overflow = "WRAP"] = modes.map((mode) => mode.replace(/^AP_/, ""));
  if (!match || !isRounding(rounding) || !isOverflow(overflow))
    throw new ConfigError(
      `format: cannot read "${text}"; expected fixed<W,I> or ufixed<W,I>, then a rounding of ${roundings.join(", ")} and an overflow of ${overflows.join(", ")}`,
    );
  const signed = match[1] === "";
  return checked({
    signed,
    width: Number(match[2]),
    integer: Number(match[3]),
    rounding,
    overflow,
  });
}

const isRounding = (text: string): text is Rounding =>
  (roundings as readonly string[]).includes(text);
const isOverflow = (text: string): text is Overflow =>
  (overflows as readonly string[]).includes(text);

/** As `parseFormat` reads it; modes that are ap_fixed's defaults are left out. */
export function printFormat({ signed, width, integer, rounding, overflow }: FixedFormat): string {
  const modes = overflow !== "WRAP" ? [rounding, overflow] : rounding !== "TRN" ? [rounding] : [];
  return `${signed ? "" : "u"}fixed<${[width, integer, ...modes].join(",")}>`;
}

function checked(format: FixedFormat): FixedFormat {
  const { width, integer } = format;
  if (!Number.isInteger(width) || width < 0 || width > 48 || !Number.isInteger(integer))
    throw new ConfigError(
      `format: expected 0 to 48 bits and whole integer bits, got ${printFormat(format)}`,
    );
  return format;
}
