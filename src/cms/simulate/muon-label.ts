import { FormatError } from "../../base/errors.ts";
import { type MuonSimulationConfig, muonSimulation } from "./muon-config.ts";

/** Parquet metadata key that labels a simulated sample; its value is JSON with all parameters. */
export const simulationKey = "forty.simulation";

/**
 * The parameters that a sample was simulated with; null where it is not labeled as simulated.
 * @throws FormatError where the label is not one of ours.
 */
export function readSimulationLabel(
  path: string,
  metadata: Readonly<Record<string, string>>,
): MuonSimulationConfig | null {
  const text = metadata[simulationKey];
  if (text === undefined) return null;
  const parameters = parametersOf(text);
  const names = Object.keys(muonSimulation) as (keyof MuonSimulationConfig)[];
  const bad = names.find((name) => !Number.isFinite(parameters?.[name]));
  if (!parameters || bad !== undefined)
    throw new FormatError(
      `${path}: metadata "${simulationKey}" has no usable parameters${bad ? ` ("${bad}")` : ""}: ${text.slice(0, 60)}; simulate the sample again`,
    );
  return Object.fromEntries(names.map((name) => [name, parameters[name]])) as never;
}

function parametersOf(text: string): Record<string, unknown> | null {
  try {
    return (JSON.parse(text) as { parameters?: Record<string, unknown> }).parameters ?? null;
  } catch {
    return null;
  }
}
