import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { muonScales } from "../../../src/cms/index.ts";
import type { WholeOrbit } from "../../../src/cms/scouting/from-events.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";
import { binsFromEdges, logBins, uniformBins } from "../../../src/stats/index.ts";
import { parseScout } from "../../../src/tasks/scout/config.ts";
import { createProcessor, type Processor } from "../../../src/tasks/scout/workers/process-block.ts";
import { toyModel } from "../toy-model.ts";
import { caloFrame, gmtPayload, orbitsOf } from "./samples.ts";

const model = toyModel("muons", { ptCalib: [0.25, 0, 0, 0], phiCalib: [0, 0.01, 0, 0] });
const log = { bins: 50, low: 0.7, high: 300, log: true };
const axes = {
  x: { of: "muon.eta", bins: 7, low: -2.2, high: 2.1 },
  y: { of: "muon.phi", bins: 9, low: -3, high: 3 },
};
let orbits: WholeOrbit[];
let processor: Processor;
beforeAll(async () => {
  orbits = orbitsOf(4, { calo: true, seed: 9 });
  for (const { gmt } of orbits) {
    const { hwChargeValid } = gmt.objects.muons.columns;
    for (let i = 0; i < hwChargeValid.length; i += 5) hwChargeValid[i] = 0;
  }
  const config = parseScout({
    files: ["-"],
    batchOrbits: 3,
    stages: [
      { kind: "recalibrate", model: "toy" },
      { kind: "histogram", name: "opposite", of: "dimuon.massOpposite", ...log },
      { kind: "histogram", name: "same", of: "dimuon.massSame", ...log },
      { kind: "histogram", name: "pt", of: "muon.pt", ...log },
      { kind: "histogram", name: "ptL1", of: "muon.ptL1", bins: 30, low: 0, high: 60 },
      { kind: "map", name: "map", ...axes },
      { kind: "histogram", name: "egs", of: "egs", bins: 12, low: -0.5, high: 11.5 },
    ],
  });
  processor = await createProcessor(config, { toy: model }, createNodeRuntime({ threads: 1 }));
});

/** Which of the simulated orbits a source gives, if any. */
const source = fc.option(fc.nat(3), { nil: null });
const raw = fc.array(fc.record({ gmt: source, calo: source }), { maxLength: 9 });

test("every count of the muon chain is that of a plain loop over the orbits, whatever sources they have", async () => {
  await fc.assert(
    fc.asyncProperty(raw, async (picks) => {
      const { tallies } = await processor.process({
        ...{ run: 1, id: 0 },
        orbits: picks.map(({ gmt, calo }, k) => ({
          ...{ orbit: k + 1, lumi: 1 },
          ...(gmt === null ? {} : { gmt: gmtPayload(orbits[gmt], k + 1) }),
          ...(calo === null ? {} : { calo: caloFrame(orbits[calo], k + 1).payload }),
        })),
      });
      const { bins, muons } = plainly(picks);
      expect(tallies.counts["objects.muons"] ?? 0).toBe(muons);
      for (const [name, expected] of Object.entries(bins))
        expect([name, ...(tallies.bins[name] ?? expected.map(() => 0))]).toEqual([
          name,
          ...expected,
        ]);
    }),
    { seed: 3, numRuns: 15 },
  );
});

test("muons of which the model gives no numbers keep what Level 1 measured", async () => {
  const steep = 3.4e36; // times 101 it is no float32
  const name = "histogram.pt";
  const own = await createProcessor(
    parseScout({
      files: ["-"],
      stages: [
        { kind: "recalibrate", model: "toy" },
        { kind: "histogram", name: "pt", of: "muon.pt", ...log },
      ],
    }),
    { toy: toyModel("muons", { ptCalib: [0.25, 0, 0, 0], etaCalib: [0, 0, steep, 0] }) },
    createNodeRuntime({ threads: 1 }),
  );
  const { tallies } = await own.process({
    ...{ run: 1, id: 0 },
    orbits: [{ orbit: 1, lumi: 1, gmt: gmtPayload(orbits[0], 1) }],
  });
  await own.dispose();
  const { offsets, columns: c } = orbits[0].gmt.objects.muons;
  const expected = new Float64Array(log.bins + 2);
  const { edges } = logBins(log.bins, log.low, log.high);
  const counts = { calibrated: 0, kept: 0 };
  for (let i = 0; i < offsets[3564]; i++) {
    const ptL1 = (c.hwPt[i] - 1) * 0.5;
    const isFor = ptL1 > 5 && ptL1 < 40 && c.hwChargeValid[i] === 1;
    const isNumber = Math.abs(c.hwEta[i]) <= 100;
    if (isFor) counts[isNumber ? "calibrated" : "kept"]++;
    const pt = isFor && isNumber ? ptL1 / 2 : ptL1;
    expected[edges.filter((e) => e <= pt).length]++;
  }
  expect(Math.min(counts.calibrated, counts.kept)).toBeGreaterThan(10);
  expect(tallies.counts["muons.calibrated"]).toBe(counts.calibrated);
  expect(tallies.bins[name]).toEqual(expected);
});

interface Muon {
  readonly ptL1: number;
  readonly pt: number;
  readonly eta: number;
  readonly phi: number;
  readonly charge: number;
}

/** The same counts with nothing prepared, kept or left out. */
function plainly(picks: readonly { gmt: number | null; calo: number | null }[]) {
  const make = (n: number) => new Array<number>(n).fill(0);
  const bins = {
    ...{ "histogram.opposite": make(52), "histogram.same": make(52), "histogram.pt": make(52) },
    ...{ "histogram.ptL1": make(32), "map.map": make(9 * 11), "histogram.egs": make(14) },
    ...{ "occupancy.muons": make(3564), "occupancy.egs": make(3564) },
    ...{ present: make(3564), neighbors: make(9) },
  };
  const { low, high } = log;
  const fine = logBins(log.bins, low, high);
  const fill = (name: keyof typeof bins, { edges }: { edges: Float64Array }, x: number) => {
    if (!Number.isNaN(x)) bins[name][edges.filter((e) => e <= x).length]++;
  };
  let muons = 0;
  for (const { gmt, calo } of picks) {
    const list = gmt === null ? null : orbits[gmt].gmt;
    const here = (e: number) => (list === null ? [] : muonsOf(list, e));
    const egs = calo === null ? null : orbits[calo].calo;
    for (let e = 0; e < 3564; e++) {
      const own = here(e);
      muons += own.length;
      bins["occupancy.muons"][e] += own.length;
      if (own.length > 0) {
        bins.present[e]++;
        for (let d = 0; d <= 8; d++)
          if (e + d < 3564 && here(e + d).length > 0) bins.neighbors[d]++;
      }
      for (const { ptL1, pt, eta, phi } of own) {
        fill("histogram.pt", fine, pt);
        fill("histogram.ptL1", uniformBins(30, 0, 60), ptL1);
        const place = ({ bins: n, low: from, high: to }: typeof axes.x, x: number) =>
          uniformBins(n, from, to).edges.filter((edge) => edge <= x).length;
        bins["map.map"][place(axes.x, eta) * 11 + place(axes.y, phi)]++;
      }
      if (own.length > 1) {
        const [a, b] = own.toSorted((p, q) => q.pt - p.pt);
        const angles = Math.cosh(a.eta - b.eta) - Math.cos(a.phi - b.phi);
        const mass = Math.sqrt(Math.max(0, 2 * a.pt * b.pt * angles));
        if (a.charge * b.charge < 0) fill("histogram.opposite", fine, mass);
        if (a.charge * b.charge > 0) fill("histogram.same", fine, mass);
      }
      const isListed = [list, egs].some((o) =>
        o?.blocks.bx.subarray(0, o.blocks.count).includes(e + 1),
      );
      const { offsets } = egs?.objects.egs ?? { offsets: make(3565) };
      const n = offsets[e + 1] - offsets[e];
      bins["occupancy.egs"][e] += n;
      if (isListed) fill("histogram.egs", binsFromEdges(make(13).map((_, i) => i - 0.5)), n);
    }
  }
  return { bins, muons };
}

/** Muons of crossing e + 1, calibrated as the toy model does within 5 and 40 GeV. */
function muonsOf({ objects }: WholeOrbit["gmt"], e: number): Muon[] {
  const { offsets, columns: c } = objects.muons;
  return Array.from({ length: offsets[e + 1] - offsets[e] }, (_, j) => {
    const i = offsets[e] + j;
    const ptL1 = (c.hwPt[i] - 1) * 0.5;
    const isInside =
      ptL1 > 5 && ptL1 < 40 && c.hwPhi[i] <= muonScales.hwPhiL1.max && c.hwChargeValid[i] === 1;
    const turn = isInside
      ? Math.fround(Math.fround(0.01) * c.hwPhi[i])
      : c.hwPhiAtVtx[i] * ((2 * Math.PI) / 576);
    return {
      ...{ ptL1, pt: isInside ? ptL1 / 2 : ptL1, eta: c.hwEtaAtVtx[i] * 0.010875 },
      phi: turn >= Math.PI ? turn - 2 * Math.PI : turn,
      charge: c.hwChargeValid[i] * (1 - 2 * c.hwCharge[i]),
    };
  });
}
