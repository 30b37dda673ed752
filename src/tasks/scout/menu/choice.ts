import { ConfigError } from "../../../base/errors.ts";
import { nearMiss } from "../../../base/near-miss.ts";
import {
  type Algorithm,
  type Menu,
  objectTerms,
  parseExpression,
  thresholdAlgorithms,
} from "../../../cms/menu/index.ts";

/** Bits of the global trigger; seeds of the user's own come behind. */
const triggerBits = 512;

/**
 * The menu with seeds of the user's own behind its algorithms, each "NAME = expression".
 * @throws ConfigError for a seed without a name, FormatError for an expression that is none.
 */
export function withSeeds(menu: Menu, seeds: readonly string[]): Menu {
  const names = new Set(menu.algorithms.map(({ name }) => name));
  const own = seeds.map((text, k): Algorithm => {
    const [, name, expression] = /^\s*(\w+)\s*=\s*(\S.*)$/s.exec(text) ?? [];
    if (name === undefined)
      throw new ConfigError(
        `--seed: expected NAME = expression, got "${text}"; as "MyMu = MU10[MU-QLTY_SNGL]"`,
      );
    if (names.has(name))
      throw new ConfigError(`--seed: ${name} is in the menu already; choose another name`);
    names.add(name);
    return {
      name,
      bit: triggerBits + k,
      expression: parseExpression(expression, `--seed: ${name}`),
    };
  });
  return { ...menu, algorithms: [...menu.algorithms, ...own] };
}

/** True for an algorithm of the trigger's own bits. */
export const hasBit = ({ bit }: { readonly bit: number }) => bit < triggerBits;

/** A seed whose first object's threshold is varied. */
export interface ChosenCurve {
  /** Of the seed as the menu has it. */
  readonly name: string;
  /** GeV, ascending. */
  readonly thresholds: readonly number[];
  /** The threshold in the menu, GeV. */
  readonly own: number;
  /** The seed at each threshold. */
  readonly algorithms: readonly Algorithm[];
}

const steps = 11;
const widest = 50;

/**
 * The curve of "SEED" or "SEED:10,20,30" (GeV). Without a list, some thresholds from half to twice the
 * menu's, in steps of the trigger's 0.5 GeV, and the menu's; from 0 to 50 where that is 0.
 * @throws ConfigError for a seed that the menu does not have, or a list that is none.
 */
export function chooseCurve(menu: Menu, text: string): ChosenCurve {
  const [name, list] = text.split(":");
  const algorithm = menu.algorithms.find((one) => one.name === name.trim());
  if (algorithm === undefined) {
    const guess = nearMiss(
      name.trim(),
      menu.algorithms.map((one) => one.name),
    );
    throw new ConfigError(
      `--threshold: no algorithm "${name.trim()}" in ${menu.name}${guess === null ? "" : `; did you mean ${guess}?`}`,
    );
  }
  const terms = objectTerms(algorithm.expression);
  if (terms.length === 0)
    throw new ConfigError(`--threshold: ${algorithm.name} has no object; choose a seed with one`);
  const own = terms[0].threshold;
  const thresholds = list === undefined ? around(own) : listOf(list);
  return {
    ...{ name: algorithm.name, own, thresholds },
    algorithms: thresholdAlgorithms(algorithm.expression, { thresholds }),
  };
}

function around(own: number): number[] {
  const [low, high] = own > 0 ? [own / 2, 2 * own] : [0, widest];
  const values = Array.from({ length: steps }, (_, k) => low + ((high - low) * k) / (steps - 1));
  return ascending([own, ...values.map((value) => Math.round(2 * value) / 2)]);
}

function listOf(text: string): number[] {
  const values = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (values.some((value) => !(value >= 0 && Number.isFinite(value))))
    throw new ConfigError(
      `--threshold: expected thresholds in GeV separated by commas, got "${text}"`,
    );
  return ascending(values);
}

const ascending = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);
