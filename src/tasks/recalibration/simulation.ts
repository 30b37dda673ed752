import type { JetSimulationConfig } from "../../cms/simulate/jet-config.ts";
import { jetSimulation } from "../../cms/simulate/jet-config.ts";
import { type MuonSimulationConfig, muonSimulation } from "../../cms/simulate/muon-config.ts";
import {
  readJetSimulationLabel,
  readMuonSimulationLabel,
} from "../../cms/simulate/simulation-label.ts";
import type { ObjectKind } from "./quantities.ts";

/**
 * What is known of the simulation that objects come from: its parameters, null where they are
 * unknown or not the same in all files.
 */
export type Simulation =
  | { readonly object: "muons"; readonly parameters: MuonSimulationConfig | null }
  | { readonly object: "jets"; readonly parameters: JetSimulationConfig | null };

/**
 * Files are simulated where one is labeled so, or declared; null for measured objects.
 * @param metadata - of each file, where the label is.
 */
export function simulationOf(
  object: ObjectKind,
  files: readonly string[],
  metadata: readonly Readonly<Record<string, string>>[],
  declared: boolean,
): Simulation | null {
  const read = <P>(labelOf: (file: string, pairs: Readonly<Record<string, string>>) => P | null) =>
    metadata.map((pairs, i) => labelOf(files[i], pairs));
  return object === "muons"
    ? agreed("muons", read(readMuonSimulationLabel), muonSimulation, declared)
    : agreed("jets", read(readJetSimulationLabel), jetSimulation, declared);
}

function agreed<O extends ObjectKind, P>(
  object: O,
  labels: readonly (P | null)[],
  standard: P,
  declared: boolean,
): { object: O; parameters: P | null } | null {
  if (!declared && labels.every((label) => label === null)) return null;
  const all = labels.map((label) => label ?? (declared ? standard : null));
  const isSame = all.every((label) => JSON.stringify(label) === JSON.stringify(all[0]));
  return { object, parameters: isSame ? all[0] : null };
}
