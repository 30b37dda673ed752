import { writeFileSync } from "node:fs";
import { encodeOrbit } from "../../../src/cms/scouting/decoder.ts";
import { createWholeOrbit, type WholeOrbit } from "../../../src/cms/scouting/from-events.ts";
import { type OrbitFrame, writeOrbitFile } from "../../../src/cms/scouting/orbit.ts";
import { orbitSimulation, simulateOrbit } from "../../../src/cms/scouting/simulate-orbits.ts";
import type { OrbitBlock } from "../../../src/tasks/scout/orbit/block.ts";

/** Some simulated orbits, 1 ... n, muons only or with the calorimeter. */
export function orbitsOf(n: number, { calo = false, seed = 5 } = {}): WholeOrbit[] {
  const few = calo ? { jets: 2 } : { jets: 0, egs: 0, taus: 0 };
  const config = { ...orbitSimulation, muons: 0.2, ...few };
  return Array.from({ length: n }, (_, k) =>
    simulateOrbit({ orbit: k + 1, seed, config }, createWholeOrbit()),
  );
}

/** Orbit `number` with the content of a simulated one. */
export function gmtPayload({ gmt }: WholeOrbit, number: number): Uint8Array {
  gmt.orbit = number;
  return encodeOrbit("gmt", gmt);
}

export function gmtFrame(orbit: WholeOrbit, number: number): OrbitFrame {
  return { orbit: number, source: 1, payload: gmtPayload(orbit, number) };
}

export function caloFrame({ calo }: WholeOrbit, number: number): OrbitFrame {
  calo.orbit = number;
  return { orbit: number, source: 2, payload: encodeOrbit("calo", calo) };
}

export function writeRaw(path: string, frames: readonly OrbitFrame[], run = 7): string {
  writeFileSync(path, writeOrbitFile(frames, { run, lumi: 1 }));
  return path;
}

/** All orbits as one block. */
export function blockOfOrbits(orbits: readonly WholeOrbit[], { calo = false } = {}): OrbitBlock {
  return {
    ...{ run: 7, id: 0 },
    orbits: orbits.map((orbit, k) => ({
      ...{ orbit: k + 1, lumi: 1, gmt: gmtPayload(orbit, k + 1) },
      ...(calo ? { calo: caloFrame(orbit, k + 1).payload } : {}),
    })),
  };
}
