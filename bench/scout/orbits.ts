import { encodeOrbit } from "../../src/cms/scouting/decoder.ts";
import { createWholeOrbit } from "../../src/cms/scouting/from-events.ts";
import { orbitSimulation, simulateOrbit } from "../../src/cms/scouting/simulate-orbits.ts";
import type { RawOrbit } from "../../src/tasks/scout/orbit/block.ts";

/** Orbits in memory that threads share. */
export interface SharedOrbits {
  readonly orbits: readonly RawOrbit[];
  readonly buffer: SharedArrayBuffer;
}

/**
 * Simulated orbits 1 ... n, all different, with so many muons on average in each of the 3564
 * crossings; with calorimeter blocks where asked for.
 */
export function makeOrbits(n: number, muons: number, calo: boolean): SharedOrbits {
  const filling = new Uint8Array(3564).fill(1);
  const config = { ...orbitSimulation, filling, pairs: [], muons };
  const whole = createWholeOrbit();
  const made = Array.from({ length: n }, (_, k) => {
    simulateOrbit({ orbit: k + 1, seed: 1, config, calo }, whole);
    return {
      ...{ orbit: k + 1, lumi: 1, gmt: encodeOrbit("gmt", whole.gmt) },
      ...(calo && { calo: encodeOrbit("calo", whole.calo) }),
    };
  });
  const total = made.reduce((sum, { gmt, calo }) => sum + gmt.length + (calo?.length ?? 0), 0);
  const buffer = new SharedArrayBuffer(total);
  let at = 0;
  const moved = (bytes: Uint8Array) => {
    const view = new Uint8Array(buffer, at, bytes.length);
    view.set(bytes);
    at += bytes.length;
    return view;
  };
  const orbits = made.map(({ gmt, calo, ...rest }) => ({
    ...{ ...rest, gmt: moved(gmt) },
    ...(calo && { calo: moved(calo) }),
  }));
  return { orbits, buffer };
}
