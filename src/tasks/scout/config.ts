import { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import { l1Scales } from "../../cms/index.ts";

const name = z
  .string()
  .regex(/^[A-Za-z]\w*$/)
  .describe("letters, digits and _; not given twice");
const axis = {
  bins: z.int().min(1).max(10_000).default(100).describe("number of bins"),
  low: z.number().describe("lower end, in the unit of the quantity"),
  high: z.number().describe("upper end, in the unit of the quantity"),
  log: z.boolean().default(false).describe("bins of equal width in the logarithm"),
};

/** Stages of the graph by kind; they run in the order of the list. */
const stageSchemas = [
  z
    .strictObject({
      kind: z.literal("recalibrate"),
      model: z.string().describe("ONNX file or run of 'forty recalibrate muons'"),
    })
    .describe("calibrate every muon; all later stages see the calibrated values"),
  z
    .strictObject({
      kind: z.literal("score"),
      name,
      model: z.string().describe("ONNX file: one input [batch, quantities], one output per row"),
      inputs: z.array(z.string()).min(1).describe("quantities of a crossing, in order"),
      missing: z.number().default(0).describe("what stands for a quantity that is not there"),
    })
    .describe("a model's score of each crossing, a new quantity"),
  z
    .strictObject({
      kind: z.literal("menu"),
      algorithms: z.string().describe("JSON file of the trigger menu"),
    })
    .describe("decide all algorithms of a trigger menu, on hardware integers"),
  z
    .strictObject({
      kind: z.literal("select"),
      name,
      algorithms: z
        .array(z.string())
        .default([])
        .describe("algorithms of the menu, one of which must fire (default: none asked for)"),
      cuts: z
        .array(
          z.strictObject({
            of: z.string().describe("quantity of a crossing"),
            min: z.number().nullable().default(null).describe("smallest value (default: none)"),
            max: z.number().nullable().default(null).describe("largest value (default: none)"),
          }),
        )
        .default([])
        .describe("ranges, ends included, that all must hold"),
      neighbors: z
        .int()
        .min(0)
        .max(10)
        .default(0)
        .describe("crossings before and behind to keep too, within the orbit"),
    })
    .describe("crossings to keep; without any, those with objects are kept"),
  z
    .strictObject({ kind: z.literal("histogram"), name, of: z.string(), ...axis })
    .describe("a spectrum of a quantity"),
  z
    .strictObject({
      kind: z.literal("map"),
      name,
      x: z.strictObject({ of: z.string(), ...axis }),
      y: z.strictObject({ of: z.string(), ...axis }),
    })
    .describe("a histogram of two quantities of the same objects"),
] as const;

const stageSchema = z.discriminatedUnion("kind", stageSchemas);
export type Stage = z.infer<typeof stageSchema>;

/** Eight steps of the hardware to a bin, with edges between steps: no bin gets more of them. */
const stepsPerBin = 8;
const hwAxis = (bins: number, width: number) => ({
  bins,
  low: -(stepsPerBin * (bins / 2) + 0.5) * width,
  high: (stepsPerBin * (bins / 2) - 0.5) * width,
});

/** What is counted where a configuration names no stages. */
export const defaultStages: readonly z.input<typeof stageSchema>[] = [
  ...["Opposite", "Same"].map((sign) => ({
    kind: "histogram" as const,
    name: `dimuonMass${sign}`,
    of: `dimuon.mass${sign}`,
    ...{ bins: 120, low: 0.5, high: 200, log: true },
  })),
  { kind: "histogram", name: "muonPt", of: "muon.pt", bins: 100, low: 0.25, high: 50.25 },
  { kind: "histogram", name: "muons", of: "muons", bins: 8, low: 0.5, high: 8.5 },
  {
    ...{ kind: "map", name: "muonMap" },
    x: { of: "muon.eta", ...hwAxis(58, l1Scales.muon.eta.width) },
    y: { of: "muon.phi", ...hwAxis(72, l1Scales.muon.phi.width) },
  },
];

/** Settings of `forty scout run`: default, unit and one line of help each. */
export const scoutSchema = z.strictObject({
  files: z
    .array(z.string())
    .default([])
    .describe("raw orbit files, in ascending orbits; GMT and calorimeter are joined by orbit"),
  folder: z
    .string()
    .nullable()
    .default(null)
    .describe("folder whose .raw files are taken in the order of their names, as they appear"),
  idleSeconds: z
    .number()
    .min(0)
    .default(0)
    .describe("end when the folder had no new file for so long, s"),
  blockOrbits: z
    .int()
    .min(1)
    .max(65_536)
    .default(512)
    .describe("orbits that are dealt and written together; a calorimeter orbit takes 0.84 MB"),
  workers: z.int().min(1).max(256).default(1).describe("worker threads"),
  queueBlocks: z
    .int()
    .min(0)
    .default(2)
    .describe("blocks that may wait for a worker; then the source waits"),
  batchOrbits: z.int().min(1).max(1024).default(16).describe("orbits that a model sees at a time"),
  stages: z.array(stageSchema).default(defaultStages.map((s) => stageSchema.parse(s))),
  output: z
    .enum(["none", "root", "parquet"])
    .default("none")
    .describe("files of the kept crossings, a row each, as scouting NanoAOD"),
  reference: z
    .string()
    .nullable()
    .default(null)
    .describe("finished run whose spectra and maps are as they should be"),
  alarm: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.001)
    .describe("chance of any false alarm in one comparison with the reference"),
});

/** Complete settings. */
export type ScoutConfig = z.infer<typeof scoutSchema>;
/** Settings as a user writes them. */
export type ScoutSettings = z.input<typeof scoutSchema>;

/** Stages that every run has, or that have no name of their own. */
const ownStages = ["decode", "occupancy", "keep", "write", "recalibrate", "menu"];

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
  if (config.files.length > 0 === (config.folder !== null))
    throw new ConfigError("scout.files: give raw orbit files, or a folder to follow");
  const names = config.stages.flatMap((s) => ("name" in s ? [s.name] : []));
  const taken = names.find((n) => ownStages.includes(n));
  if (taken !== undefined)
    throw new ConfigError(`scout.stages: "${taken}" is a stage already; choose another name`);
  const twice = names.find((n, i) => names.indexOf(n) < i);
  if (twice !== undefined)
    throw new ConfigError(`scout.stages: two are called "${twice}"; rename one`);
  return config;
}
