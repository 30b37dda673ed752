import { FormatError } from "../../base/errors.ts";
import type { EtaCuts } from "./cuts.ts";
import type { Expression } from "./language.ts";
import { parseExpression } from "./parse-expression.ts";

/** One seed: what the trigger decides. */
export interface Algorithm {
  readonly name: string;
  /** Place among the 512 bits of the global trigger. */
  readonly bit: number;
  readonly expression: Expression;
}

export interface Menu {
  readonly name: string;
  readonly algorithms: readonly Algorithm[];
}

/**
 * A menu from JSON, text or parsed: `{ "menu": name, "algorithms": [{ "bit", "name",
 * "expression" }] }`, and where eta cuts are not what their names say, `"cuts": { name:
 * { "minimum", "maximum" } }` in eta. Throws `FormatError` that names the algorithm, the column and the nearest names.
 */
export function parseMenu(json: unknown, where = "menu"): Menu {
  const root = typeof json === "string" ? parseJson(json, where) : json;
  const { menu, algorithms, cuts } = (root ?? {}) as Record<string, unknown>;
  if (!Array.isArray(algorithms))
    throw new FormatError(`${where}: expected { "menu", "algorithms": [...] }`);
  const etaCuts = etaCutsOf(cuts, where);
  const names = new Set<string>();
  const bits = new Map<number, string>();
  const parsed = algorithms.map((entry: unknown, k): Algorithm => {
    const { name, bit, expression } = (entry ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || typeof expression !== "string")
      throw new FormatError(`${where}: algorithm ${k}: expected the strings name and expression`);
    if (!(Number.isInteger(bit) && (bit as number) >= 0 && (bit as number) < 512))
      throw new FormatError(`${where}: ${name}: bit must be an integer in [0, 511], got ${bit}`);
    if (names.has(name)) throw new FormatError(`${where}: two algorithms are named ${name}`);
    const other = bits.get(bit as number);
    if (other !== undefined)
      throw new FormatError(`${where}: ${other} and ${name} both have bit ${bit}`);
    names.add(name);
    bits.set(bit as number, name);
    return {
      name,
      bit: bit as number,
      expression: parseExpression(expression, `${where}: ${name}`, etaCuts),
    };
  });
  return { name: typeof menu === "string" ? menu : where, algorithms: parsed };
}

function etaCutsOf(cuts: unknown, where: string): EtaCuts {
  const entries = Object.entries((cuts ?? {}) as EtaCuts);
  for (const [name, cut] of entries)
    if (!name.includes("-ETA_") || ![cut?.minimum, cut?.maximum].every(Number.isFinite))
      throw new FormatError(`${where}: cut ${name}: expected an eta cut with minimum and maximum`);
  return Object.fromEntries(entries);
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${where}: not JSON: ${(cause as Error).message}`, { cause });
  }
}
