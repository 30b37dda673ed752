import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { objectCount } from "../../../src/cms/objects.ts";
import { withPhysical } from "../../../src/cms/physical.ts";
import { testVectorObjects } from "../../../src/cms/schemas/test-vector-layout.ts";
import {
  formatTestVectors,
  hasFired,
  parseTestVectors,
} from "../../../src/cms/schemas/test-vectors.ts";

/** A line with the given words at places counted over the objects; others are zero. */
function line(words: Record<number, string> = {}): string {
  const zeros = [8, 12, 12, 12, 12].flatMap((n, kind) =>
    new Array<string>(n).fill("0".repeat(kind === 0 ? 16 : 8)),
  );
  const all = ["0007", ...zeros, "0".repeat(64), "0".repeat(128), "0"];
  for (const [place, word] of Object.entries(words)) all[Number(place)] = word;
  return all.join(" ");
}

test("the fields of an object fill its words without gap or overlap", () => {
  for (const { digits, fields } of Object.values(testVectorObjects)) {
    let bit = 0;
    for (const { shift, bits } of fields) {
      expect(shift).toBe(bit);
      expect(shift >>> 5).toBe((shift + bits - 1) >>> 5);
      bit += bits;
    }
    expect(bit).toBe(4 * digits);
  }
});

test("bits land in their fields, signed and across the halves", () => {
  // phi 575, pt 3, quality 12, eta -1 in the low half; charge 1, valid 1, index 35, dxy 3.
  const low = 575 + (3 << 10) + (12 << 19) + 0x1ff * 2 ** 23;
  const high = (1 << 2) + (1 << 3) + (35 << 4) + 3 * 2 ** 30;
  const hex = (x: number) => x.toString(16).padStart(8, "0");
  const jet = 100 + (0x80 << 11) + (143 << 19);
  const text = `${line({ 2: hex(high) + hex(low), 33: hex(jet), 59: "1" })}\n`;
  const { objects, crossing, finalOr } = parseTestVectors(text);
  const first = (name: "L1Mu" | "L1Jet") =>
    Object.fromEntries(Object.entries(objects[name].columns).map(([c, v]) => [c, v[0]]));
  expect(first("L1Mu")).toEqual({
    hwPhiAtVtx: 575,
    hwPt: 3,
    hwQual: 12,
    hwEtaAtVtx: -1,
    hwIso: 0,
    hwCharge: 1,
    hwChargeValid: 1,
    tfMuonIndex: 35,
    hwPhi: 0,
    hwPtUnconstrained: 0,
    spare: 0,
    hwDXY: 3,
    slot: 1,
  });
  expect(first("L1Jet")).toMatchObject({ hwPt: 100, hwEta: -128, hwPhi: 143, slot: 0 });
  expect([crossing[0], finalOr[0], objectCount(objects.L1EtSum)]).toEqual([7, 1, 12]);
  expect(withPhysical(objects.L1Mu, "muon").columns.pt[0]).toBe(1);
});

test("algorithm bits count from the lowest", () => {
  const text = line({ 58: `8${"0".repeat(126)}2` });
  const vectors = parseTestVectors(text);
  const fired = Array.from({ length: 512 }, (_, bit) => bit).filter((b) => hasFired(vectors, 0, b));
  expect(fired).toEqual([1, 511]);
  expect(() => hasFired(vectors, 0, 512)).toThrow(/got 512/);
});

test("a bad line is named with its number and word", () => {
  const parse = (text: string) => expect(() => parseTestVectors(text, "a.txt"));
  const good = line();
  parse("").toThrowErrorMatchingInlineSnapshot(`[FormatError: a.txt: no line]`);
  parse(`${good}\n${good} 0\n`).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: a.txt: line 2: expected 60 words, got 61]`,
  );
  parse(`${good}\n\n${good}`).toThrow(/line 2: expected 60 words, got 1/);
  parse(line({ 9: "123" })).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: a.txt: line 1: word 10 has 3 digits, expected 8]`,
  );
  parse(line({ 9: "0000g000" })).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: a.txt: line 1: word 10 has "g" at digit 5, expected hexadecimal]`,
  );
  parse(line({ 0: "abc" })).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: a.txt: line 1: expected a crossing number, got "abc"]`,
  );
  parse(line({ 59: "2" })).toThrow(/expected final OR 0 or 1 in word 60, got "2"/);
});

test("values that do not fit their field cannot be written", () => {
  const vectors = parseTestVectors(line({ 33: "00000001" }));
  vectors.objects.L1Jet.columns.hwPt[0] = 2048;
  expect(() => formatTestVectors(vectors)).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: L1Jet: hwPt is 2048 in object 0, outside [0, 2047]]`,
  );
});

const folder = "../shared/data/ugt";
const present = existsSync(folder);
if (!present) console.warn(`skipped: ${folder} is not there`);

describe.skipIf(!present)("the 2024 menu's test vectors", () => {
  const counts = {
    ttbar: { L1Mu: 2_412, L1EG: 17_490, L1Tau: 28_452, L1Jet: 41_868 },
    data: { L1Mu: 2_388, L1EG: 19_563, L1Tau: 34_381, L1Jet: 12_131 },
  };
  test.each(["ttbar", "data"] as const)("%s: counts, decisions and the way back", (sample) => {
    const text = readFileSync(`${folder}/menu2024_v1_1_0_${sample}_3564bx.txt`, "utf8");
    const vectors = parseTestVectors(text);
    expect(vectors.crossing.length).toBe(3564);
    for (const [name, n] of Object.entries(counts[sample]))
      expect([name, objectCount(vectors.objects[name as "L1Mu"])]).toEqual([name, n]);
    expect(formatTestVectors(vectors) === text).toBe(true);
    const menu = JSON.parse(readFileSync(`${folder}/menu2024_v1_1_0_algorithms.json`, "utf8")) as {
      algorithms: { bit: number; name: string }[];
    };
    const bit = (name: string) => menu.algorithms.find((a) => a.name === name)?.bit as number;
    const [singleJet, singleMuon] = [bit("L1_SingleJet180"), bit("L1_SingleMu22")];
    const jets = withPhysical(vectors.objects.L1Jet, "jet");
    const muons = withPhysical(vectors.objects.L1Mu, "muon");
    const any = ({ offsets }: typeof jets, e: number, holds: (i: number) => boolean) => {
      for (let i = offsets[e]; i < offsets[e + 1]; i++) if (holds(i)) return true;
      return false;
    };
    for (let e = 0; e < 3564; e++) {
      const jet180 = any(jets, e, (i) => jets.columns.pt[i] >= 180);
      const { pt, hwQual } = muons.columns;
      const mu22 = any(muons, e, (i) => pt[i] >= 22 && hwQual[i] >= 12);
      expect(hasFired(vectors, e, singleJet)).toBe(jet180);
      expect(hasFired(vectors, e, singleMuon)).toBe(mu22);
    }
  });
});
