import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { compileMenu } from "../../../src/cms/menu/compile-menu.ts";
import { bitmapOf, countBits, firedAt, makeBitmap } from "../../../src/cms/menu/menu-bits.ts";
import { parseExpression } from "../../../src/cms/menu/parse-expression.ts";
import { caloColumns, collection, randomCrossings, spread } from "./crossings-maker.ts";
import { twin } from "./twin.ts";

const compile = (...expressions: string[]) =>
  compileMenu({
    name: "test",
    algorithms: expressions.map((text, bit) => ({
      name: text,
      bit,
      expression: parseExpression(text),
    })),
  });

/** Crossings where the menu and the twin differ although no limit is nearer than `edge`. */
function differences(expression: string, seed: number, edge = 0) {
  const objects = randomCrossings(400, seed);
  const decision = compile(expression).evaluate(objects);
  const tree = parseExpression(expression);
  let [fired, far, near] = [0, 0, 0];
  for (let e = 0; e < objects.crossings; e++) {
    const own = firedAt(decision, 0, e);
    const { isTrue, margin } = twin(tree, objects, e);
    if (own) fired++;
    if (own !== isTrue) margin >= edge ? far++ : near++;
  }
  return { fired, far, near, crossings: objects.crossings };
}

describe("objects against trying all choices", () => {
  test.each([
    ["nested requirements", "comb{JET40[JET-ETA_1p3],JET20[JET-ETA_1p3],JET10}"],
    ["the same object twice", "comb{EG20,EG20}"],
    ["four of a kind", "comb{JET15,JET15,JET15,JET15}"],
    ["requirements side by side", "comb{EG10[EG-ISO_0xA],EG20[EG-ISO_0xC]}"],
    ["crossing requirements, three places", "comb{TAU10[TAU-ISO_0x3],TAU20,TAU5[TAU-ISO_0xC]}"],
    ["excluding requirements", "comb{JET20[JET-ETA_1p392_2p958_POS],JET30[JET-ETA_1p3]}"],
    ["qualities and windows", "MU10[MU-QLTY_SNGL,MU-ETA_BMTF] OR MU5[MU-INDEX_EMTF_POS,MU-UPT_10]"],
    ["parts of the muon", "MU3[MU-IP_123,MU-CHG_NEG,MU-PHI_TOP120]"],
    ["displaced jets and sums", "JET20[JET-DISP_LLP] AND HTT150 AND NOT ETM60"],
    ["exclusive or", "EG20 XOR TAU20 XOR JET30"],
    ["other crossings", "MU10-1 AND JET20+2 AND NOT comb{EG10,EG10}"],
    ["two charges", "comb{MU3,MU3}[CHGCOR_OS]"],
    ["three like charges", "comb{MU0,MU0,MU0}[CHGCOR_SS]"],
    ["four charges", "comb{MU0,MU0,MU0,MU0}[CHGCOR_OS]"],
  ])("%s", (_, expression) => {
    const { fired, far, near, crossings } = differences(expression, 11);
    expect([far, near]).toEqual([0, 0]);
    expect(fired).toBeGreaterThan(3);
    expect(fired).toBeLessThan(crossings);
  });
});

describe("angles and masses against floating point, off the limits", () => {
  // rounding of tables and pt moves a limit by less than `edge`
  test.each([
    ["dist{JET20,JET20}[DETA_MAX_0p5]", 0.1],
    ["dist{EG10,JET20}[DPHI_0p8to1p2]", 0.06],
    ["dist{MU3,JET20[JET-ETA_2p52]}[DR_MAX_0p4]", 0.1],
    ["dist{MU3,MU3}[CHGCOR_OS,DR_1p2]", 0.02],
    ["dist{JET20,ETM40}[DPHI_DPHI_MIN2p618_MAX3p142]", 0.02],
    ["dist{MU3-1,MU3}[DPHI_MIN_2p0]", 0.02],
    ["mass_inv{JET20,JET20}[MASS_MIN_100]", 0.03],
    ["mass_inv{JET20,JET20}[MASS_MIN_60,DETA_MAX_0p5]", 0.1],
    ["mass_inv{MU3,MU5}[MASS_MASS_7to18,CHGCOR_OS]", 0.05],
    ["mass_inv{EG10,MU3}[MASS_MAX_20]", 0.05],
    ["mass_inv_3{MU3,MU2p5,MU0}[MASS_MAX_40,CHGCOR_OS]", 0.05],
    ["mass_trv{EG10,ETM20}[MASS_MIN_40]", 0.03],
    ["comb_orm{TAU10,TAU10,JET20}[ORMDR_0p5]", 0.1],
    ["comb_orm{TAU10,TAU10,TAU5,JET20}[ORMDR_0p5]", 0.1],
    ["mass_inv_orm{JET15,JET15,TAU15}[MASS_MIN_60,ORMDR_0p5]", 0.1],
  ])("%s", (expression, edge) => {
    const { fired, far, near, crossings } = differences(expression, 12, edge);
    expect(far).toBe(0);
    expect(near).toBeLessThan(0.05 * crossings);
    expect(fired).toBeGreaterThan(3);
    expect(fired).toBeLessThan(crossings);
  });

  test("conditions that differ in the mass alone agree with each by itself", () => {
    const objects = randomCrossings(300, 13);
    const texts = [60, 90, 120, 30].map((m) => `mass_inv{JET15,JET15}[MASS_MIN_${m}]`);
    const together = compile(...texts).evaluate(objects);
    texts.forEach((text, a) => {
      const alone = compile(text).evaluate(objects);
      expect(bitmapOf(together, a)).toEqual(bitmapOf(alone, 0));
    });
  });
});

describe("sparse crossings, where the empty ones share one answer", () => {
  const dense = randomCrossings(60, 21);
  const objects = spread(dense, 1500);
  test.each([
    ["NOT comb{EG10,EG10}", 0],
    ["MU10-1 AND NOT JET20+2", 0],
    ["NOT MU5-2 XOR HTT150", 0],
    ["ETM0 AND NOT JET20", 0],
    ["comb{JET15,JET15,JET10} OR HTT300", 0],
    ["mass_inv{JET15,JET15}[MASS_MIN_60]", 0.03],
    ["dist{MU3-1,MU3}[DPHI_MIN_2p0]", 0.02],
  ])("%s", (text, edge) => {
    const decision = compile(text).evaluate(objects);
    const tree = parseExpression(text);
    const wrong: number[] = [];
    for (let e = 0; e < objects.crossings; e++) {
      const { isTrue, margin } = twin(tree, objects, e);
      if (firedAt(decision, 0, e) !== isTrue && margin >= edge) wrong.push(e);
    }
    expect(wrong).toEqual([]);
    const fired = countBits(bitmapOf(decision, 0));
    expect(fired).toBeGreaterThan(0);
    expect(fired).toBeLessThan(objects.crossings);
  });

  test("answers from outside count as contents, their neighbors too", () => {
    const a = makeBitmap(1500, (e) => e % 400 === 7);
    const decision = compile("NOT EXT_A", "EXT_A-2", "EXT_A+1 AND NOT EXT_A").evaluate(objects, {
      EXT_A: a,
    });
    expect(bitmapOf(decision, 0)).toEqual(makeBitmap(1500, (e) => e % 400 !== 7));
    expect(bitmapOf(decision, 1)).toEqual(makeBitmap(1500, (e) => e % 400 === 9));
    expect(bitmapOf(decision, 2)).toEqual(makeBitmap(1500, (e) => e % 400 === 6));
  });

  test("an input without any object", () => {
    const none = spread(dense, 200, 0);
    const decision = compile("NOT JET10", "JET0", "HTT0").evaluate(none);
    expect([0, 1, 2].map((a) => countBits(bitmapOf(decision, a)))).toEqual([200, 0, 200]);
  });
});

test("crossings with more objects than a kernel holds", () => {
  const rng = createRng(31);
  const jet = () => ({
    hwPt: 30 + rng.integer(40),
    hwEta: rng.integer(130) - 65,
    hwPhi: rng.integer(144),
  });
  const lists = [200, 3, 70, 64, 65].map((n) => Array.from({ length: n }, jet));
  const objects = { crossings: 5, jets: collection(lists, caloColumns), scalars: {} };
  for (const limit of [60, 150, 250, 320, 400, 500, 800]) {
    const text = `mass_inv{JET15,JET20}[MASS_MIN_${limit}]`;
    const decision = compile(text, "dist{JET15,JET15}[DETA_MAX_0p5]").evaluate(objects);
    for (let e = 0; e < 5; e++) {
      const { isTrue, margin } = twin(parseExpression(text), objects, e);
      if (margin > 0.001) expect([limit, e, firedAt(decision, 0, e)]).toEqual([limit, e, isTrue]);
    }
  }
});

test("a menu may be used again, with more and with fewer crossings", () => {
  const texts = ["mass_inv{JET15,JET15}[MASS_MIN_60] OR MU10", "comb{EG10,EG10} AND NOT EXT_A"];
  const menu = compile(...texts);
  for (const n of [40, 6000, 1, 333, 40]) {
    const objects = randomCrossings(n, n);
    const given = { EXT_A: makeBitmap(n, (e) => e % 3 === 0) };
    expect(menu.evaluate(objects, given).fired).toEqual(
      compile(...texts).evaluate(objects, given).fired,
    );
    expect(menu.evaluate(objects).fired).toEqual(compile(...texts).evaluate(objects).fired);
  }
});

test("more conditions on the same pairs than a word has bits", () => {
  const objects = randomCrossings(120, 41);
  const texts = Array.from(
    { length: 70 },
    (_, k) => `mass_inv{JET15,JET15}[MASS_MIN_${30 + 3 * k}]`,
  );
  const together = compile(...texts).evaluate(objects);
  const counts = texts.map((text, a) => {
    expect(bitmapOf(together, a)).toEqual(bitmapOf(compile(text).evaluate(objects), 0));
    return countBits(bitmapOf(together, a));
  });
  expect(counts).toEqual([...counts].sort((x, y) => y - x));
});

test("the integers of a mass cut, by hand", () => {
  // two jets at hw pt 100: 503 x 503 x (cosh[10] - cos[72]) = 253009 x (1096 + 1000)
  const jets = collection(
    [
      [
        { hwPt: 100, hwEta: 0, hwPhi: 0 },
        { hwPt: 100, hwEta: -10, hwPhi: 72 },
      ],
    ],
    caloColumns,
  );
  const objects = { crossings: 1, jets, scalars: {} };
  const fires = (cut: string) =>
    firedAt(compile(`mass_inv{JET0,JET0}[${cut}]`).evaluate(objects), 0, 0);
  // 530306864 / 1e5 = 5303.07 = M^2 / 2: M between 102 (5202) and 103 (5304.5)
  expect([fires("MASS_MIN_102"), fires("MASS_MIN_103"), fires("MASS_MAX_103")]).toEqual([
    true,
    false,
    true,
  ]);
});

test("answers from outside: shifted crossings, and undecided without them", () => {
  const menu = compile("EXT_A AND NOT EXT_A-1", "JET10", "AXO[AXO-SCORE_Tight] AND EXT_A+1");
  const objects = randomCrossings(70, 1);
  const a = makeBitmap(70, (e) => e >= 40 && e < 45);
  const some = menu.evaluate(objects, { EXT_A: a });
  expect(some.undecided).toEqual([2]);
  expect(bitmapOf(some, 0)).toEqual(makeBitmap(70, (e) => e === 40));
  const all = menu.evaluate(objects, {
    EXT_A: a,
    "AXO[AXO-SCORE_Tight]": makeBitmap(70, (e) => e < 41),
  });
  expect(bitmapOf(all, 2)).toEqual(makeBitmap(70, (e) => e === 39 || e === 40));
  expect(all.undecided).toEqual([]);
});

test("columns of any integer type and longer than needed will do", () => {
  const objects = randomCrossings(50, 3);
  const { offsets, columns } = objects.jets ?? { offsets: new Uint32Array(1), columns: {} };
  const narrow = Object.entries(columns).map(([name, values]) => {
    const copy = new Int16Array(values.length + 9).fill(99);
    copy.set(values);
    return [name, copy];
  });
  const menu = compile("dist{JET20,JET20}[DETA_MAX_0p5]");
  const jets = { offsets, columns: Object.fromEntries(narrow) };
  expect(menu.evaluate({ ...objects, jets }).fired).toEqual(menu.evaluate(objects).fired);
});

test("a missing column is named", () => {
  const objects = { crossings: 1, jets: collection([[]], ["hwPt"]), scalars: {} };
  expect(() => compile("JET10[JET-ETA_1p3]").evaluate(objects)).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: menu: the crossings have no jets hwEta, which the menu cuts on]`,
  );
  expect(() => compile("MU10").evaluate(objects)).toThrow(/no muons/);
});
