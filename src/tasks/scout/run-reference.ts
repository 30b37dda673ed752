import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ConfigError, DataError } from "../../base/errors.ts";
import type { ScoutConfig } from "./config.ts";
import type { ScoutMetrics } from "./results/metrics.ts";
import { addTallies, createTallies, type Tallies } from "./results/tallies.ts";
import { readAsset } from "./run-assets.ts";
import type { Stage } from "./stages/stages.ts";

/**
 * Tallies of a finished run, to be compared with those of one of `stages`.
 * @throws DataError for what is no finished run, ConfigError where a stage of the same kind and name
 * counted something else there.
 */
export async function readReference(path: string, stages: readonly Stage[]): Promise<Tallies> {
  const read = async (name: string) =>
    JSON.parse(new TextDecoder().decode(await readAsset(join(path, name)))) as unknown;
  const { tallies } = (await read("metrics.json")) as Partial<ScoutMetrics>;
  const { stages: others } = (await read("config.json")) as Partial<ScoutConfig>;
  if (!tallies || !others)
    throw new DataError(`${path}: is no finished run of 'forty scout run'; check scout.reference`);
  const counted = others.filter(isCompared);
  for (const stage of stages.filter(isCompared)) {
    const other = counted.find(({ kind, name }) => kind === stage.kind && name === stage.name);
    if (other !== undefined && !isDeepStrictEqual(whatCounts(stage), whatCounts(other)))
      throw new ConfigError(
        `scout.reference: the ${stage.kind} "${stage.name}" of ${path} has other settings; use them here, or another name`,
      );
  }
  return addTallies(createTallies(), tallies);
}

type Compared = Extract<Stage, { kind: "histogram" | "map" | "turnOn" | "drift" }>;
const isCompared = (stage: Stage): stage is Compared =>
  ["histogram", "map", "turnOn", "drift"].includes(stage.kind);

/** Settings but for the share of orbits looked at; as JSON holds them. */
function whatCounts(stage: Compared): unknown {
  const { every: _, ...rest } = stage as Compared & { every?: number };
  return JSON.parse(JSON.stringify(rest));
}
