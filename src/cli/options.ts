import { ConfigError } from "../base/errors.ts";

/** Turns the text of an option into its value; throws `ConfigError` (exit code 2) otherwise. */
export type OptionParser<T> = (text: string) => T;

export interface NumberRange {
  /** Smallest value allowed; default none. */
  readonly min?: number;
  /** Largest value allowed; default none. */
  readonly max?: number;
}

/** A whole number such as 20000, 20_000 or 2e4. @param flag - named in the error. */
export function wholeNumber(flag: string, range: NumberRange = {}): OptionParser<number> {
  return (text) => parseNumber(flag, text, range, "a whole number", Number.isSafeInteger);
}

/** A number such as 0.5 or 1e-3. @param flag - named in the error. */
export function realNumber(flag: string, range: NumberRange = {}): OptionParser<number> {
  return (text) => parseNumber(flag, text, range, "a number", Number.isFinite);
}

function parseNumber(
  flag: string,
  text: string,
  { min = -Infinity, max = Infinity }: NumberRange,
  kind: string,
  isKind: (value: number) => boolean,
): number {
  const digits = text.trim().replaceAll(/(?<=\d)_(?=\d)/g, "");
  const value = digits === "" ? Number.NaN : Number(digits);
  if (isKind(value) && value >= min && value <= max) return value;
  const bounds = [
    ...(min > -Infinity ? [`>= ${min}`] : []),
    ...(max < Infinity ? [`<= ${max}`] : []),
  ];
  throw new ConfigError(
    `${flag}: expected ${[kind, bounds.join(" and ")].join(" ").trim()}, got "${text}"`,
  );
}

/** Names separated by commas: "pt,eta". @param flag - named in the error. */
export function nameList(flag: string): OptionParser<string[]> {
  return (text) => {
    const names = text.split(",").map((name) => name.trim());
    const bad = names.find((name, i) => name === "" || names.indexOf(name) !== i);
    if (bad === undefined) return names;
    throw new ConfigError(
      `${flag}: expected different names separated by commas, got "${text}" (${bad === "" ? "an empty name" : `"${bad}" twice`})`,
    );
  };
}
