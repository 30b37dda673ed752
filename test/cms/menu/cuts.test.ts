import { describe, expect, test } from "vitest";
import { correlationCut, objectCut } from "../../../src/cms/menu/cuts.ts";
import { objectDefinition } from "../../../src/cms/menu/language.ts";
import {
  angleLimits,
  caloTables,
  massLimits,
  muonTables,
  squareLimits,
} from "../../../src/cms/menu/lookup-tables.ts";

const windows = (type: string, name: string) => {
  const cut = objectCut(type, name);
  return "problem" in cut ? cut.problem : cut.windows;
};

describe("the integers behind the names of cuts", () => {
  // hand-computed: calorimeter edges n x 0.0435, muon bins n x 0.010875 +- half
  test.each([
    ["JET", "JET-ETA_2p52", [[-58, 57]]], // 2.523 is 58 steps
    ["JET", "JET-ETA_2p4", [[-55, 54]]], // the edge at 2.3925
    ["EG", "EG-ETA_1p52_HASHFIX", [[-35, 34]]],
    ["EG", "EG-ETA_FWD_2p52_POS", [[58, 114]]],
    ["EG", "EG-ETA_FWD_2p52_NEG", [[-115, -59]]],
    ["JET", "JET-ETA_1p392_2p958_NEG", [[-68, -33]]],
    [
      "JET",
      "JET-ETA_FWD_3p00",
      [
        [-115, -70],
        [69, 114],
      ],
    ],
    ["MU", "MU-ETA_2p0", [[-184, 184]]], // 183.9
    ["MU", "MU-ETA_2p10", [[-193, 193]]], // 193.1
    ["MU", "MU-ETA_BMTF", [[-73, 73]]],
    ["MU", "MU-ETA_BMTF_POS", [[1, 73]]],
    ["MU", "MU-ETA_OMTF_NEG", [[-114, -74]]],
    ["MU", "MU-ETA_EMTF_POS_er2p0", [[115, 184]]],
    ["MU", "MU-PHI_TOP120", [[48, 239]]],
    ["MU", "MU-PHI_BOTTOM120", [[336, 527]]],
    ["MU", "MU-QLTY_OPEN", [[4, 15]]],
    ["MU", "MU-QLTY_DBLE", [[8, 15]]],
    ["MU", "MU-QLTY_SNGL", [[12, 15]]],
    ["MU", "MU-QLTY_14", [[14, 15]]],
    ["MU", "MU-UPT_10", [[11, 255]]],
    [
      "MU",
      "MU-IP_123",
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    ],
    ["MU", "MU-INDEX_OMTF_NEG", [[72, 89]]],
    ["MU", "MU-CHG_NEG", [[1, 1]]],
    [
      "EG",
      "EG-ISO_0xA",
      [
        [1, 1],
        [3, 3],
      ],
    ],
    [
      "TAU",
      "TAU-ISO_0xE",
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    ],
    ["JET", "JET-DISP_LLP", [[1, 1]]],
  ])("%s: %s", (type, name, expected) => {
    expect(windows(type, name)).toEqual(expected);
  });

  test("eta limits of the menu win over the name, and accept the outside when swapped", () => {
    const cut = (minimum: number, maximum: number) =>
      objectCut("MU", "MU-ETA_X", { "MU-ETA_X": { minimum, maximum } });
    expect(cut(-2.006, -1.245)).toMatchObject({ windows: [[-184, -115]] });
    expect(cut(-1.245, -2.006)).toMatchObject({
      windows: [
        [-256, -185],
        [-114, 255],
      ],
    });
    const jet = objectCut("JET", "JET-ETA_X", { "JET-ETA_X": { minimum: -2.523, maximum: 2.523 } });
    expect(jet).toMatchObject({ windows: [[-58, 57]] });
  });

  test("thresholds: muon pt is (hw - 1) / 2, other energies hw / 2, counts as they are", () => {
    const hw = (type: Parameters<typeof objectDefinition>[0], x: number) =>
      objectDefinition(type).hwThreshold(x);
    expect([hw("MU", 0), hw("MU", 4.5), hw("EG", 7.5), hw("HTT", 120), hw("MBT0HFP", 1)]).toEqual([
      1, 10, 15, 240, 1,
    ]);
  });
});

// limits in eta as the menus of 2022, 2024, 2025 (heavy ions) and 2026 publish them
test.each([
  ["MU-ETA_2p10", -2.104, 2.104],
  ["MU-ETA_2p0", -2.006, 2.006],
  ["MU-ETA_1p5", -1.506, 1.506],
  ["MU-ETA_1p4", -1.408, 1.408],
  ["MU-ETA_2p3", -2.3, 2.3],
  ["MU-ETA_1p1", -1.104, 1.104],
  ["MU-ETA_1p2", -1.202, 1.202],
  ["MU-ETA_BMTF_NEG", -0.799, -0.005],
  ["MU-ETA_OMTF_POS", 0.799, 1.245],
  ["MU-ETA_EMTF_NEG", -2.45, -1.245],
  ["EG-ETA_2p13", -2.131, 2.131],
  ["EG-ETA_1p22", -1.218, 1.218],
  ["EG-ETA_1p3", -1.305, 1.305],
  ["JET-ETA_2p3", -2.305, 2.305],
  ["JET-ETA_2p4", -2.392, 2.392],
  ["JET-ETA_2p7", -2.697, 2.697],
  ["JET-ETA_CEN_2p70", -2.697, 2.697],
  ["JET-ETA_3p0", -3.001, 3.001],
  ["JET-ETA_FWD_2p48_POS", 2.479, 5],
  ["JET-ETA_FWD_2p7_NEG", -5, -2.697],
  ["JET-ETA_1p392_2p52_POS", 1.392, 2.523],
])("%s has its published limits %d to %d", (name, minimum, maximum) => {
  const [type] = name.split("-");
  const cut = objectCut(type, name);
  const [[low, high]] = "windows" in cut ? cut.windows : [[Number.NaN, Number.NaN]];
  const isMuon = type === "MU";
  const width = isMuon ? 0.010875 : 0.0435;
  const edges = isMuon ? [low - 0.5, high + 0.5] : [low, high + 1];
  // 2.45 and 5 are the ends of the scales
  expect(Math.abs(edges[0] * width - minimum)).toBeLessThan(0.003);
  expect(Math.abs(edges[1] * width - maximum)).toBeLessThan(0.003);
});

test("cuts between objects: one number is a minimum or maximum by kind", () => {
  const range = (name: string) => {
    const cut = correlationCut(name, ["DETA", "DPHI", "DR", "MASS", "ORMDR", "CHGCOR"]);
    return "problem" in cut ? cut.problem : [cut.min, cut.max];
  };
  const all = Number.POSITIVE_INFINITY;
  expect(range("DETA_MAX_1p6")).toEqual([0, 1.6]);
  expect(range("DETA_Max0p3")).toEqual([0, 0.3]);
  expect(range("DPHI_DPHI_MIN2p094_MAX3p1")).toEqual([2.094, 3.1]);
  expect(range("DPHI_0p8to1p2")).toEqual([0.8, 1.2]);
  expect(range("DPHI_2p0")).toEqual([2, all]);
  expect(range("DR_1p4")).toEqual([0, 1.4]);
  expect(range("DR_MIN_0p3")).toEqual([0.3, all]);
  expect(range("MASS_MASS_7to18")).toEqual([7, 18]);
  expect(range("MASS_MIN_30")).toEqual([30, all]);
  expect(range("ORMDR_0p5")).toEqual([0, 0.5]);
  expect(correlationCut("CHGCOR_SS", ["CHGCOR"])).toMatchObject({ sign: "ls" });
});

test("limits are integers of the compared quantity", () => {
  const all = Number.POSITIVE_INFINITY;
  expect(angleLimits({ min: 2.618, max: 2.9 })).toEqual({ low: 2618, high: 2900 });
  // published in the menu's cut table (L1Menu_Collisions2024_v1_1_0.html): 1.961, 0.161, 0.25, 0.09
  expect(squareLimits({ min: 0, max: 1.4 }).high).toBe(1_961_000);
  expect(squareLimits({ min: 0, max: 0.4 }).high).toBe(161_000);
  expect(squareLimits({ min: 0, max: 0.5 }).high).toBe(250_000);
  expect(squareLimits({ min: 0.3, max: all }).low).toBe(90_000);
  // and in its firmware: 0x04EB25EB40 for 650 GeV of jets, 0x5D75C80 for 14 GeV of muons
  expect(massLimits({ min: 650, max: all }, caloTables).low).toBe(0x04eb25eb40);
  expect(massLimits({ min: 8, max: 14 }, muonTables)).toEqual({ low: 0x1e84800, high: 0x5d75c80 });
});

test("tables hold rounded decimals", () => {
  expect(Array.from(caloTables.deltaEta.subarray(0, 4))).toEqual([0, 44, 87, 131]);
  expect(Array.from(caloTables.deltaPhi.subarray(0, 4))).toEqual([0, 44, 87, 131]);
  expect([72, 73, 143].map((n) => caloTables.deltaPhi[n])).toEqual([3142, 3098, 44]);
  expect([0, 72, 36].map((n) => caloTables.cos[n])).toEqual([1000, -1000, 0]);
  // largest entries as firmware packages state them
  expect(caloTables.cosh[229]).toBe(10_597_282);
  expect(muonTables.cosh[450]).toBe(667_303);
});
