import { expect, test } from "vitest";
import { caloScalars } from "../../../src/cms/scouting/trigger-objects.ts";
import { countLitTowers } from "../../../src/tasks/scout/orbit/mixed-quantities.ts";
import { createDecoders, createScoutOrbit } from "../../../src/tasks/scout/orbit/scout-orbit.ts";
import { processed, withTowers } from "./processed.ts";
import { orbitsOf } from "./samples.ts";

const orbits = withTowers(orbitsOf(4, { calo: true }));

/** Objects of all crossings with the calorimeter, by their own formulas. */
const crossings = orbits.flatMap(({ gmt, calo }) => {
  const towers = caloScalars(calo).towerCount;
  const { muons } = gmt.objects;
  const { jets } = calo.objects;
  return Array.from({ length: 3564 }, (_, e) => {
    const list = (
      { offsets }: { offsets: Uint32Array },
      of: (i: number) => { pt: number; eta: number; phi: number },
    ) => Array.from({ length: offsets[e + 1] - offsets[e] }, (_, j) => of(offsets[e] + j));
    const m = muons.columns;
    const j = jets.columns;
    return {
      hasSums: calo.objects.sums.offsets[e + 1] > calo.objects.sums.offsets[e],
      towers: towers[e],
      muons: list(muons, (i) => ({
        pt: (m.hwPt[i] - 1) / 2,
        eta: m.hwEtaAtVtx[i] * 0.010875,
        phi: (m.hwPhiAtVtx[i] * Math.PI) / 288,
      })),
      jets: list(jets, (i) => ({
        pt: j.hwPt[i] / 2,
        eta: j.hwEta[i] * 0.0435,
        phi: (j.hwPhi[i] * Math.PI) / 72,
      })),
    };
  });
});
type Crossing = (typeof crossings)[number];

const vector = ({ pt, phi }: { pt: number; phi: number }) => [
  pt * Math.cos(phi),
  pt * Math.sin(phi),
];
const sizeOfSum = (objects: readonly { pt: number; phi: number }[]) => {
  const sums = [0, 1].map((k) => objects.reduce((sum, o) => sum + vector(o)[k], 0));
  return Math.hypot(sums[0], sums[1]);
};

/** By name: bins without edges on values that occur, and each crossing's value or none. */
const quantities: Readonly<
  Record<string, { low: number; high: number; of: (c: Crossing) => number | null }>
> = {
  "dimuon.pt": {
    ...{ low: 0.123, high: 61.7 },
    of({ muons }) {
      if (muons.length < 2) return null;
      return sizeOfSum(muons.toSorted((a, b) => b.pt - a.pt).slice(0, 2));
    },
  },
  "muonJet.deltaR": {
    ...{ low: 0.0123, high: 6.07 },
    of({ muons, jets }) {
      const pairs = muons.flatMap((m) =>
        jets.map((j) => {
          const turn = Math.abs(Math.atan2(Math.sin(m.phi - j.phi), Math.cos(m.phi - j.phi)));
          return Math.hypot(m.eta - j.eta, turn);
        }),
      );
      return pairs.length > 0 ? Math.min(...pairs) : null;
    },
  },
  mht: {
    ...{ low: 0.123, high: 301.7 },
    of({ jets, hasSums }) {
      if (!hasSums) return null;
      return sizeOfSum(jets.filter(({ pt, eta }) => pt >= 30 && Math.abs(eta) <= 2.4));
    },
  },
  towerCount: { low: 0.5, high: 4050.5, of: ({ towers, hasSums }) => (hasSums ? towers : null) },
};

test.each(Object.keys(quantities))("%s is that of an independent computation", async (name) => {
  const { low, high, of } = quantities[name];
  const bins = 50;
  const { tallies } = await processed(
    orbits,
    [{ kind: "histogram", name: "h", of: name, bins, low, high }],
    { calo: true },
  );
  const expected = new Float64Array(bins + 2);
  for (const crossing of crossings) {
    const value = of(crossing);
    if (value === null) continue;
    const bin = Math.floor(((value - low) / (high - low)) * bins) + 1;
    expected[Math.max(0, Math.min(bins + 1, bin))]++;
  }
  expect(tallies.bins["histogram.h"]).toEqual(expected);
  expect(expected.filter((n) => n > 0).length).toBeGreaterThan(5);
});

test("lit towers are those with energy in the middle, and none are told without towers", () => {
  const orbit = createScoutOrbit(createDecoders());
  const { towers } = orbit.extras;
  towers.columns.et = Float64Array.from([1, 0, 2, 0.5, 3, 1]);
  towers.columns.ieta = Float64Array.from([4, 1, -5, -4, 1, 41]);
  towers.offsets.fill(6);
  towers.offsets.set([0, 0, 4, 4, 5]); // bx 2 has four, bx 4 one, bx 5 one
  orbit.bx.set([2, 3, 4, 5]);
  orbit.rows = 4;
  const into = new Float64Array(4);
  towers.isThere = true;
  countLitTowers(orbit, into);
  expect([...into]).toEqual([2, 0, 1, 0]);
  towers.isThere = false;
  countLitTowers(orbit, into);
  expect([...into]).toEqual([NaN, NaN, NaN, NaN]);
});
