import { CancelledError } from "../../base/errors.ts";
import { encodeOrbit } from "../../cms/scouting/decoder.ts";
import { createWholeOrbit } from "../../cms/scouting/from-events.ts";
import { resonances } from "../../cms/scouting/muon-pairs.ts";
import type { OrbitFrame } from "../../cms/scouting/orbit.ts";
import { orbitsPerLumi } from "../../cms/scouting/raw-layout.ts";
import { orbitSimulation, simulateOrbit } from "../../cms/scouting/simulate-orbits.ts";
import { scoutingSources } from "../../cms/scouting/sources.ts";
import { createRawWriter, type RawWriter } from "./sources/run-raw-writer.ts";

export interface SimulateStreamOptions {
  readonly orbits: number;
  readonly seed: number;
  /** Number of the first orbit. */
  readonly firstOrbit?: number;
  readonly run?: number;
  /** Mean of single muons per crossing with colliding bunches. */
  readonly occupancy?: number;
  /** File of GMT orbits. */
  readonly out: string;
  /** File of calorimeter orbits. */
  readonly calo?: string | undefined;
  /** The calorimeter has every n-th orbit (default 1). */
  readonly caloEvery?: number;
  /** Jets, e/gammas and taus relative to 1, 1.5 and 2 per crossing (default 1). */
  readonly caloScale?: number;
  readonly signal?: AbortSignal;
  readonly onOrbits?: (done: number) => void;
}

/** What was written. */
export interface SimulatedStream {
  readonly orbits: number;
  readonly muons: number;
  readonly files: readonly {
    readonly file: string;
    readonly orbits: number;
    readonly bytes: number;
  }[];
}

/** What is simulated: pairs of three resonances, often enough to see them in a minute. */
export const streamSimulation = {
  ...orbitSimulation,
  pairs: [
    { resonance: resonances.jpsi, mean: 0.002 },
    { resonance: resonances.upsilon, mean: 0.001 },
    { resonance: resonances.z, mean: 0.002 },
  ],
};

/** Orbits that are written at a time. */
const batch = 64;

/**
 * Writes simulated raw orbits, one file for each source, all in one luminosity section. Orbit n is a
 * pure function of (seed, n, occupancy): several files make one stream where each goes on with the
 * next `firstOrbit`.
 */
export async function simulateStream(options: SimulateStreamOptions): Promise<SimulatedStream> {
  const { orbits, seed, firstOrbit = 1, run = 1, out, calo, caloEvery = 1 } = options;
  const { occupancy = orbitSimulation.muons, caloScale = 1, signal, onOrbits } = options;
  const { jets, egs, taus } = streamSimulation;
  const config = {
    ...{ ...streamSimulation, muons: occupancy },
    ...{ jets: caloScale * jets, egs: caloScale * egs, taus: caloScale * taus },
  };
  const storage = createWholeOrbit();
  const label = { run, lumi: Math.floor(firstOrbit / orbitsPerLumi) + 1 };
  const writers: RawWriter[] = [];
  const files: { file: string; orbits: number; bytes: number }[] = [];
  let muons = 0;
  try {
    for (const path of [out, ...(calo === undefined ? [] : [calo])])
      writers.push(await createRawWriter(path, label));
    for (let k = 0; k < orbits; k += batch) {
      const gmt: OrbitFrame[] = [];
      for (let orbit = firstOrbit + k; orbit < firstOrbit + Math.min(orbits, k + batch); orbit++) {
        const hasCalo = calo !== undefined && (orbit - firstOrbit) % caloEvery === 0;
        const simulated = simulateOrbit({ orbit, seed, config, calo: hasCalo }, storage);
        muons += simulated.gmt.objects.muons.offsets[3564];
        gmt.push({ ...frameOf("gmt", orbit), payload: encodeOrbit("gmt", simulated.gmt) });
        if (!hasCalo) continue;
        const payload = encodeOrbit("calo", simulated.calo);
        await writers[1].write([{ ...frameOf("calo", orbit), payload }]);
      }
      await writers[0].write(gmt);
      onOrbits?.(Math.min(orbits, k + batch));
      await new Promise<void>((go) => setTimeout(go)); // lets Ctrl-C through
      if (signal?.aborted) throw new CancelledError(`scout: cancelled; ${out} was not written`);
    }
    for (const writer of writers) files.push(await writer.close());
  } catch (error) {
    for (const writer of writers.slice(files.length)) await writer.abort();
    throw error;
  }
  return { orbits, muons, files };
}

const frameOf = (source: "gmt" | "calo", orbit: number) => ({
  orbit,
  source: scoutingSources[source].first,
});
