import { CancelledError } from "../../base/errors.ts";
import { encodeOrbit } from "../../cms/scouting/decoder.ts";
import { createWholeOrbit } from "../../cms/scouting/from-events.ts";
import { type OrbitFrame, writeOrbitFile } from "../../cms/scouting/orbit.ts";
import { orbitSimulation, simulateOrbit } from "../../cms/scouting/simulate-orbits.ts";
import { scoutingSources } from "../../cms/scouting/sources.ts";
import { writeWhole } from "../run-folder.ts";

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
  readonly signal?: AbortSignal;
  readonly onOrbits?: (done: number) => void;
}

/** What was written. */
export interface SimulatedStream {
  readonly orbits: number;
  readonly muons: number;
  readonly files: readonly { readonly file: string; readonly bytes: number }[];
}

/**
 * Writes simulated raw orbits, one file for each source. Orbit n is a pure function of (seed, n,
 * occupancy): several files make one stream where each goes on with the next `firstOrbit`.
 */
export async function simulateStream({
  orbits,
  seed,
  firstOrbit = 1,
  run = 1,
  occupancy = orbitSimulation.muons,
  out,
  calo,
  signal,
  onOrbits,
}: SimulateStreamOptions): Promise<SimulatedStream> {
  const few = calo === undefined ? { jets: 0, egs: 0, taus: 0 } : {};
  const config = { ...orbitSimulation, ...few, muons: occupancy };
  const storage = createWholeOrbit();
  const frames: Record<"gmt" | "calo", OrbitFrame[]> = { gmt: [], calo: [] };
  let muons = 0;
  for (let k = 0; k < orbits; k++) {
    const orbit = firstOrbit + k;
    const simulated = simulateOrbit({ orbit, seed, config }, storage);
    muons += simulated.gmt.objects.muons.offsets[3564];
    const frame = (source: "gmt" | "calo", payload: Uint8Array) =>
      frames[source].push({ orbit, source: scoutingSources[source].first, payload });
    frame("gmt", encodeOrbit("gmt", simulated.gmt));
    if (calo !== undefined) frame("calo", encodeOrbit("calo", simulated.calo));
    if (k % 64 !== 63) continue;
    onOrbits?.(k + 1);
    await new Promise<void>((go) => setTimeout(go)); // lets Ctrl-C through
    if (signal?.aborted) throw new CancelledError(`scout: cancelled; ${out} was not written`);
  }
  const files: { file: string; bytes: number }[] = [];
  for (const [source, file] of [["gmt", out] as const, ["calo", calo] as const]) {
    if (file === undefined) continue;
    const lumi = Math.floor(firstOrbit / 2 ** 18) + 1;
    const bytes = writeOrbitFile(frames[source], { run, lumi });
    await writeWhole(file, bytes);
    files.push({ file, bytes: bytes.length });
  }
  return { orbits, muons, files };
}
