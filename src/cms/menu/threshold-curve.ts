import { ConfigError } from "../../base/errors.ts";
import { compileMenu, type GivenBits } from "./compile-menu.ts";
import type { TriggerObjects } from "./crossings.ts";
import type { Expression, ObjectTerm } from "./language.ts";
import { bitmapOf, countBits } from "./menu-bits.ts";
import type { Algorithm } from "./parse-menu.ts";
import { type Rate, type RateOptions, rateOf } from "./rates.ts";

export interface ThresholdCurveOptions extends RateOptions {
  /** In GeV. */
  readonly thresholds: readonly number[];
  /** Which object is varied, counted from 0 as the expression is read (default 0). */
  readonly object?: number;
  readonly given?: GivenBits;
}

/** The objects of an expression in reading order. */
export function objectTerms(expression: Expression): ObjectTerm[] {
  if (expression.kind === "condition") return [...expression.objects];
  if (expression.kind === "given") return [];
  const terms = expression.kind === "not" ? [expression.term] : expression.terms;
  return terms.flatMap(objectTerms);
}

/** The expression with another threshold (GeV) of one object. */
export function withThreshold(
  expression: Expression,
  object: number,
  threshold: number,
): Expression {
  const n = objectTerms(expression).length;
  if (!(Number.isInteger(object) && object >= 0 && object < n))
    throw new ConfigError(
      `withThreshold: object must be an integer in [0, ${n - 1}], got ${object}`,
    );
  let place = 0;
  const replace = (part: Expression): Expression => {
    switch (part.kind) {
      case "given":
        return part;
      case "not":
        return { ...part, term: replace(part.term) };
      case "condition":
        return {
          ...part,
          objects: part.objects.map((term) => (place++ === object ? { ...term, threshold } : term)),
        };
      default:
        return { ...part, terms: part.terms.map(replace) };
    }
  };
  return replace(expression);
}

/** The expression as an algorithm at each threshold, for a menu of their own or behind another. */
export function thresholdAlgorithms(
  expression: Expression,
  { thresholds, object = 0 }: Pick<ThresholdCurveOptions, "thresholds" | "object">,
): Algorithm[] {
  return thresholds.map((threshold, bit) => ({
    name: `${threshold} GeV`,
    bit,
    expression: withThreshold(expression, object, threshold),
  }));
}

/** Rate against threshold [thresholds]: every crossing is decided anew at each threshold. */
export function thresholdCurve(
  expression: Expression,
  objects: TriggerObjects,
  { thresholds, object = 0, given = {}, ...options }: ThresholdCurveOptions,
): { readonly threshold: number; readonly rate: Rate }[] {
  const algorithms = thresholdAlgorithms(expression, { thresholds, object });
  const decision = compileMenu({ name: "threshold curve", algorithms }).evaluate(objects, given);
  if (decision.undecided.length > 0)
    throw new ConfigError("thresholdCurve: a condition of the seed is not in `given`");
  return thresholds.map((threshold, a) => ({
    threshold,
    rate: rateOf(countBits(bitmapOf(decision, a)), objects.crossings, options),
  }));
}
