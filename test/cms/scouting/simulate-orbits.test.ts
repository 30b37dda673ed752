import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { testVectorCrossings } from "../../../src/cms/menu/crossings.ts";
import { objectCount, selectObjects } from "../../../src/cms/objects.ts";
import { parseTestVectors } from "../../../src/cms/schemas/test-vectors.ts";
import { createDecoder, encodeOrbit } from "../../../src/cms/scouting/decoder.ts";
import { nominalFilling } from "../../../src/cms/scouting/filling-scheme.ts";
import { orbitFromEvents, orbitsFromVectors } from "../../../src/cms/scouting/from-events.ts";
import { decayToMuons, resonances } from "../../../src/cms/scouting/muon-pairs.ts";
import { orbitSimulation, simulateOrbit } from "../../../src/cms/scouting/simulate-orbits.ts";
import { orbitTriggerObjects } from "../../../src/cms/scouting/trigger-objects.ts";
import { contents } from "./random-orbits.ts";

/** Statistical checks pass within 4.5 standard deviations: false alarms of 7e-6 for a fresh seed. */
const maxPull = 4.5;
const pull = (count: number, mean: number) => (count - mean) / Math.sqrt(mean);

test("the nominal filling has 2808 bunches and an abort gap of 119 crossings", () => {
  const filling = nominalFilling();
  expect(filling.reduce((n, x) => n + x, 0)).toBe(2808);
  expect(filling.lastIndexOf(1)).toBe(3564 - 119 - 1);
});

test("the muons of a decay have the mass of their parent", () => {
  const rng = createRng(1);
  const energy = (pt: number, eta: number) => Math.hypot(pt * Math.cosh(eta), 0.1056584);
  for (const resonance of Object.values(resonances)) {
    let above = 0;
    for (let i = 0; i < 100; i++) {
      const pair = decayToMuons(rng, resonance);
      const sum = [0, 0, 0, 0];
      for (const { pt, eta, phi } of pair) {
        const parts = [
          energy(pt, eta),
          pt * Math.cos(phi),
          pt * Math.sin(phi),
          pt * Math.sinh(eta),
        ];
        for (let k = 0; k < 4; k++) sum[k] += parts[k];
      }
      const mass = Math.sqrt(sum[0] ** 2 - sum[1] ** 2 - sum[2] ** 2 - sum[3] ** 2);
      expect(Math.abs(mass - resonance.mass)).toBeLessThan(15.01 * resonance.width + 1e-6);
      if (mass > resonance.mass) above++;
      expect(pair[0].charge + pair[1].charge).toBe(0);
    }
    expect(Math.abs(above - 50) / 5).toBeLessThan(maxPull);
  }
});

const quiet = { ...orbitSimulation, pairs: [], jets: 0.2, egs: 0.2, taus: 0.2 };

test("an orbit is a pure function of seed and number, with muons in filled crossings only", () => {
  const make = (orbit: number, seed: number) => simulateOrbit({ orbit, seed, config: quiet });
  const a = make(3, 1);
  expect(contents(make(3, 1).gmt)).toEqual(contents(a.gmt));
  expect(contents(make(4, 1).gmt)).not.toEqual(contents(a.gmt));
  expect(contents(make(3, 2).calo)).not.toEqual(contents(a.calo));
  const { offsets } = a.gmt.objects.muons;
  const outside = orbitSimulation.filling.findIndex(
    (filled, e) => filled === 0 && offsets[e + 1] > offsets[e],
  );
  expect(outside).toBe(-1);
  expect(Math.abs(pull(offsets[3564], 2808 * 0.1))).toBeLessThan(maxPull);
});

test("a simulated orbit goes through both formats unchanged", () => {
  const { gmt, calo } = simulateOrbit({ orbit: 12, seed: 1 });
  expect(contents(createDecoder("gmt").decode(encodeOrbit("gmt", gmt)))).toEqual(contents(gmt));
  expect(contents(createDecoder("calo").decode(encodeOrbit("calo", calo)))).toEqual(contents(calo));
});

test("without the calorimeter the muons are the same, and nothing else is there", () => {
  const whole = simulateOrbit({ orbit: 3, seed: 1 });
  const muons = simulateOrbit({ orbit: 3, seed: 1, calo: false });
  expect(contents(muons.gmt)).toEqual(contents(whole.gmt));
  expect([muons.calo.blocks.count, muons.calo.objects.jets.offsets[3564]]).toEqual([0, 0]);
  expect(whole.calo.blocks.count).toBe(3564);
});

test("calorimeter objects have the numbers, spectra and directions they should", () => {
  const config = { ...quiet, jets: 0.8, egs: 1.2, taus: 2 };
  const { jets, egs, taus } = simulateOrbit({ orbit: 2, seed: 7, config }).calo.objects;
  for (const [list, mean, ptMin, index, etaMax] of [
    [jets, 0.8, 10, 3, 5],
    [egs, 1.2, 3, 2.8, 2.5],
    [taus, 2, 4, 2.8, 2.5],
  ] as const) {
    const { offsets, columns } = list;
    const n = offsets[3564];
    expect(Math.abs(pull(n, 2808 * mean))).toBeLessThan(maxPull);
    // P(no object in a crossing) of a Poisson number
    const empty = config.filling.reduce(
      (sum, filled, e) => sum + (filled > 0 && offsets[e + 1] === offsets[e] ? 1 : 0),
      0,
    );
    const without = 2808 * Math.exp(-mean);
    const deviation = Math.sqrt(without * (1 - Math.exp(-mean)));
    expect(Math.abs(empty - without) / deviation).toBeLessThan(maxPull);
    // P(pt > x) = (ptMin / x)^index at the lower edge of a step of 0.5 GeV
    const steps = 4 * ptMin;
    const above = columns.hwPt.subarray(0, n).reduce((sum, x) => sum + (x >= steps ? 1 : 0), 0);
    const share = (ptMin / (0.5 * steps - 0.25)) ** index;
    expect(Math.abs(above - n * share) / Math.sqrt(n * share * (1 - share))).toBeLessThan(maxPull);
    // uniform: means of eta and phi
    const mean0 = (values: ArrayLike<number>) =>
      Array.from({ length: n }, (_, i) => values[i]).reduce((a, b) => a + b, 0) / n;
    const sigma = (width: number) => width / Math.sqrt(12 * n);
    expect(Math.abs(mean0(columns.hwEta)) / sigma((2 * etaMax) / 0.0435)).toBeLessThan(maxPull);
    expect(Math.abs(mean0(columns.hwPhi) - 71.5) / sigma(144)).toBeLessThan(maxPull);
    for (let e = 0; e < 3564; e++)
      for (let i = offsets[e]; i < offsets[e + 1]; i++) {
        expect(columns.slot[i]).toBe(i - offsets[e]);
        if (i > offsets[e]) expect(columns.hwPt[i]).toBeLessThanOrEqual(columns.hwPt[i - 1]);
      }
  }
  const isolations = new Set(egs.columns.hwIso.subarray(0, egs.offsets[3564]));
  expect(isolations).toEqual(new Set([0, 1, 2, 3]));
});

test("sums are those of the jets", () => {
  const config = { ...quiet, jets: 1.5 };
  const { jets, sums } = simulateOrbit({ orbit: 2, seed: 3, config }).calo.objects;
  for (let e = 0; e < 3564; e++) {
    for (const [scalar, missing, minimum] of [
      [0, 2, 0],
      [1, 3, 60],
    ]) {
      let [sum, x, y] = [0, 0, 0];
      for (let i = jets.offsets[e]; i < jets.offsets[e + 1]; i++) {
        const pt = jets.columns.hwPt[i];
        if (pt < minimum) continue;
        const phi = (jets.columns.hwPhi[i] * 2 * Math.PI) / 144;
        [sum, x, y] = [sum + pt, x - pt * Math.cos(phi), y - pt * Math.sin(phi)];
      }
      const at = sums.offsets[e];
      expect(sums.columns.hwPt[at + scalar]).toBe(Math.min(4095, sum));
      expect(sums.columns.hwPt[at + missing]).toBe(Math.round(Math.hypot(x, y)));
      if (Math.hypot(x, y) < 1) continue;
      const angle = (sums.columns.hwPhi[at + missing] + 0.5) * ((2 * Math.PI) / 144);
      const turn = Math.abs(Math.atan2(y, x) - angle + 4 * Math.PI) % (2 * Math.PI);
      expect(Math.min(turn, 2 * Math.PI - turn)).toBeLessThan(Math.PI / 144 + 1e-9);
    }
  }
});

test("prefiring and afterpulsing put an object into the neighboring crossings as well", () => {
  const config = { ...quiet, muons: 0.05, prefiring: 0.3, afterpulsing: 0.1 };
  const { offsets, columns } = simulateOrbit({ orbit: 1, seed: 5, config }).gmt.objects.muons;
  const coincidences = (step: number) => {
    let n = 0;
    for (let e = 2; e < 3562; e++)
      for (let i = offsets[e]; i < offsets[e + 1]; i++)
        for (let j = offsets[e + step]; j < offsets[e + step + 1]; j++)
          if (columns.hwPhi[i] === columns.hwPhi[j] && columns.hwPt[i] === columns.hwPt[j]) n++;
    return n;
  };
  // both ways see each pair once; two crossings apart only a muon with both echoes shows twice
  const [next, second] = [coincidences(1), coincidences(2)];
  const mean = 2808 * 0.05;
  expect(Math.abs(pull(next, mean * (0.3 + 0.1)))).toBeLessThan(maxPull);
  expect(Math.abs(pull(second, mean * 0.3 * 0.1))).toBeLessThan(maxPull);
  const without = simulateOrbit({ orbit: 1, seed: 5, config: { ...quiet, muons: 0.05 } });
  expect(without.gmt.objects.muons.offsets[3564]).toBeLessThan(offsets[3564]);
});

test("opposite-sign pairs peak at the Z, same-sign ones do not", () => {
  const config = {
    ...quiet,
    muons: 0,
    pairs: [{ resonance: resonances.z, mean: 0.3 }],
    jets: 0,
    egs: 0,
    taus: 0,
  };
  const { offsets, columns } = simulateOrbit({ orbit: 1, seed: 9, config }).gmt.objects.muons;
  const masses: Record<string, number[]> = { same: [], opposite: [] };
  for (let e = 0; e < 3564; e++)
    for (let i = offsets[e]; i < offsets[e + 1]; i++)
      for (let j = i + 1; j < offsets[e + 1]; j++) {
        const { hwPt, hwEtaAtVtx: eta, hwPhiAtVtx: phi, hwCharge } = columns;
        const deltaEta = ((eta[i] - eta[j]) * 0.087) / 8;
        const deltaPhi = ((phi[i] - phi[j]) * 2 * Math.PI) / 576;
        const pt2 = (0.5 * (hwPt[i] - 1) * 0.5 * (hwPt[j] - 1)) / 1.15 ** 2;
        const mass = Math.sqrt(2 * pt2 * (Math.cosh(deltaEta) - Math.cos(deltaPhi)));
        masses[hwCharge[i] === hwCharge[j] ? "same" : "opposite"].push(mass);
      }
  const share = (list: readonly number[]) =>
    list.filter((m) => m > 70 && m < 115).length / list.length;
  expect(masses.opposite.length).toBeGreaterThan(300);
  expect(share(masses.opposite)).toBeGreaterThan(0.6);
  expect(share(masses.same)).toBeLessThan(0.5);
});

test("events with charge and one set of coordinates become muons with both", () => {
  const columns = {
    hwPt: Int16Array.of(20, 0, 30),
    hwEta: Int16Array.of(-5, 1, 7),
    hwPhi: Int16Array.of(500, 1, 8),
    hwQual: Int16Array.of(12, 12, 0),
    charge: Int16Array.of(-1, 1, 1),
  };
  const L1Mu = { events: 2, offsets: Uint32Array.of(0, 2, 3), columns };
  const { gmt, calo } = orbitFromEvents({ L1Mu }, { orbit: 8, bx: [4, 3564] });
  const { muons } = gmt.objects;
  expect([gmt.blocks.count, calo.blocks.count, muons.offsets[3564]]).toEqual([1, 2, 1]);
  const { hwCharge, hwChargeValid, hwEtaAtVtx, hwPhiAtVtx } = muons.columns;
  expect([hwCharge[0], hwChargeValid[0], hwEtaAtVtx[0], hwPhiAtVtx[0]]).toEqual([1, 1, -5, 500]);
  columns.hwPt[0] = 512;
  expect(() => orbitFromEvents({ L1Mu }, { orbit: 8, bx: [4, 5] })).toThrow(
    "orbitFromEvents: hwPt is 512 in event 0, expected an integer in [0, 511]",
  );
  columns.hwPt[0] = 20;
  expect(() => orbitFromEvents({ L1Mu }, { orbit: 8, bx: [4, 4] })).toThrow(/bx 4 of event 1/);
});

const folder = "../shared/data/ugt";
const present = existsSync(folder);
if (!present) console.warn(`skipped: ${folder} is not there`);

describe.skipIf(!present)("the 2024 menu's test vectors as orbits", () => {
  const text = present ? readFileSync(`${folder}/menu2024_v1_1_0_ttbar_3564bx.txt`, "utf8") : "";

  test("go through both formats, and the trigger sees the same objects", () => {
    const vectors = parseTestVectors(text);
    const orbits = orbitsFromVectors(vectors, 41);
    expect(orbits.map(({ gmt }) => gmt.orbit)).toEqual([41]);
    const [{ gmt, calo }] = orbits;
    const decoded = {
      gmt: createDecoder("gmt").decode(encodeOrbit("gmt", gmt)),
      calo: createDecoder("calo").decode(encodeOrbit("calo", calo)),
    };
    expect(contents(decoded.gmt)).toEqual(contents(gmt));
    const seen = orbitTriggerObjects(decoded);
    const all = testVectorCrossings(vectors);
    // 158 of the 2,412 muons have no quality, which no raw GMT muon comes without
    const { collection } = selectObjects(
      vectors.objects.L1Mu,
      (i) => vectors.objects.L1Mu.columns.hwQual[i] > 0,
    );
    const expected = { ...all, muons: collection };
    expect(objectCount(collection)).toBe(2412 - 158);
    expect(seen.crossings).toBe(expected.crossings);
    for (const [kind, names] of [
      ["muons", ["hwPt", "hwEtaAtVtx", "hwPhiAtVtx", "hwQual", "hwCharge", "hwDXY"]],
      ["egs", ["hwPt", "hwEta", "hwPhi", "hwIso"]],
      ["taus", ["hwPt", "hwEta", "hwPhi", "hwIso"]],
      ["jets", ["hwPt", "hwEta", "hwPhi", "hwDisplaced"]],
    ] as const) {
      const [a, b] = [seen[kind]!, expected[kind]!];
      expect(a.offsets.join(" ") === b.offsets.join(" "), kind).toBe(true);
      for (const name of names) {
        const [x, y] = [a.columns[name], b.columns[name]];
        let different = 0;
        for (let i = 0; i < b.offsets[3564]; i++) if (x[i] !== y[i]) different++;
        expect(different, `${kind} ${name}`).toBe(0);
      }
    }
    for (const name of ["ett", "htt", "etm", "etmPhi", "htm", "etmhf", "etmhfPhi", "minBiasHFP0"])
      expect(Array.from(seen.scalars[name]), name).toEqual(Array.from(expected.scalars[name]));
  });
});
