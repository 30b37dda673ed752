import { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import { brokerSchema } from "./broker/config.ts";
import { defaultStages, stageSchema } from "./stages/stages.ts";

const caloSources = z.array(z.int().min(22).max(29)).default([]);

/** Settings of `forty scout run`: default, unit and one line of help each. */
export const scoutSchema = z.strictObject({
  files: z
    .array(z.string())
    .default([])
    .describe("raw orbit files, .raw or .raw.gz; sources are joined by orbit"),
  folder: z
    .string()
    .nullable()
    .default(null)
    .describe("folder whose raw files are taken in the order of their names, as they appear"),
  tcp: z
    .string()
    .nullable()
    .default(null)
    .describe("host:port to receive raw files on, or a port of this machine alone"),
  senders: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe("sources over TCP that must have come before the first block is worked on"),
  caloTcp: z
    .strictObject({ jets: caloSources, egs: caloSources, taus: caloSources, sums: caloSources })
    .prefault({})
    .describe("sources of the calorimeter over TCP, 22 to 29, by what they have"),
  idleSeconds: z
    .number()
    .min(0)
    .default(0)
    .describe(
      "end when the folder had no new file for so long, or when no sender is left and nothing came; a silent source is waited for as long, s",
    ),
  blockOrbits: z
    .int()
    .min(1)
    .max(65_536)
    .default(512)
    .describe("orbits that are dealt and written together; a calorimeter orbit takes 0.84 MB"),
  workers: z
    .int()
    .min(0)
    .max(256)
    .default(1)
    .describe("worker threads of this process; 0 where 'forty scout work' does all of it"),
  queueBlocks: z
    .int()
    .min(0)
    .default(2)
    .describe("blocks that may wait for a worker; then the source waits"),
  batchOrbits: z.int().min(1).max(1024).default(16).describe("orbits that a model sees at a time"),
  stages: z.array(stageSchema).default(defaultStages.map((s) => stageSchema.parse(s))),
  broker: brokerSchema
    .nullable()
    .default(null)
    .describe("NATS servers over which blocks go to workers on any machine"),
  output: z
    .enum(["none", "root", "parquet"])
    .default("none")
    .describe("files of the kept crossings, a row each, as scouting NanoAOD"),
  reference: z
    .string()
    .nullable()
    .default(null)
    .describe("finished run whose spectra and maps are as they should be"),
  note: z.string().default("").describe("what to know about it, on its page"),
  alarm: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.001)
    .describe("chance of any false alarm per hour of running, and in the comparison at its end"),
});

/** Complete settings. */
export type ScoutConfig = z.infer<typeof scoutSchema>;
/** Settings as a user writes them. */
export type ScoutSettings = z.input<typeof scoutSchema>;

/** Stages that every run has, or that have no name of their own. */
const ownStages = [
  "decode",
  "occupancy",
  "keep",
  "write",
  "recalibrate",
  "recalibrateJets",
  "menu",
];

/** Fills in defaults. @throws ConfigError with path and value of the first bad setting. */
export function parseScout(settings: unknown): ScoutConfig {
  const result = scoutSchema.safeParse(settings);
  if (!result.success) {
    const [issue] = result.error.issues;
    const value = issue.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      settings,
    );
    const where = ["scout", ...issue.path].join(".");
    throw new ConfigError(`${where}: ${issue.message.toLowerCase()}, got ${JSON.stringify(value)}`);
  }
  const config = result.data;
  const { files, folder, tcp, broker, workers } = config;
  const given = [files.length > 0, folder !== null, tcp !== null, (broker?.publishers ?? 0) > 0];
  if (given.filter(Boolean).length !== 1)
    throw new ConfigError(
      "scout.files: give one source: raw orbit files, a folder to follow, tcp, or broker.publishers",
    );
  if (workers === 0 && broker === null)
    throw new ConfigError("scout.workers: 0 needs a broker; give at least 1");
  const names = config.stages.flatMap((s) => ("name" in s ? [s.name] : []));
  const taken = names.find((n) => ownStages.includes(n));
  if (taken !== undefined)
    throw new ConfigError(`scout.stages: "${taken}" is a stage already; choose another name`);
  const twice = names.find((n, i) => names.indexOf(n) < i);
  if (twice !== undefined)
    throw new ConfigError(`scout.stages: two are called "${twice}"; rename one`);
  return config;
}
