import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type AlgorithmCheck,
  checkMenu,
  compileMenu,
  externalSignals,
  parseExpression,
  parseMenu,
  printExpression,
} from "../../../src/cms/menu/index.ts";
import { parseTestVectors } from "../../../src/cms/schemas/test-vectors.ts";

const folder = "../shared/data/ugt/menu2024_v1_1_0_";
const isPresent = existsSync(`${folder}algorithms.json`);
if (!isPresent) console.warn(`skipped: ${folder}algorithms.json is not there`);

describe.skipIf(!isPresent)("the 2024 menu on its test vectors", () => {
  const json = isPresent ? JSON.parse(readFileSync(`${folder}algorithms.json`, "utf8")) : null;
  const files = ["ttbar", "data"] as const;
  const vectors = isPresent
    ? files.map((f) => parseTestVectors(readFileSync(`${folder}${f}_3564bx.txt`, "utf8"), f))
    : [];
  const check = (menu: unknown, given = vectors.map(() => ({}))) => {
    const compiled = compileMenu(parseMenu(menu));
    return vectors.map((v, k) => checkMenu(compiled, v, given[k]));
  };
  const differing = (checks: AlgorithmCheck[][]) =>
    checks.map((file) =>
      file
        .filter(({ extra, missing }) => extra + missing > 0)
        .map(({ name, expected, extra, missing }) => [name, expected, extra, missing]),
    );

  test("336 of 340 algorithms agree in all crossings of both files", () => {
    const checks = check(json);
    for (const file of checks) expect(file.filter(({ isDecided }) => isDecided).length).toBe(340);
    expect(checks.map((file) => file.filter((a) => a.isDecided && a.expected > 0).length)).toEqual([
      271, 258,
    ]);
    expect(differing(checks)).toEqual([
      [
        ["L1_DoubleMu6_Upt6_SQ_er2p0", 11, 2, 4],
        ["L1_DoubleMu7_Upt7_SQ_er2p0", 9, 2, 3],
        ["L1_DoubleMu8_Upt8_SQ_er2p0", 7, 2, 3],
      ],
      [
        ["L1_DoubleMu6_Upt6_SQ_er2p0", 32, 6, 15],
        ["L1_DoubleMu7_Upt7_SQ_er2p0", 19, 5, 8],
        ["L1_DoubleMu8_Upt8_SQ_er2p0", 13, 3, 5],
        ["L1_CDC_SingleMu_3_er1p2_TOP120_DPHI2p618_3p142", 1, 10, 1],
      ],
    ]);
  });

  test("with the limits as the menu has them, swapped, three more agree", () => {
    const cuts = { "MU-ETA_EMTF_NEG_er2p0": { minimum: -1.245, maximum: -2.006 } };
    const [ttbar, data] = differing(check({ ...json, cuts }));
    expect(ttbar).toEqual([]);
    expect(data.map(([name]) => name)).toEqual(["L1_CDC_SingleMu_3_er1p2_TOP120_DPHI2p618_3p142"]);
  });

  test("external signals decide the algorithms of one crossing that need them", () => {
    const bits = { EXT_ZeroBias_BPTX_AND_VME: 4, EXT_BPTX_OR_VME: 7 };
    const checks = check(
      json,
      vectors.map((v) => externalSignals(v, bits)),
    );
    for (const file of checks) {
      const of = (name: string) => file.find((a) => a.name === name);
      for (const name of ["L1_ZeroBias", "L1_BptxOR", "L1_NotBptxOR", "L1_SingleMuOpen_NotBptxOR"])
        expect(of(name)).toMatchObject({ isDecided: true, extra: 0, missing: 0 });
      expect(of("L1_TOTEM_1")?.isDecided).toBe(false);
    }
  });

  test("every expression of the menu survives printing and parsing", () => {
    for (const { name, expression } of parseMenu(json).algorithms)
      expect(parseExpression(printExpression(expression)), name).toEqual(expression);
  });
});
