import { ConfigError } from "../../base/errors.ts";
import type { MuonCoordinates } from "../../cms/index.ts";

/** How the rows of a dataset are made; the same settings and files give the same rows. */
export interface DatasetSettings {
  readonly object: "muons" | "jets";
  /** Level-1 objects: the trigger's own, or the trigger objects that carry a Level-1 pt. */
  readonly source: "l1" | "trigobj";
  /** Only pairs strictly closer than this. */
  readonly maxDeltaR: number;
  /** Bunch crossing of the Level-1 objects, relative to the triggered one. */
  readonly bx: number;
  /** Only offline objects strictly above, GeV. */
  readonly minOfflinePt: number;
  /** Where Level-1 muons are compared with offline ones; the others have one place only. */
  readonly coordinates: MuonCoordinates;
  /** True: one-to-one pairs, closest first. False: a Level-1 object may serve several. */
  readonly unique: boolean;
}

/**
 * Settings of the report: muons one-to-one at the vertex; jets by nearest Level-1 jet, several to
 * one (Losapio 2021, section 2b); within 0.4, in the triggered crossing.
 */
export function defaultSettings(object: DatasetSettings["object"]): DatasetSettings {
  return {
    object,
    source: "l1",
    maxDeltaR: 0.4,
    bx: 0,
    minOfflinePt: 0,
    coordinates: "vertex",
    unique: object === "muons",
  };
}

/** Throws `ConfigError` for values that no file can satisfy. */
export function checkSettings({ source, maxDeltaR, bx, minOfflinePt }: DatasetSettings): void {
  if (!(maxDeltaR > 0)) throw new ConfigError(`dataset: max-dr must be > 0, got ${maxDeltaR}`);
  if (!Number.isInteger(bx)) throw new ConfigError(`dataset: bx must be whole, got ${bx}`);
  if (!(minOfflinePt >= 0))
    throw new ConfigError(`dataset: min-offline-pt must be >= 0 GeV, got ${minOfflinePt}`);
  if (source === "trigobj" && bx !== 0)
    throw new ConfigError(
      `dataset: bx ${bx} with trigger objects, which are of crossing 0 only; leave bx out or use the source l1`,
    );
}
