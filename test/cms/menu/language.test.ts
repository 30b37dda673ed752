import { describe, expect, test } from "vitest";
import { parseExpression } from "../../../src/cms/menu/parse-expression.ts";
import { parseMenu } from "../../../src/cms/menu/parse-menu.ts";
import { printExpression } from "../../../src/cms/menu/print-expression.ts";

test("printing and parsing are inverse", () => {
  for (const text of [
    "MU4p5-1[MU-QLTY_SNGL,MU-ETA_2p0]",
    "JET60[JET-ETA_2p52] OR (EG8 AND NOT (HTT60 OR MBT0HFP1)) OR NOT MUS2",
    "mass_inv_orm{JET45,JET45,TAU45[TAU-ISO_0xE]}[MASS_MIN_550,ORMDR_0p5]",
    "(EXT_BPTX_OR_VME-2 AND AXO[AXO-MODEL_v3,AXO-SCORE_Tight]) XOR ETMHF80",
  ]) {
    const expression = parseExpression(text);
    expect(printExpression(expression)).toBe(text);
    expect(parseExpression(printExpression(expression))).toEqual(expression);
  }
});

test("NOT binds before AND, AND before OR, and parentheses before all", () => {
  const tree = (text: string) =>
    JSON.stringify(parseExpression(text), (_, value) =>
      value?.kind === "condition" ? printExpression(value) : value,
    );
  expect(tree("NOT JET1 AND JET2 OR JET3")).toBe(
    '{"kind":"or","terms":[{"kind":"and","terms":[{"kind":"not","term":"JET1"},"JET2"]},"JET3"]}',
  );
  expect(tree("JET1 AND (JET2 OR JET3)")).toBe(
    '{"kind":"and","terms":["JET1",{"kind":"or","terms":["JET2","JET3"]}]}',
  );
});

describe("a slip is named with its column and the nearest name", () => {
  const fails = (text: string) => expect(() => parseExpression(text, "menu: L1_X"));
  test("in cuts and objects", () => {
    fails("MU3[MU-QLTI_SNGL]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 5: unknown cut "MU-QLTI_SNGL"; did you mean MU-QLTY_...?]`,
    );
    fails("MU3[MU-QLTY_SINGLE]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 5: "MU-QLTY_SINGLE": expected OPEN, DBLE, SNGL, a quality 0 to 15 or 0x...]`,
    );
    fails("MU3[JET-ETA_2p5]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 5: unknown cut "JET-ETA_2p5"; there are MU-ETA_, MU-PHI_, MU-QLTY_, MU-ISO_, MU-INDEX_, MU-UPT_, MU-IP_, MU-CHG_]`,
    );
    fails("JET30[JET-ETA_two]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 7: "JET-ETA_two": expected a value as 2p52, FWD_2p52, 1p392_2p958 or a region, _POS, _NEG]`,
    );
    fails("JTE30").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 1: unknown object or function "JTE30"; did you mean JET?]`,
    );
    fails("HTT120[HTT-ETA_2p5]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 8: HTT takes no cuts]`,
    );
    fails("JET").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 1: JET: expected a threshold, as JET10]`,
    );
  });
  test("in functions and their cuts", () => {
    fails("mass_in{JET30,JET30}[MASS_MIN_30]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 1: unknown object or function "mass_in"; did you mean mass_inv?]`,
    );
    fails("mass_inv{JET30,JET30}[MAS_MIN_30]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 23: unknown cut "MAS_MIN_30"; did you mean MASS_...?]`,
    );
    fails("mass_inv{JET30,JET30}[MASS_OVER_30]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 23: "MASS_OVER_30": expected a number, MIN_x, MAX_x or AtoB after MASS_]`,
    );
    fails("comb{JET30}").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 1: comb: expected 2 to 4 objects, got 1]`,
    );
    fails("dist{JET30,HTT100}[DR_MAX_1p0]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 1: dist: HTT has no direction]`,
    );
    fails("comb{JET30,JET30}[CHGCOR_OS]").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 19: CHGCOR_OS: only muons have a charge]`,
    );
    fails("comb_orm{JET30,JET30,EG10}").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 1: comb_orm: expected one cut ORMDETA_, ORMDPHI_ or ORMDR_, got 0]`,
    );
  });
  test("in the form", () => {
    fails("JET30 AND").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 10: expected a condition]`,
    );
    fails("(JET30 OR JET40").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 16: expected ")", got the end]`,
    );
    fails("JET30 JET40").toThrowErrorMatchingInlineSnapshot(
      `[FormatError: menu: L1_X: column 7: expected AND, OR or the end, got "JET40"]`,
    );
  });
});

test("a menu names the algorithm that is wrong", () => {
  const menu = (algorithms: unknown, cuts?: unknown) => () =>
    parseMenu({ menu: "m", algorithms, cuts });
  const seed = { bit: 1, name: "L1_A", expression: "JET30" };
  expect(menu(null)).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: menu: expected { "menu", "algorithms": [...] }]`,
  );
  expect(menu([{ ...seed, bit: 512 }])).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: menu: L1_A: bit must be an integer in [0, 511], got 512]`,
  );
  expect(menu([seed, { ...seed, name: "L1_B" }])).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: menu: L1_A and L1_B both have bit 1]`,
  );
  expect(menu([seed, { ...seed, bit: 2 }])).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: menu: two algorithms are named L1_A]`,
  );
  expect(menu([{ ...seed, expression: "JET30[JET-ETA]" }])).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: menu: L1_A: column 7: unknown cut "JET-ETA"; did you mean JET-ETA_...?]`,
  );
  expect(menu([seed], { "JET-ISO_1": {} })).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: menu: cut JET-ISO_1: expected an eta cut with minimum and maximum]`,
  );
  expect(() => parseMenu("{")).toThrow(/^menu: not JSON/);
});
