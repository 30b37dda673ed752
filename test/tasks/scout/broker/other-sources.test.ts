import { afterAll, expect, test } from "vitest";
import { createRng } from "../../../../src/base/rng.ts";
import { encodeOrbit } from "../../../../src/cms/scouting/decoder.ts";
import type { OrbitFrame } from "../../../../src/cms/scouting/orbit.ts";
import { work } from "../../../../src/tasks/scout/broker/run-work.ts";
import type { ScoutSettings } from "../../../../src/tasks/scout/config.ts";
import { scout } from "../../../../src/tasks/scout/index.ts";
import { randomOrbit } from "../../../cms/scouting/random-orbits.ts";
import { temporaryFolder } from "../../../data/folder.ts";
import { gmtFrame, orbitsOf, writeRaw } from "../samples.ts";
import { outcomeOf } from "./collect.ts";
import { hasNats, startNats, stopServers } from "./servers.ts";

const { at } = temporaryFolder();
afterAll(stopServers);

const orbits = 12;
const rng = createRng("other sources over a broker");
/** Sources beside GMT and calorimeter by DMA, and crossings with a block in an orbit of each. */
const sources = [
  { source: 10, format: "stubs", blocks: 300 },
  { source: 21, format: "stubs", blocks: 300 },
  { source: 24, format: "jets", blocks: 200 },
  { source: 25, format: "egs", blocks: 200 },
  { source: 32, format: "towers", blocks: 60 },
] as const;

/** Raw files of muons and all other sources; every third orbit has muons alone. */
function writeSources(): string[] {
  const base = orbitsOf(orbits);
  const muons = base.map((orbit, k) => gmtFrame(orbit, k + 1));
  const files = sources.map(({ source, format, blocks }) => {
    const frames = Array.from({ length: orbits }, (_, k): OrbitFrame => {
      const made = randomOrbit(format, rng, { blocks });
      made.orbit = k + 1;
      return { orbit: k + 1, source, payload: encodeOrbit(format, made) };
    });
    return writeRaw(
      at(`${source}.raw`),
      frames.filter(({ orbit }) => orbit % 3 !== 0),
    );
  });
  return [writeRaw(at("muons.raw"), muons), ...files];
}

const phi = { bins: 32, low: -Math.PI, high: Math.PI };
const settings: ScoutSettings = {
  ...{ blockOrbits: 4, output: "root", caloTcp: { jets: [24], egs: [25] } },
  stages: [
    { kind: "histogram", name: "stubs", of: "stub.phi", ...phi },
    { kind: "histogram", name: "ieta", of: "tower.ieta", bins: 83, low: -41.5, high: 41.5 },
    { kind: "histogram", name: "dijet", of: "dijet.mass", bins: 50, low: 0, high: 2000 },
    { kind: "histogram", name: "eg", of: "eg.pt", bins: 50, low: 0, high: 256 },
    { kind: "select", name: "two", cuts: [{ of: "muons", min: 2 }] },
  ],
};

test.runIf(hasNats)(
  "stubs, towers and the calorimeter over TCP count the same with and without a broker",
  { timeout: 180_000 },
  async () => {
    const files = writeSources();
    await scout({ settings: { ...settings, files }, out: at("plain") });
    const expected = await outcomeOf(at("plain"));
    expect(expected.counts).toMatchObject({ orbits, "seen.towers": 8 });
    for (const kind of ["stubs", "towers", "jets", "egs"])
      expect(expected.counts[`objects.${kind}`], kind).toBeGreaterThan(100);

    const { url } = await startNats({ maxPayload: 100_000 }); // blocks go in parts
    const ending = new AbortController();
    const helper = work({ servers: [url], signal: ending.signal });
    await scout({
      settings: { ...settings, files, workers: 0, broker: { servers: [url], ackSeconds: 1 } },
      out: at("brokered"),
    });
    ending.abort();
    await helper;
    expect(await outcomeOf(at("brokered"))).toEqual(expected);
  },
);
