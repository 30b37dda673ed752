import { FormatError } from "../../base/errors.ts";
import { type JetSimulationConfig, jetSimulation } from "./jet-config.ts";
import { type MuonSimulationConfig, muonSimulation } from "./muon-config.ts";

/** Metadata key that labels a simulated sample; its value is JSON, a `SimulationLabel`. */
export const simulationKey = "forty.simulation";

/** What a simulated sample says about itself. */
export interface SimulationLabel {
  readonly object: "muons" | "jets";
  readonly parameters: MuonSimulationConfig | JetSimulationConfig;
  /** Size of the sample, of one kind or the other. */
  readonly rows?: number;
  readonly events?: number;
  readonly seed?: number | string;
  /** Of the package that simulated it. */
  readonly version?: string;
}

/** The label as metadata of a file. */
export function simulationMetadata(label: SimulationLabel): Record<string, string> {
  return { [simulationKey]: JSON.stringify(label) };
}

type Metadata = Readonly<Record<string, string>>;

/**
 * The parameters that muons were simulated with; null where the sample is not labeled as simulated.
 * @param where - the sample, for messages.
 * @throws FormatError where the label is of jets or not one of ours.
 */
export function readMuonSimulationLabel(
  where: string,
  metadata: Metadata,
): MuonSimulationConfig | null {
  return parametersOf(where, metadata, { object: "muons", known: muonSimulation });
}

/** As `readMuonSimulationLabel`, of jets. */
export function readJetSimulationLabel(
  where: string,
  metadata: Metadata,
): JetSimulationConfig | null {
  return parametersOf(where, metadata, { object: "jets", known: jetSimulation });
}

/** The parameters of a label that bear the names of the known ones, all of them finite. */
function parametersOf<C extends MuonSimulationConfig | JetSimulationConfig>(
  where: string,
  metadata: Metadata,
  { object, known }: { object: SimulationLabel["object"]; known: C },
): C | null {
  const text = metadata[simulationKey];
  if (text === undefined) return null;
  const label = parsed(text);
  if (typeof label?.object === "string" && label.object !== object)
    throw new FormatError(`${where}: simulated ${label.object}, not ${object}; give ${object}`);
  const parameters = label?.parameters as Record<string, unknown> | null | undefined;
  const names = Object.keys(known);
  const bad = names.find((name) => !Number.isFinite(parameters?.[name]));
  if (!parameters || bad !== undefined)
    throw new FormatError(
      `${where}: metadata "${simulationKey}" has no usable parameters${parameters ? ` ("${bad}")` : ""}: ${text.slice(0, 60)}; simulate the sample again`,
    );
  return Object.fromEntries(names.map((name) => [name, parameters[name]])) as never;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    return null;
  }
}
