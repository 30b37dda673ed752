import { isFortyError } from "../../../base/errors.ts";
import type { Runtime } from "../../../runtime/index.ts";
import type { ScoutConfig } from "../config.ts";
import type { OrbitBlock } from "../orbit/block.ts";
import {
  createDecoders,
  createScoutOrbit,
  decodeInto,
  fillPhysical,
} from "../orbit/scout-orbit.ts";
import { createKept, type KeptCrossings } from "../output/kept.ts";
import { count, countLumi, createTallies, type Tallies } from "../results/tallies.ts";
import { countOccupancy } from "../stages/occupancy.ts";
import { calibratedBy } from "../stages/recalibrate.ts";
import type { Assets } from "../stages/stage.ts";
import { createStages } from "../stages/stages.ts";

/** What a block gave. */
export interface BlockResult {
  readonly tallies: Tallies;
  /** Null where the configuration writes none. */
  readonly kept: KeptCrossings | null;
}

/** Processes blocks, one at a time. */
export interface Processor {
  /** A pure function of the configuration and the block but for `seconds.*`. */
  process(block: OrbitBlock): Promise<BlockResult>;
  dispose(): Promise<void>;
}

/**
 * The whole graph on one thread. Orbits that cannot be decoded are counted in `dropped.decode` and
 * nowhere else; all others in `orbits`.
 * @throws ConfigError, FormatError for stages or files that cannot work.
 */
export async function createProcessor(
  config: ScoutConfig,
  assets: Assets,
  runtime: Runtime,
): Promise<Processor> {
  const stages = await createStages(config.stages, assets, runtime);
  const decoders = createDecoders(config.caloTcp);
  const slots = Array.from({ length: config.batchOrbits }, () => createScoutOrbit(decoders));
  const selections = config.stages.flatMap((s) => (s.kind === "select" ? [s.name] : []));
  const calibrated = calibratedBy(config.stages);
  const quantities = config.stages.flatMap((s) => (s.kind === "score" ? [s.name] : []));

  /** Decodes orbits into the slots. @returns how many could be. */
  function decode(orbits: OrbitBlock["orbits"], tallies: Tallies): number {
    let n = 0;
    for (const raw of orbits)
      try {
        decodeInto(slots[n], raw, decoders);
        fillPhysical(slots[n]);
        countLumi(tallies, raw.lumi);
        n++;
      } catch (error) {
        if (!isFortyError(error)) throw error;
        count(tallies, "dropped.decode", 1);
      }
    count(tallies, "orbits", n);
    return n;
  }

  return {
    async process(block) {
      const tallies = createTallies();
      const kept =
        config.output === "none"
          ? null
          : createKept({ run: block.run, selections, quantities, calibrated });
      const timed = async (name: string, work: () => number | Promise<number>) => {
        const start = performance.now();
        const items = await work();
        count(tallies, `seconds.${name}`, (performance.now() - start) / 1e3);
        count(tallies, `items.${name}`, items);
        return items;
      };
      for (let start = 0; start < block.orbits.length; start += config.batchOrbits) {
        const raw = block.orbits.slice(start, start + config.batchOrbits);
        const n = await timed("decode", () => decode(raw, tallies));
        const orbits = slots.slice(0, n);
        for (const stage of stages) await timed(stage.name, () => stage.run(orbits, tallies));
        await timed("occupancy", () => {
          countOccupancy(orbits, tallies);
          return n;
        });
        if (kept !== null)
          await timed("keep", () => orbits.reduce((sum, orbit) => sum + kept.add(orbit), 0));
      }
      const crossings = kept?.finish() ?? null;
      if (crossings !== null) count(tallies, "kept", crossings.rows);
      return { tallies, kept: crossings };
    },
    async dispose() {
      for (const stage of stages) await stage.dispose?.();
    },
  };
}
