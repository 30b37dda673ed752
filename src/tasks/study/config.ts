import { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import {
  parseRecalibration,
  type RecalibrationConfig,
  recalibrationSchemas,
} from "../recalibration/config.ts";
import type { ObjectKind } from "../recalibration/quantities.ts";

const list = (values: readonly number[]) =>
  z
    .array(z.number().positive())
    .min(1)
    .default([...values]);
const counts = (values: readonly number[]) =>
  z
    .array(z.int().min(2))
    .min(1)
    .default([...values]);

const own = {
  minimize: z
    .enum(["delta", "relative"])
    .default("delta")
    .describe(
      "pt error to minimize: delta = L1 - offline in GeV (the report's target), relative = rms of pt/ptReco - 1",
    ),
  quick: z
    .boolean()
    .default(false)
    .describe("fewer rows, epochs and points: minutes instead of most of an hour"),
  rows: z
    .int()
    .min(16)
    .nullable()
    .default(null)
    .describe("training rows at most, drawn at random, and a third as many for validation"),
  epochs: z.int().min(1).default(30).describe("passes over the training part, at most"),
  steps: z
    .int()
    .min(1)
    .default(2500)
    .describe("training steps at least: large batches get more epochs"),
  patience: z
    .int()
    .min(1)
    .default(10)
    .describe(
      "epochs without a better validation loss before a training stops; as many times more as epochs with large batches",
    ),
  lr: z.number().positive().default(0.005).describe("learning rate of Adam, at its highest"),
  batches: counts([256, 512, 8192]).describe("rows per training step"),
  centers: counts([10, 20, 50, 100, 200, 500]).describe(
    "numbers of Nystrom centers M to tune over",
  ),
  largest: counts([1000, 2000]).describe(
    "more centers, with the width and lambda that were best for the largest M tuned",
  ),
  widths: list([0.1, 0.2, 0.3, 0.45, 0.65, 0.9, 1.3, 2]).describe(
    "widths of the Gaussian kernel over the rms distance of two training rows",
  ),
  lambdas: list([1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]).describe(
    "regularization of the kernel machines",
  ),
  degrees: counts([2, 3, 4, 5]).describe("degrees of the polynomial kernel"),
  latencies: list([0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25]).describe(
    "time for one inference in the table of what fits, us",
  ),
  multipliers: z.int().min(1).default(1000).describe("multipliers of the hardware in that table"),
  clock: z.number().positive().default(240).describe("clock of the hardware in that table, MHz"),
};

/** What is taken over from a recalibration as it is. */
const kept = {
  ptMin: true,
  ptMax: true,
  fractions: true,
  where: true,
  seed: true,
  simulated: true,
} as const;

/** Settings of a study of muons and of jets: default, unit and one line of help each. */
export const studySchemas = {
  muons: recalibrationSchemas.muons.pick(kept).extend(own),
  jets: recalibrationSchemas.jets.pick({ ...kept, pileup: true }).extend(own),
} as const;

/** Settings of a study, complete. */
export type StudyConfig = z.infer<typeof studySchemas.muons> &
  Partial<Pick<z.infer<typeof studySchemas.jets>, "pileup">>;

/** What `quick` sets where nothing else is asked for. */
export const quickStudy: Partial<StudyConfig> = {
  rows: 40_000,
  epochs: 10,
  steps: 200,
  centers: [10, 20, 50, 100, 200, 500],
  largest: [1000],
  widths: [0.2, 0.4, 0.7, 1.2],
  lambdas: [1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-2],
  degrees: [2, 3, 4, 5],
};

/** Fills in defaults. @throws ConfigError with the path and value of the first bad setting. */
export function parseStudy(object: ObjectKind, settings: Partial<StudyConfig>): StudyConfig {
  const given = settings.quick ? { ...quickStudy, ...settings } : settings;
  const result = studySchemas[object].safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    const value = issue.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      given,
    );
    const where = ["study", ...issue.path].join(".");
    throw new ConfigError(`${where}: ${issue.message.toLowerCase()}, got ${JSON.stringify(value)}`);
  }
  const config: StudyConfig = result.data;
  recalibrationOf(object, config); // checks the window and the fractions
  return config;
}

/** Settings of one recalibration of the study. */
export function recalibrationOf(
  object: ObjectKind,
  config: StudyConfig,
  own: Partial<RecalibrationConfig> = {},
): RecalibrationConfig {
  const { ptMin, ptMax, fractions, where, seed, simulated, minimize, patience, lr } = config;
  const proxy = config.pileup === undefined ? {} : { pileup: config.pileup };
  const common = { ptMin, ptMax, fractions, where, seed, simulated, minimize, patience, lr };
  return parseRecalibration(object, {
    ...common,
    ...proxy,
    ...own,
  } as Partial<RecalibrationConfig>);
}
