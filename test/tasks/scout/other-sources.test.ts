import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { encodeOrbit } from "../../../src/cms/scouting/decoder.ts";
import { crossingsPerOrbit } from "../../../src/cms/scouting/orbit-objects.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";
import { parseScout, type ScoutSettings } from "../../../src/tasks/scout/config.ts";
import { type RawOrbit, shareBlock } from "../../../src/tasks/scout/orbit/block.ts";
import { createProcessor } from "../../../src/tasks/scout/workers/process-block.ts";
import { randomOrbit } from "../../cms/scouting/random-orbits.ts";
import { caloFrame, gmtPayload, orbitsOf } from "./samples.ts";

const rng = createRng("other sources");
const caloTcp = { jets: [24, 25], egs: [22], taus: [26], sums: [28] };

async function processed(settings: Partial<ScoutSettings>, ...orbits: RawOrbit[]) {
  const config = parseScout({ files: ["-"], batchOrbits: 2, stages: [], ...settings });
  const processor = await createProcessor(config, {}, createNodeRuntime({ threads: 1 }));
  const { tallies } = await processor.process(shareBlock({ run: 7, id: 0, orbits }));
  await processor.dispose();
  return tallies;
}

describe("stubs and towers", () => {
  const sectors = [10, 13, 21].map((source) => {
    const stubs = randomOrbit("stubs", rng, { blocks: 40 });
    stubs.orbit = 5;
    return { source, stubs };
  });
  const towers = randomOrbit("towers", rng, { blocks: 20 });
  towers.orbit = 5;
  const raw: RawOrbit = {
    ...{ orbit: 5, lumi: 1 },
    others: new Map([
      ...sectors.map(({ source, stubs }) => [source, encodeOrbit("stubs", stubs)] as const),
      [32, encodeOrbit("towers", towers)],
    ]),
  };
  const axis = { bins: 32, low: -Math.PI, high: Math.PI };
  const stages: ScoutSettings["stages"] = [
    { kind: "histogram", name: "stubs", of: "stub.phi", ...axis },
    { kind: "histogram", name: "ieta", of: "tower.ieta", bins: 83, low: -41.5, high: 41.5 },
    { kind: "histogram", name: "et", of: "tower.et", bins: 512, low: -0.25, high: 255.75 },
    {
      ...{ kind: "map", name: "towers" },
      x: { of: "tower.ieta", bins: 83, low: -41.5, high: 41.5 },
      y: { of: "tower.iphi", bins: 72, low: 0.5, high: 72.5 },
    },
  ];

  test("are counted, each at its crossing and place", async () => {
    const { counts, bins } = await processed({ stages }, raw);
    const expected = new Float64Array(crossingsPerOrbit);
    const phi = new Float64Array(32);
    let total = 0;
    for (const { source, stubs } of sectors) {
      const { offsets, columns } = stubs.objects.stubs;
      for (let e = 0; e < crossingsPerOrbit; e++) expected[e] += offsets[e + 1] - offsets[e];
      for (let i = 0; i < offsets[crossingsPerOrbit]; i++) {
        const angle = ((source - 10) * Math.PI) / 6 + columns.hwPhi[i] / 4096;
        const turn = angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
        phi[Math.floor((turn + Math.PI) / (Math.PI / 16))]++;
      }
      total += offsets[crossingsPerOrbit];
    }
    const { offsets, columns } = towers.objects.towers;
    const n = offsets[crossingsPerOrbit];
    expect(counts).toMatchObject({ orbits: 1, "objects.stubs": total, "objects.towers": n });
    expect(Array.from(bins["occupancy.stubs"])).toEqual(Array.from(expected));
    expect(Array.from(bins["histogram.stubs"].subarray(1, -1))).toEqual(Array.from(phi));
    expect(bins["map.towers"].reduce((a, b) => a + b)).toBe(n);
    const et = Array.from(columns.hwPt.subarray(0, n));
    const sum = bins["histogram.et"].reduce((a, count, bin) => a + count * (bin - 1), 0);
    expect(sum).toBe(et.reduce((a, b) => a + b, 0));
    const rows = new Set(
      [...sectors.map(({ stubs }) => stubs.objects.stubs), towers.objects.towers].flatMap(
        ({ offsets }) =>
          Array.from({ length: crossingsPerOrbit }, (_, e) => e).filter(
            (e) => offsets[e + 1] > offsets[e],
          ),
      ),
    );
    expect(counts.crossings).toBe(rows.size);
  });

  test("of one orbit are not those of the next; damaged ones drop their orbit", async () => {
    const damaged = new Map([[32, Uint8Array.of(1, 2, 3, 4)]]);
    const { counts } = await processed(
      { stages },
      raw,
      { orbit: 6, lumi: 1 },
      { orbit: 7, lumi: 1 },
      { orbit: 8, lumi: 1, others: damaged },
    );
    const once = await processed({ stages }, raw);
    expect(counts).toMatchObject({ orbits: 3, "dropped.decode": 1, "seen.towers": 1 });
    for (const name of ["objects.stubs", "objects.towers"])
      expect(counts[name]).toBe(once.counts[name]);
  });
});

describe("the calorimeter over TCP", () => {
  const [whole] = orbitsOf(1, { calo: true });
  const gmt = gmtPayload(whole, 1);
  const calo = caloFrame(whole, 1).payload;
  const stages: ScoutSettings["stages"] = [
    { kind: "histogram", name: "jets", of: "jet.pt", bins: 100, low: 0, high: 100 },
    { kind: "histogram", name: "taus", of: "tau.phi", bins: 20, low: -4, high: 4 },
    { kind: "histogram", name: "ht", of: "ht", bins: 100, low: 0, high: 400 },
  ];

  /** The kinds of an orbit by DMA as sources over TCP; jets on two, by the parity of their place. */
  function overTcp(): Map<number, Uint8Array> {
    const of = (kind: "jets" | "egs" | "taus" | "sums", keep = (_: number) => true) => {
      const made = randomOrbit(kind, rng, { blocks: 0 });
      made.orbit = 1;
      const from = whole.calo.objects[kind];
      const [into] = Object.values(made.objects);
      let n = 0;
      for (let e = 0; e < crossingsPerOrbit; e++) {
        for (let i = from.offsets[e], k = 0; i < from.offsets[e + 1]; i++, k++)
          if (keep(k)) {
            for (const [name, values] of Object.entries(from.columns))
              if (name in into.columns)
                (into.columns as typeof from.columns)[name as "hwPt"][n] = values[i];
            n++;
          }
        into.offsets[e + 1] = n;
        if (into.offsets[e + 1] === into.offsets[e]) continue;
        made.blocks.bx[made.blocks.count] = e + 1;
        made.blocks.header[made.blocks.count] = 0;
        made.blocks.flag[made.blocks.count++] = 0;
      }
      return encodeOrbit(kind, made);
    };
    return new Map([
      [24, of("jets", (k) => k % 2 === 0)],
      [25, of("jets", (k) => k % 2 === 1)],
      [22, of("egs")],
      [26, of("taus")],
      [28, of("sums")],
    ]);
  }

  test("gives what the calorimeter by DMA gives", async () => {
    const dma = await processed({ stages }, { orbit: 1, lumi: 1, gmt, calo });
    const tcp = await processed({ stages, caloTcp }, { orbit: 1, lumi: 1, gmt, others: overTcp() });
    expect(dma.counts["objects.jets"]).toBeGreaterThan(1000);
    for (const name of Object.keys(dma.counts).filter((n) => /^(objects|seen|squares)/.test(n)))
      expect(tcp.counts[name], name).toBe(dma.counts[name]);
    for (const name of ["histogram.jets", "histogram.taus", "occupancy.egs"])
      expect(Array.from(tcp.bins[name]), name).toEqual(Array.from(dma.bins[name]));
  });

  test("is not used where it comes by DMA as well, or says not what it has", async () => {
    const others = overTcp();
    const both = await processed({ caloTcp }, { orbit: 1, lumi: 1, calo, others });
    expect(both.counts).toMatchObject({ orbits: 0, "dropped.decode": 1 });
    const unknown = await processed({}, { orbit: 1, lumi: 1, others });
    expect(unknown.counts).toMatchObject({ orbits: 0, "dropped.decode": 1 });
  });
});
