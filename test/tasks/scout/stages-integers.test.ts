import { describe, expect, test } from "vitest";
import { l1Scales } from "../../../src/cms/index.ts";
import { toyModel } from "../toy-model.ts";
import { processed, textAsset } from "./processed.ts";
import { orbitsOf } from "./samples.ts";

const orbits = orbitsOf(4);
const { eta, phi } = l1Scales.muon;
const window = { ptMin: 5, ptMax: 40 };

/** Level-1 integers of all muons. */
const level1 = orbits.flatMap(({ gmt }) => {
  const { offsets, columns: c } = gmt.objects.muons;
  return Array.from({ length: offsets[3564] }, (_, i) => ({
    hwPt: c.hwPt[i],
    hwEta: c.hwEta[i],
    hwPhi: c.hwPhi[i],
    hwEtaAtVtx: c.hwEtaAtVtx[i],
    hwPhiAtVtx: c.hwPhiAtVtx[i],
    isInside: c.hwPt[i] > 2 * window.ptMin + 1 && c.hwPt[i] < 2 * window.ptMax + 1,
  }));
});

/** Weights are of hwPtL1, hwPhiL1, hwEtaL1, hwSignL1. */
async function rounded(outputs: Readonly<Record<string, readonly number[]>>, integers = true) {
  const assets = { toy: toyModel("muons", outputs, window) };
  const result = await processed(orbits, [{ kind: "recalibrate", model: "toy", integers }], {
    assets,
  });
  const of = (name: string) => result.column(`L1Mu_${name}`);
  return { ...result, of };
}

describe("calibrated values as integers", () => {
  test("values of integers give these integers back, muons that are not calibrated keep theirs", async () => {
    const { of } = await rounded({
      ptCalib: [0.5, 0, 0, 0],
      etaCalib: [0, 0, eta.width, 0],
      phiCalib: [0, phi.width, 0, 0],
    });
    const [hwPt, hwEta, hwPhi] = [of("hwPtCalib"), of("hwEtaAtVtxCalib"), of("hwPhiAtVtxCalib")];
    expect(hwPt).toEqual(level1.map((m) => m.hwPt));
    expect(hwEta).toEqual(level1.map((m) => (m.isInside ? m.hwEta : m.hwEtaAtVtx)));
    expect(hwPhi).toEqual(level1.map((m) => (m.isInside ? m.hwPhi : m.hwPhiAtVtx)));
    expect(of("hwPt")).toEqual(level1.map((m) => m.hwPt));
    expect(level1.filter((m) => m.isInside).length).toBeGreaterThan(300);
  });

  test("halves of a step go up, and azimuths go round", async () => {
    const { of } = await rounded({
      ptCalib: [0.25, 0, 0, 0],
      etaCalib: [0, 0, -eta.width / 2, 0],
      phiCalib: [0, 3 * phi.width, 0, 0],
    });
    const inside = level1.map((m, i) => ({ ...m, i })).filter((m) => m.isInside);
    const [pt, hwEta, hwPhi] = [of("hwPtCalib"), of("hwEtaAtVtxCalib"), of("hwPhiAtVtxCalib")];
    expect(inside.map((m) => pt[m.i])).toEqual(
      inside.map((m) => Math.floor((m.hwPt - 1) / 2 + 0.5) + 1),
    );
    expect(inside.map((m) => hwPhi[m.i])).toEqual(inside.map((m) => (3 * m.hwPhi) % 576));
    const rest = inside.map((m) => Math.abs(hwEta[m.i] + m.hwEta / 2));
    expect(Math.max(...rest)).toBeLessThanOrEqual(0.5); // float32 decides which way a half goes
  });

  test("pt holds at both ends: 511, and 1, as 0 would be no muon", async () => {
    for (const [weight, end] of [
      [100, 511],
      [-1, 1],
      [0, 1],
    ]) {
      const { of } = await rounded({ ptCalib: [weight, 0, 0, 0] });
      const hwPt = of("hwPtCalib");
      expect(hwPt).toEqual(level1.map((m) => (m.isInside ? end : m.hwPt)));
    }
  });

  test("without integers there are no such columns", async () => {
    const { names } = await rounded({ ptCalib: [1, 0, 0, 0] }, false);
    expect(names).toContain("L1Mu_ptCalib");
    expect(names).not.toContain("L1Mu_hwPtCalib");
  });
});

test("a menu behind decides on calibrated integers, one before on Level 1's", async () => {
  const menu = {
    menu: "own",
    algorithms: [
      { bit: 0, name: "L1_SingleMu12", expression: "MU12" },
      { bit: 1, name: "L1_DoubleMu5", expression: "comb{MU5,MU5}" },
    ],
  };
  const assets = {
    toy: toyModel("muons", { ptCalib: [0.3, 0, 0, 0] }, window),
    menu: textAsset(JSON.stringify(menu)),
  };
  const fired = async (integers: boolean) => {
    const stages = [
      { kind: "recalibrate" as const, model: "toy", integers },
      { kind: "menu" as const, algorithms: "menu" },
    ];
    const { counts } = (await processed(orbits, stages, { assets })).tallies;
    return menu.algorithms.map(({ name }) => counts[`fired.${name}`] ?? 0);
  };
  const float32 = Math.fround;
  const expected = (calibrated: (m: (typeof level1)[number]) => number) => {
    const sums = [0, 0];
    let at = 0;
    for (const { gmt } of orbits) {
      const { offsets } = gmt.objects.muons;
      for (let e = 0; e < 3564; e++) {
        const muons = level1.slice(at + offsets[e], at + offsets[e + 1]).map(calibrated);
        if (muons.some((pt) => pt >= 12)) sums[0]++;
        if (muons.filter((pt) => pt >= 5).length > 1) sums[1]++;
      }
      at += offsets[3564];
    }
    return sums;
  };
  const steps = (m: (typeof level1)[number]) => (m.hwPt - 1) / 2;
  // float32 model, nearest step of 0.5 GeV
  const calibrated = (m: (typeof level1)[number]) =>
    m.isInside ? Math.round(2 * float32(float32(0.3) * (m.hwPt - 1))) / 2 : steps(m);
  expect(await fired(false)).toEqual(expected(steps));
  expect(await fired(true)).toEqual(expected(calibrated));
  expect(expected(calibrated)[0]).not.toBe(expected(steps)[0]);
});
