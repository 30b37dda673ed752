import { DataError } from "../base/errors.ts";

/**
 * Names with those patterns replaced that hold a `*` ("Muon_*"): by all names of the file that fit,
 * in its order, each once. A name without `*` stays, known or not.
 * Throws `DataError` where nothing fits.
 */
export function matchingNames(
  where: string,
  patterns: readonly string[],
  known: readonly string[],
): string[] {
  const found = patterns.flatMap((pattern) => {
    if (!pattern.includes("*")) return [pattern];
    const literal = (text: string) => text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");
    const expression = new RegExp(`^${pattern.split("*").map(literal).join(".*")}$`);
    const fitting = known.filter((name) => expression.test(name));
    if (fitting.length > 0) return fitting;
    throw new DataError(`${where}: no column is called like "${pattern}"; see 'forty info'`);
  });
  return [...new Set(found)];
}
