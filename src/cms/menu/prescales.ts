import { ConfigError, FormatError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import type { MenuBits } from "./menu-bits.ts";

/** Counts of a prescaler are hundredths: prescales have two decimal digits. */
const perUnit = 100;

/**
 * What is left after prescales [algorithms]: 0 switches an algorithm off, 1 keeps all, P keeps one
 * in P on average. As in the trigger, a counter gains 1 each time the algorithm fires; when it
 * reaches P, that crossing is kept and P is taken off. Counters start at `counters` (default 0)
 * and are moved on in place, so that a run may come in slices. `ConfigError` for a prescale that
 * is no multiple of 0.01 or lies between 0 and 1.
 * @see cms-l1-globaltrigger/mp7_ugt_legacy, algo_pre_scaler_fractional_float.vhd
 */
export function prescaleMenu(
  bits: MenuBits,
  prescales: readonly number[],
  counters = new Float64Array(prescales.length),
): MenuBits {
  const { crossings, words, fired } = bits;
  const n = words === 0 ? 0 : fired.length / words;
  if (words > 0 && (prescales.length !== n || counters.length !== n))
    throw new ConfigError(`prescaleMenu: ${prescales.length} prescales for ${n} algorithms`);
  const kept = new Uint32Array(fired.length);
  prescales.forEach((prescale, a) => {
    const factor = Math.round(prescale * perUnit);
    if (!(prescale === 0 || prescale >= 1) || Math.abs(factor - prescale * perUnit) > 1e-6)
      throw new ConfigError(
        `prescaleMenu: prescale ${prescale} of algorithm ${a}; expected 0 or at least 1, in steps of 0.01`,
      );
    if (factor === 0) return;
    let counter = counters[a];
    for (let w = a * words; w < (a + 1) * words; w++)
      for (let open = fired[w]; open !== 0; open &= open - 1) {
        counter += perUnit;
        if (counter < factor) continue;
        counter -= factor;
        kept[w] |= open & -open;
      }
    counters[a] = counter;
  });
  return { crossings, words, fired: kept };
}

/**
 * Prescales from JSON, `{ name: prescale }`, or lines of `name,prescale` (a first line without a
 * number is a header): by algorithm, 1 where none is given [names]. `FormatError` for unknown names
 * and what is no number.
 */
export function parsePrescales(text: string, names: readonly string[], where: string): number[] {
  const entries = text.trimStart().startsWith("{") ? jsonEntries(text, where) : csvEntries(text);
  const prescales = names.map(() => 1);
  for (const { name, value, at } of entries) {
    const place = names.indexOf(name);
    if (place < 0) {
      const guess = nearMiss(name, names);
      throw new FormatError(
        `${where}: ${at}no algorithm "${name}" in the menu${guess === null ? "" : `; did you mean ${guess}?`}`,
      );
    }
    const prescale = typeof value === "string" && value === "" ? Number.NaN : Number(value);
    if (!Number.isFinite(prescale))
      throw new FormatError(`${where}: ${at}${name}: expected a number, got "${value}"`);
    prescales[place] = prescale;
  }
  return prescales;
}

interface Entry {
  readonly name: string;
  readonly value: unknown;
  /** Where it is written, for messages. */
  readonly at: string;
}

function jsonEntries(text: string, where: string): Entry[] {
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return entries.map(([name, value]) => ({ name, value, at: "" }));
  } catch (cause) {
    throw new FormatError(`${where}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

function csvEntries(text: string): Entry[] {
  const lines = text.split(/\r?\n/).map((line, k) => {
    const [name, ...rest] = line.split(",").map((cell) => cell.trim());
    return { name, value: rest.join(","), at: `line ${k + 1}: ` };
  });
  const isHeader = ({ value }: Entry, k: number) => k === 0 && !/\d/.test(`${value}`);
  return lines.filter((entry, k) => entry.name !== "" && !isHeader(entry, k));
}
