import { ConfigError } from "../../base/errors.ts";
import { createRng } from "../../base/rng.ts";
import { createWholeOrbit, type WholeOrbit } from "./from-events.ts";
import { clearOrbit } from "./orbit-objects.ts";
import { createScatter, type OrbitSimulation, orbitSimulation } from "./orbit-simulation.ts";
import { fillCalo } from "./simulate-calo.ts";
import { fillMuons } from "./simulate-gmt.ts";

export { type OrbitSimulation, orbitSimulation } from "./orbit-simulation.ts";

export interface SimulateOrbitOptions {
  readonly orbit: number;
  /** Any seed of `createRng`. */
  readonly seed: number | string;
  readonly config?: OrbitSimulation;
  /** False leaves the calorimeter empty; the muons are the same (default true). */
  readonly calo?: boolean;
}

/**
 * Simulates orbit `orbit`, a pure function of (seed, orbit, config): single muons with a falling
 * spectrum, pairs from resonances, both with the Level-1 response of `simulateMuons`; jets,
 * e/gammas and taus with falling spectra, flat in eta and phi; sums of those jets. The charges of
 * single muons are random, so that two of them make the same-sign background of a dimuon spectrum.
 * The GMT gets a block where there are muons, the calorimeter one for each crossing.
 */
export function simulateOrbit(
  { orbit, seed, config = orbitSimulation, calo = true }: SimulateOrbitOptions,
  into: WholeOrbit = createWholeOrbit(),
): WholeOrbit {
  if (!Number.isInteger(orbit) || orbit < 0 || orbit >= 2 ** 31)
    throw new ConfigError(`simulateOrbit.orbit: expected an integer in [0, 2^31), got ${orbit}`);
  const rng = createRng(seed).split(orbit);
  clearOrbit(into.gmt);
  clearOrbit(into.calo);
  into.gmt.orbit = into.calo.orbit = orbit;
  const scatter = createScatter(config);
  fillMuons(into.gmt, { rng: rng.split("gmt"), config, scatter });
  if (calo) fillCalo(into.calo, { rng: rng.split("calo"), config, scatter });
  return into;
}
