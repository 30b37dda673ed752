import { expect, test } from "vitest";
import { parseFormula } from "../../../src/cms/jet-calibration/formula.ts";

const value = (text: string, x = 0, p: number[] = []) => parseFormula(text).evaluate(x, p);

test("operators bind as in TFormula", () => {
  expect(value("1+2*3^2")).toBe(19);
  expect(value("2^3^2")).toBe(512);
  expect(value("-x^2", 3)).toBe(-9);
  expect(value("2^-1")).toBe(0.5);
  expect(value("8/4/2-1-1")).toBe(-1);
  expect(value("(1+2)*-(3-5)")).toBe(6);
  expect(value("x**2 * .5e1", 2)).toBe(20);
});

test("functions and parameters are those of TFormula", () => {
  expect(value("[0]+[1]*x+[2]*x^2+[3]*log(x)", Math.E, [1, 2, 3, 4])).toBeCloseTo(
    1 + 2 * Math.E + 3 * Math.E ** 2 + 4,
    12,
  );
  expect(value("TMath::Power(x, [1]) + TMath::Pi()", 2, [0, 3])).toBeCloseTo(8 + Math.PI, 14);
  expect(value("max(min(x,5),-1)+abs(-2)+log10(1000)+sqrt(exp(0))", 9)).toBeCloseTo(11, 14);
  expect(parseFormula("[7]*x").parameters).toBe(8);
});

test("what is not a formula is refused with its place", () => {
  expect(() => value("[0]+")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: formula: unexpected end at character 5 of "[0]+"]`,
  );
  expect(() => value("x x")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: formula: unexpected "x" at character 3 of "x x"]`,
  );
  expect(() => value("log(x")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: formula: unexpected end at character 6 of "log(x"]`,
  );
  expect(() => value("process(x)")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: formula: unknown name "process"; there are x, pi, log, log10, exp, sqrt, abs, pow, min, max at character 1 of "process(x)"]`,
  );
  expect(() => value("constructor(x)")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: formula: unknown name "constructor"; there are x, pi, log, log10, exp, sqrt, abs, pow, min, max at character 1 of "constructor(x)"]`,
  );
  expect(() => value("x;x")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: formula: unexpected ";" at character 2 of "x;x"]`,
  );
  expect(() => value("pow(x)")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: formula: unexpected ")" at character 6 of "pow(x)"]`,
  );
  expect(() => value("")).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: formula: unexpected end at character 1 of ""]`,
  );
});
