import { FormatError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import { type BadCut, correlationCut, type EtaCuts, objectCut } from "./cuts.ts";
import {
  type Condition,
  type Expression,
  type FunctionName,
  functions,
  givenPrefixes,
  isFlag,
  type ObjectTerm,
  type ObjectType,
  objectDefinition,
  objectTypes,
} from "./language.ts";

const typeNames = (Object.keys(objectTypes) as ObjectType[]).sort((a, b) => b.length - a.length);
const objectPattern = new RegExp(`^(${typeNames.join("|")})(\\d+(?:p\\d+)?)?([+-]\\d)?$`);

/**
 * An algorithm from its text, in the language of the global trigger's menus: conditions joined by
 * AND, XOR, OR and NOT (NOT binds first, then in this order) and parentheses. `etaCuts` define
 * eta cuts beyond their names. Throws `FormatError` with `where`, the column (from 1) and the
 * nearest names.
 */
export function parseExpression(
  text: string,
  where = "expression",
  etaCuts: EtaCuts = {},
): Expression {
  let at = 0;
  const fail = (problem: string, column = at): never => {
    throw new FormatError(`${where}: column ${column + 1}: ${problem}`);
  };
  const skip = () => {
    while (/\s/.test(text[at] ?? "")) at++;
  };
  const take = (symbol: string) => {
    skip();
    if (text[at] !== symbol) return false;
    at++;
    return true;
  };
  const expect = (symbol: string) => {
    if (!take(symbol)) fail(`expected "${symbol}", got ${text[at] ? `"${text[at]}"` : "the end"}`);
  };
  /** The next word; operators are taken only where asked for. */
  const word = () => {
    skip();
    return /^[A-Za-z0-9_+.-]+/.exec(text.slice(at))?.[0] ?? "";
  };
  const takeWord = (wanted: string) => {
    if (word() !== wanted) return false;
    at += wanted.length;
    return true;
  };
  const joined = (kind: "and" | "or" | "xor", part: () => Expression) => (): Expression => {
    const terms = [part()];
    while (takeWord(kind.toUpperCase())) terms.push(part());
    return terms.length === 1 ? terms[0] : { kind, terms };
  };
  const checked = <T extends object>(cut: T | BadCut, column: number): T =>
    "problem" in cut ? fail(cut.problem, column) : cut;
  /** Names in brackets, with their columns; none without brackets. */
  const cutNames = () => {
    const names: { name: string; column: number }[] = [];
    if (!take("[")) return names;
    do {
      const name = word();
      if (name === "") fail("expected the name of a cut");
      names.push({ name, column: at });
      at += name.length;
    } while (take(","));
    expect("]");
    return names;
  };

  const object = (): ObjectTerm => {
    const name = word();
    const column = at;
    const parts = objectPattern.exec(name);
    if (parts === null) return fail(unknownObject(name));
    at += name.length;
    const type = parts[1] as ObjectType;
    if (parts[2] === undefined && !isFlag(type))
      fail(`${name}: expected a threshold, as ${type}10`, column);
    const threshold = Number((parts[2] ?? "0").replace("p", "."));
    const cuts = cutNames().map((c) => checked(objectCut(type, c.name, etaCuts), c.column));
    return { type, threshold, bx: Number(parts[3] ?? 0), cuts };
  };
  const call = (name: FunctionName): Condition => {
    const { objects: limits, cuts: allowed } = functions[name];
    const column = at;
    at += name.length;
    expect("{");
    const objects = [object()];
    while (take(",")) objects.push(object());
    expect("}");
    if (objects.length < limits[0] || objects.length > limits[1])
      fail(`${name}: expected ${limits.join(" to ")} objects, got ${objects.length}`, column);
    for (const { type } of objects)
      if (
        name !== "comb" &&
        objectDefinition(type).collection === undefined &&
        objectDefinition(type).phi === undefined
      )
        fail(`${name}: ${type} has no direction`, column);
    const names = cutNames();
    const cuts = names.map((c) => checked(correlationCut(c.name, allowed), c.column));
    cuts.forEach(({ kind }, k) => {
      if (kind === "CHGCOR" && objects.some(({ type }) => type !== "MU"))
        fail(`${names[k].name}: only muons have a charge`, names[k].column);
    });
    const removals = cuts.filter(({ kind }) => kind.startsWith("ORM")).length;
    if (removals !== ("removal" in functions[name] ? 1 : 0))
      fail(`${name}: expected one cut ORMDETA_, ORMDPHI_ or ORMDR_, got ${removals}`, column);
    return { kind: "condition", name, objects, cuts };
  };
  const given = (name: string): Expression => {
    const column = at;
    const bx = /[+-]\d$/.exec(name)?.[0] ?? "";
    at += name.length;
    const cuts = cutNames().map((c) => c.name);
    const plain = name.slice(0, name.length - bx.length);
    if (plain === "EXT_") fail("expected the name of an external signal after EXT_", column);
    return { kind: "given", name: cuts.length > 0 ? `${plain}[${cuts}]` : plain, bx: Number(bx) };
  };
  const factor = (): Expression => {
    if (takeWord("NOT")) return { kind: "not", term: factor() };
    if (take("(")) {
      const inner = either();
      expect(")");
      return inner;
    }
    const name = word();
    if (Object.hasOwn(functions, name)) return call(name as FunctionName);
    if (givenPrefixes.some((prefix) => name.startsWith(prefix))) return given(name);
    return { kind: "condition", name: "single", objects: [object()], cuts: [] };
  };
  const either = joined("or", joined("xor", joined("and", factor)));

  const expression = either();
  skip();
  if (at < text.length) fail(`expected AND, OR or the end, got "${word() || text[at]}"`);
  return expression;
}

function unknownObject(name: string): string {
  if (name === "") return "expected a condition";
  const candidates = [...typeNames, ...Object.keys(functions), "AND", "OR", "NOT"];
  const guess = nearMiss(/^[A-Za-z_]+/.exec(name)?.[0] ?? name, candidates);
  return `unknown object or function "${name}"${guess ? `; did you mean ${guess}?` : ""}`;
}
