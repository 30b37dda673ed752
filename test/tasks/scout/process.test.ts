import { beforeAll, describe, expect, test } from "vitest";
import type { WholeOrbit } from "../../../src/cms/scouting/from-events.ts";
import { compile, constant, fromNumbers, input, mul, reshape, sum } from "../../../src/index.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";
import { parseScout, type ScoutSettings } from "../../../src/tasks/scout/config.ts";
import { correlations } from "../../../src/tasks/scout/stages/occupancy.ts";
import type { Assets } from "../../../src/tasks/scout/stages/stage.ts";
import { createProcessor } from "../../../src/tasks/scout/workers/process-block.ts";
import { toyModel } from "../toy-model.ts";
import { blockOfOrbits, orbitsOf } from "./samples.ts";

const runtime = createNodeRuntime({ threads: 1 });
let orbits: WholeOrbit[];
beforeAll(() => {
  orbits = orbitsOf(5, { calo: true });
});

async function processed(
  settings: ScoutSettings,
  { assets = {} as Assets, calo = false, block = blockOfOrbits(orbits, { calo }) } = {},
) {
  const config = parseScout({ files: ["x.raw"], ...settings });
  const processor = await createProcessor(config, assets, runtime);
  const result = await processor.process(block);
  await processor.dispose();
  return result;
}

/** Muons of every crossing by their own formulas, the slow way. */
function crossings() {
  return orbits.flatMap(({ gmt }, k) => {
    const { offsets, columns: c } = gmt.objects.muons;
    return Array.from({ length: 3564 }, (_, e) => ({
      orbit: k + 1,
      bx: e + 1,
      muons: Array.from({ length: offsets[e + 1] - offsets[e] }, (_, j) => {
        const i = offsets[e] + j;
        const pt = (c.hwPt[i] - 1) / 2;
        const eta = c.hwEtaAtVtx[i] * 0.010875;
        const phi = (c.hwPhiAtVtx[i] * 2 * Math.PI) / 576;
        const p = [pt * Math.cos(phi), pt * Math.sin(phi), pt * Math.sinh(eta)];
        return { pt, eta, phi, p, charge: c.hwCharge[i] ? -1 : 1 };
      }),
    }));
  });
}

function massOf(a: { p: number[] }, b: { p: number[] }): number {
  const energy = Math.hypot(...a.p) + Math.hypot(...b.p);
  const momentum = Math.hypot(...a.p.map((x, i) => x + b.p[i]));
  return Math.sqrt(Math.max(0, energy ** 2 - momentum ** 2));
}

describe("quantities", () => {
  test("dimuon masses of both signs are those of four-vectors added", async () => {
    const axis = { bins: 40, low: 0, high: 120 };
    const { tallies } = await processed({
      stages: [
        { kind: "histogram", name: "opposite", of: "dimuon.massOpposite", ...axis },
        { kind: "histogram", name: "same", of: "dimuon.massSame", ...axis },
      ],
    });
    const expected = { opposite: new Float64Array(42), same: new Float64Array(42) };
    for (const { muons } of crossings()) {
      if (muons.length < 2) continue;
      const [a, b] = muons.toSorted((x, y) => y.pt - x.pt);
      const bin = Math.min(41, Math.floor(massOf(a, b) / 3) + 1);
      expected[a.charge === b.charge ? "same" : "opposite"][bin]++;
    }
    expect(tallies.bins["histogram.opposite"]).toEqual(expected.opposite);
    expect(tallies.bins["histogram.same"]).toEqual(expected.same);
    expect(expected.same.reduce((n, x) => n + x, 0)).toBeGreaterThan(50);
  });

  test("HT is the sum of central jets above 30 GeV, the dijet mass that of the leading two", async () => {
    const { tallies } = await processed(
      {
        stages: [
          { kind: "histogram", name: "ht", of: "ht", bins: 50, low: 0.5, high: 500.5 },
          { kind: "histogram", name: "jets", of: "jets", bins: 13, low: -0.5, high: 12.5 },
        ],
      },
      { calo: true },
    );
    const ht = new Float64Array(52);
    const count = new Float64Array(15);
    for (const { calo } of orbits) {
      const { offsets, columns } = calo.objects.jets;
      for (let e = 0; e < 3564; e++) {
        if (calo.objects.sums.offsets[e + 1] === calo.objects.sums.offsets[e]) continue;
        let total = 0;
        for (let i = offsets[e]; i < offsets[e + 1]; i++)
          if (columns.hwPt[i] >= 60 && Math.abs(columns.hwEta[i] * 0.0435) <= 2.4)
            total += columns.hwPt[i] / 2;
        ht[total < 0.5 ? 0 : Math.min(51, Math.floor((total - 0.5) / 10) + 1)]++;
        count[offsets[e + 1] - offsets[e] + 1]++;
      }
    }
    expect(tallies.bins["histogram.ht"]).toEqual(ht);
    expect(tallies.bins["histogram.jets"]).toEqual(count);
  });

  const half = Math.PI / 576; // of a step, so that none is on an edge

  test("maps, occupancy and coincidences count every muon where it is", async () => {
    const { tallies } = await processed({
      stages: [
        {
          ...{ kind: "map", name: "m" },
          x: { of: "muon.eta", bins: 5, low: -2.5, high: 2.5 },
          y: { of: "muon.phi", bins: 4, low: -Math.PI - half, high: Math.PI - half },
        },
      ],
    });
    const all = crossings();
    const map = new Float64Array(7 * 6);
    const occupancy = new Float64Array(3564);
    const present = all.map(({ muons }) => (muons.length > 0 ? 1 : 0));
    for (const { bx, muons } of all) {
      occupancy[bx - 1] += muons.length;
      for (const { eta, phi } of muons) {
        const wrapped = phi > Math.PI - 1e-9 ? phi - 2 * Math.PI : phi;
        const row = Math.floor(eta + 2.5) + 1;
        map[row * 6 + Math.floor(((wrapped + half) / Math.PI + 1) * 2) + 1]++;
      }
    }
    expect(tallies.bins["map.m"]).toEqual(map);
    expect(tallies.bins["occupancy.muons"]).toEqual(occupancy);
    const pairs = present.filter((p, i) => p && (i + 2) % 3564 > 1 && present[i + 2]).length;
    expect(tallies.bins.neighbors[2]).toBe(pairs);
    // crossings are independent in the simulation
    const [next] = correlations(tallies);
    expect(Math.abs(next.ratio - 1)).toBeLessThan(5 * next.uncertainty);
  });
});

test("results do not depend on how many orbits are in a batch, nor on the orbits of a block", async () => {
  const { bins, counts } = (await processed({ batchOrbits: 1 })).tallies;
  const other = (await processed({ batchOrbits: 64 })).tallies;
  expect(other.bins).toEqual(bins);
  const numbers = (of: object) =>
    Object.entries(of).filter(([name]) => !name.startsWith("seconds"));
  expect(numbers(other.counts)).toEqual(numbers(counts));
});

test("an orbit that cannot be decoded is dropped, counted, and touches nothing else", async () => {
  const whole = blockOfOrbits(orbits);
  const rest = { ...whole, orbits: whole.orbits.filter((_, k) => k !== 2) };
  const broken = whole.orbits.map((o, k) =>
    k === 2 ? { ...o, gmt: o.gmt?.subarray(0, 1000) } : o,
  );
  const settings = { batchOrbits: 2 };
  const a = await processed(settings, {
    block: { ...whole, orbits: broken as typeof whole.orbits },
  });
  const b = await processed(settings, { block: rest });
  expect(a.tallies.counts["dropped.decode"]).toBe(1);
  expect(a.tallies.counts.orbits).toBe(4);
  expect(a.tallies.bins).toEqual(b.tallies.bins);
});

describe("recalibration", () => {
  // pt = 0.25 hwPtL1, half of Level 1's; eta = hwEtaL1 / 200; phi = hwPhiL1 / 100
  const model = toyModel("muons", {
    ptCalib: [0.25, 0, 0, 0],
    etaCalib: [0, 0, 0.005, 0],
    phiCalib: [0, 0.01, 0, 0],
  });

  test("muons in the window get what the model says, others keep Level 1's values", async () => {
    const { kept, tallies } = await processed(
      { output: "root", batchOrbits: 2, stages: [{ kind: "recalibrate", model: "toy" }] },
      { assets: { toy: model } },
    );
    const of = (name: string) => kept?.columns.find((c) => c.name === `L1Mu_${name}`)?.values ?? [];
    const [pt, calibrated, eta, phi] = [of("pt"), of("ptCalib"), of("etaCalib"), of("phiCalib")];
    const [hwEta, hwPhi, etaAtVtx] = [of("hwEta"), of("hwPhi"), of("etaAtVtx")];
    let inside = 0;
    for (let i = 0; i < pt.length; i++) {
      const isInside = pt[i] > 5 && pt[i] < 40;
      inside += isInside ? 1 : 0;
      expect(calibrated[i]).toBe(isInside ? pt[i] / 2 : pt[i]);
      expect(eta[i]).toBeCloseTo(isInside ? hwEta[i] / 200 : etaAtVtx[i], 5);
      if (isInside) expect(Math.cos(phi[i])).toBeCloseTo(Math.cos(hwPhi[i] / 100), 5);
    }
    expect(tallies.counts["muons.calibrated"]).toBe(inside);
    expect(inside).toBeGreaterThan(500);
    expect(pt.length).toBe(crossings().reduce((n, { muons }) => n + muons.length, 0));
  });

  test("a model of jets is refused with what to do", async () => {
    const assets = { toy: toyModel("jets", { ptCalib: [1, 0, 0, 0] }) };
    await expect(
      processed({ stages: [{ kind: "recalibrate", model: "toy" }] }, { assets }),
    ).rejects.toThrow(/toy: reads hwPt, .* of jets; scouting has hwPtL1, .*train with/);
  });
});

describe("selections", () => {
  test("crossings that pass are kept with their neighbors, within the orbit", async () => {
    const { kept, tallies } = await processed({
      output: "root",
      stages: [
        { kind: "select", name: "two", cuts: [{ of: "muons", min: 2 }], neighbors: 2 },
        { kind: "select", name: "heavy", cuts: [{ of: "dimuon.mass", min: 60 }] },
      ],
    });
    const all = crossings();
    const two = all.filter(({ muons }) => muons.length > 1);
    const expected = new Set(
      two.flatMap(({ orbit, bx }) =>
        [-2, -1, 0, 1, 2]
          .filter((d) => bx + d >= 1 && bx + d <= 3564)
          .map((d) => orbit * 4096 + bx + d),
      ),
    );
    const values = (name: string) => [
      ...(kept?.columns.find((c) => c.name === name)?.values ?? []),
    ];
    const bx = values("bunchCrossing");
    const rows = values("orbitNumber").map((orbit, r) => orbit * 4096 + bx[r]);
    expect(rows).toEqual([...expected].sort((a, b) => a - b));
    expect(tallies.counts["selected.two"]).toBe(two.length);
    expect(values("heavy").reduce((n, x) => n + x, 0)).toBe(tallies.counts["selected.heavy"]);
    expect(tallies.counts["selected.heavy"]).toBeGreaterThan(0);
    const sizes = kept?.offsets.L1Mu ?? new Uint32Array();
    for (const [r, row] of rows.entries()) {
      const there = all[(Math.floor(row / 4096) - 1) * 3564 + (row % 4096) - 1].muons.length;
      expect(sizes[r + 1] - sizes[r]).toBe(there);
    }
  });

  test("a model's score is a quantity, and a menu's algorithm a condition", async () => {
    const x = input("x", "float32", ["batch", 2]);
    const weights = constant(fromNumbers("float32", [1, 2], [10, 1]));
    const y = reshape(sum(mul(x, weights), { axes: 1 }), ["batch"]);
    const menu = {
      menu: "own",
      algorithms: [{ bit: 3, name: "L1_DoubleMu", expression: "comb{MU0,MU0}" }],
    };
    const { tallies } = await processed(
      {
        stages: [
          {
            kind: "score",
            name: "score",
            model: "m",
            inputs: ["muons", "dimuon.mass"],
            missing: -1,
          },
          { kind: "menu", algorithms: "menu" },
          { kind: "select", name: "low", cuts: [{ of: "score", max: 9.5 }] },
          { kind: "select", name: "double", algorithms: ["L1_DoubleMu"] },
        ],
      },
      {
        assets: {
          m: compile({ name: "score", inputs: [x], outputs: { y } }),
          menu: new TextEncoder().encode(JSON.stringify(menu)),
        },
      },
    );
    const all = crossings();
    // one muon and no mass: 10 - 1
    expect(tallies.counts["selected.low"]).toBe(all.filter((c) => c.muons.length === 1).length);
    const doubles = all.filter((c) => c.muons.length > 1).length;
    expect(tallies.counts["selected.double"]).toBe(doubles);
    expect(tallies.counts["fired.L1_DoubleMu"]).toEqual(doubles);
  });
});

test("unknown names and settings are refused with the nearest known one", async () => {
  const of = (stages: ScoutSettings["stages"]) => processed({ stages });
  const axis = { bins: 3, low: 0, high: 1 };
  await expect(of([{ kind: "histogram", name: "a", of: "dimuon.maas", ...axis }])).rejects.toThrow(
    'scout.a: no quantity "dimuon.maas"; did you mean "dimuon.mass"?',
  );
  await expect(of([{ kind: "select", name: "s", cuts: [{ of: "muon.pt" }] }])).rejects.toThrow(
    "scout.s.cuts: muon.pt is of muons; name a quantity of a crossing",
  );
  await expect(of([{ kind: "select", name: "s", algorithms: ["L1_X"] }])).rejects.toThrow(
    'no algorithm "L1_X" in the menu before',
  );
  expect(() => parseScout({ files: ["a"], workers: 0 })).toThrow("scout.workers: 0 needs a broker");
  expect(() => parseScout({ files: ["a"], workers: -1 })).toThrow(/scout\.workers: .*got -1/);
  expect(() => parseScout({})).toThrow("scout.files: give one source: raw orbit files, a folder");
  const twice = { kind: "histogram" as const, name: "a", of: "ht", ...axis };
  expect(() => parseScout({ files: ["a"], stages: [twice, twice] })).toThrow(
    'scout.stages: two are called "a"',
  );
  expect(() => parseScout({ files: ["a"], stages: [{ ...twice, name: "keep" }] })).toThrow(
    'scout.stages: "keep" is a stage already; choose another name',
  );
});
