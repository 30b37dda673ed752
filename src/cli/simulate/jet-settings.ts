import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import { type JetSimulationConfig, jetSimulation } from "../../cms/simulate/jet-config.ts";

type Name = keyof JetSimulationConfig;

const names = Object.keys(jetSimulation) as Name[];
/** Jets of a crossing that the generator has room for, on average. */
const mostJets = 300;

const shares: readonly Name[] = ["suppression", "splitting", "lost"];
const positive: readonly Name[] = [
  ...(["vertices", "etaCentral", "ptMin", "ptMax", "ptIndex", "primaryPt"] as const),
  ...(["neutralMedian", "offlinePtMin", "suppressionPt", "l1PtMin"] as const),
];

function rangeOf(name: Name): z.ZodNumber {
  if (name === "l1JetsMax") return z.int().min(1);
  if (shares.includes(name)) return z.number().min(0).max(1);
  return positive.includes(name) ? z.number().positive() : z.number().min(0);
}

const schema = z.strictObject(Object.fromEntries(names.map((name) => [name, rangeOf(name)])));

/**
 * The parameters of the jet simulation, those of a JSON file in place of `jetSimulation`'s.
 * @throws ConfigError with the file, and the parameter that is unknown or out of range.
 */
export async function readJetSettings(path: string): Promise<JetSimulationConfig> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === "ENOENT" ? "no such file" : cause.message;
    throw new ConfigError(`--config: ${path}: ${reason}`, { cause });
  });
  return parseJetSettings(path, text);
}

/** As `readJetSettings`, of the text of a file. */
export function parseJetSettings(where: string, text: string): JetSimulationConfig {
  const given = parsedObject(where, text);
  const unknown = Object.keys(given).find((name) => !names.includes(name as Name));
  if (unknown !== undefined) {
    const guess = nearMiss(unknown, names);
    throw new ConfigError(
      `${where}: no parameter "${unknown}"; ${guess ? `did you mean "${guess}"?` : `there are ${names.join(", ")}`}`,
    );
  }
  const result = schema.partial().safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    const name = String(issue.path[0]);
    throw new ConfigError(
      `${where}: ${name}: expected ${rangeText(name as Name)}, got ${JSON.stringify(given[name])}`,
    );
  }
  const config = { ...jetSimulation, ...given } as JetSimulationConfig;
  requireOrder(where, config);
  return config;
}

function parsedObject(where: string, text: string): Record<string, unknown> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${where}: no JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new ConfigError(
      `${where}: expected a JSON object of parameters, got ${text.slice(0, 60)}`,
    );
  return given as Record<string, unknown>;
}

function rangeText(name: Name): string {
  if (name === "l1JetsMax") return "a whole number >= 1";
  if (shares.includes(name)) return "a number from 0 to 1";
  return `a number ${positive.includes(name) ? ">" : ">="} 0`;
}

/** What one parameter alone cannot tell. */
function requireOrder(where: string, config: JetSimulationConfig): void {
  const ordered: [Name, Name][] = [
    ["ptMin", "ptMax"],
    ["etaCentral", "forwardEtaMin"],
    ["forwardEtaMin", "forwardEtaMax"],
    ["offlinePtMin", "forwardPtMean"],
    ["offlineSeparation", "splittingRange"],
  ];
  const wrong = ordered.find(([low, high]) => config[low] > config[high]);
  if (wrong !== undefined) {
    const [low, high] = wrong;
    throw new ConfigError(
      `${where}: ${low} must not be above ${high}, got ${config[low]} and ${config[high]}`,
    );
  }
  const jets = config.vertices * (config.jetsPerVertex + config.forwardPerVertex);
  if (jets > mostJets)
    throw new ConfigError(
      `${where}: ${Math.round(jets)} jets a crossing are more than ${mostJets}; lower vertices, jetsPerVertex or forwardPerVertex`,
    );
}
