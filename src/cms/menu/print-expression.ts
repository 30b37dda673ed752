import { type Expression, isFlag, type ObjectTerm } from "./language.ts";

/** The text of an expression; `parseExpression` reads it back to the same. */
export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case "and":
    case "or":
    case "xor":
      return expression.terms
        .map((term) => ("terms" in term ? `(${printExpression(term)})` : printExpression(term)))
        .join(` ${expression.kind.toUpperCase()} `);
    case "not": {
      const { term } = expression;
      return `NOT ${"terms" in term ? `(${printExpression(term)})` : printExpression(term)}`;
    }
    case "given":
      return expression.name.replace(/(?=\[|$)/, printCrossing(expression.bx));
    case "condition": {
      const { name, objects, cuts } = expression;
      const inner = objects.map(printObject).join(",");
      return name === "single" ? inner : `${name}{${inner}}${printCuts(cuts)}`;
    }
  }
}

/** MU4p5-1[MU-QLTY_SNGL] */
export function printObject({ type, threshold, bx, cuts }: ObjectTerm): string {
  const value = isFlag(type) ? "" : String(threshold).replace(".", "p");
  return `${type}${value}${printCrossing(bx)}${printCuts(cuts)}`;
}

const printCrossing = (bx: number) => (bx === 0 ? "" : bx > 0 ? `+${bx}` : `${bx}`);
const printCuts = (cuts: readonly { name: string }[]) =>
  cuts.length === 0 ? "" : `[${cuts.map(({ name }) => name)}]`;
