import { FormatError } from "../../base/errors.ts";

/** A formula of one variable x and parameters [0], [1], .. */
export interface Formula {
  /** The text it was parsed from. */
  readonly text: string;
  /** Number of parameters it needs: one more than the largest index. */
  readonly parameters: number;
  evaluate(x: number, parameters: ArrayLike<number>): number;
}

type Node = (x: number, p: ArrayLike<number>) => number;

/** Functions by name and number of arguments, in the spelling of ROOT's TFormula. */
const functions: Readonly<Record<string, readonly [n: number, f: (...a: number[]) => number]>> = {
  log: [1, Math.log],
  log10: [1, Math.log10],
  exp: [1, Math.exp],
  sqrt: [1, Math.sqrt],
  abs: [1, Math.abs],
  pow: [2, Math.pow],
  min: [2, Math.min],
  max: [2, Math.max],
};

const aliases: Readonly<Record<string, string>> = {
  "TMath::Log": "log",
  "TMath::Log10": "log10",
  "TMath::Exp": "exp",
  "TMath::Sqrt": "sqrt",
  "TMath::Abs": "abs",
  "TMath::Power": "pow",
  "TMath::Min": "min",
  "TMath::Max": "max",
  "TMath::Pi": "pi",
};

const tokenPattern =
  /\s*((?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[A-Za-z_][\w:]*|\[\d+\]|\*\*|[-+*/^(),])/y;

/**
 * Parses a formula as official corrections hold it: + - * / ^ (or **), parentheses, numbers, x,
 * parameters [i], pi, log (natural), log10, exp, sqrt, abs, pow, min, max and their TMath names.
 * ^ binds from the right and tighter than a sign: -x^2 is -(x^2). Throws `FormatError` naming the
 * character where it cannot go on; `where` starts the message.
 */
export function parseFormula(text: string, where = "formula"): Formula {
  const tokens: { readonly text: string; readonly at: number }[] = [];
  for (let at = 0; at < text.trimEnd().length; ) {
    tokenPattern.lastIndex = at;
    const found = tokenPattern.exec(text);
    if (found === null) throw fail(`unexpected "${text[at]}"`, at);
    at = tokenPattern.lastIndex;
    tokens.push({ text: found[1], at: at - found[1].length });
  }
  let next = 0;
  let parameters = 0;
  const node = sum();
  if (next < tokens.length) throw unexpected();
  return { text, parameters, evaluate: node };

  function fail(what: string, at: number): FormatError {
    return new FormatError(`${where}: ${what} at character ${at + 1} of "${text}"`);
  }
  function unexpected(): FormatError {
    const token = tokens[next];
    return token
      ? fail(`unexpected "${token.text}"`, token.at)
      : fail("unexpected end", text.length);
  }
  function accept(...wanted: string[]): string | null {
    const token = tokens[next]?.text;
    if (token === undefined || !wanted.includes(token)) return null;
    next++;
    return token;
  }
  function expect(wanted: string): void {
    if (accept(wanted) === null) throw unexpected();
  }
  function sum(): Node {
    let left = product();
    for (let op = accept("+", "-"); op !== null; op = accept("+", "-")) {
      const [a, b] = [left, product()];
      left = op === "+" ? (x, p) => a(x, p) + b(x, p) : (x, p) => a(x, p) - b(x, p);
    }
    return left;
  }
  function product(): Node {
    let left = signed();
    for (let op = accept("*", "/"); op !== null; op = accept("*", "/")) {
      const [a, b] = [left, signed()];
      left = op === "*" ? (x, p) => a(x, p) * b(x, p) : (x, p) => a(x, p) / b(x, p);
    }
    return left;
  }
  function signed(): Node {
    const sign = accept("-", "+");
    if (sign === null) return power();
    const operand = signed();
    return sign === "+" ? operand : (x, p) => -operand(x, p);
  }
  function power(): Node {
    const base = atom();
    if (accept("^", "**") === null) return base;
    const exponent = signed();
    return (x, p) => base(x, p) ** exponent(x, p);
  }
  function atom(): Node {
    const token = tokens[next];
    if (token === undefined) throw unexpected();
    if (/^[\d.]/.test(token.text)) {
      next++;
      const value = Number(token.text);
      return () => value;
    }
    if (token.text.startsWith("[")) {
      next++;
      const index = Number(token.text.slice(1, -1));
      parameters = Math.max(parameters, index + 1);
      return (_, p) => p[index];
    }
    if (accept("(") !== null) {
      const inner = sum();
      expect(")");
      return inner;
    }
    if (!/^\w/.test(token.text)) throw unexpected();
    next++;
    return named(token.text, token.at);
  }
  function named(spelling: string, at: number): Node {
    const name = Object.hasOwn(aliases, spelling) ? aliases[spelling] : spelling;
    if (name === "x") return (x) => x;
    if (name === "pi") {
      if (spelling !== name && accept("(") !== null) expect(")"); // TMath::Pi()
      return () => Math.PI;
    }
    if (!Object.hasOwn(functions, name)) {
      const known = Object.keys(functions).join(", ");
      throw fail(`unknown name "${spelling}"; there are x, pi, ${known}`, at);
    }
    const [n, f] = functions[name];
    expect("(");
    const a = sum();
    if (n === 1) {
      expect(")");
      return (x, p) => f(a(x, p));
    }
    expect(",");
    const b = sum();
    expect(")");
    return (x, p) => f(a(x, p), b(x, p));
  }
}
