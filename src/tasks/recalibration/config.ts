import { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import type { ObjectKind } from "./quantities.ts";

/** Every setting of a recalibration: default, unit and one line of help. */
const common = {
  minimize: z
    .enum(["relative", "delta", "width"])
    .default("relative")
    .describe(
      "pt error to minimize: relative = rms of pt/ptReco - 1 (tails count), delta = L1 - offline in GeV (the report's target), width = core of the pt ratio (tails hardly count)",
    ),
  loss: z
    .enum(["mse", "logcosh"])
    .default("mse")
    .describe("loss of the standardized residuals (eta, phi, and pt with delta)"),
  spectrum: z
    .enum(["sample", "flat"])
    .default("sample")
    .describe(
      "offline pt to learn on: sample = as the rows are, with the smallest errors on such rows; flat = weighed to be flat in log pt, which keeps the scale of what is rare",
    ),
  epochs: z.int().min(1).default(30).describe("passes over the training part, at most"),
  patience: z
    .int()
    .min(1)
    .default(10)
    .describe("epochs without a better validation loss before it stops"),
  lr: z.number().positive().default(0.005).describe("learning rate of Adam, at its highest"),
  schedule: z
    .enum(["cosine", "constant", "plateau"])
    .default("cosine")
    .describe("learning rate over the epochs"),
  l2: z.number().min(0).default(1e-5).describe("L2 penalty on the dense kernels"),
  fractions: z
    .tuple([z.number().min(0), z.number().min(0), z.number().min(0)])
    .default([65, 20, 15])
    .describe("training, validation and test parts, percent (files without a split column)"),
  where: z.string().nullable().default(null).describe("SQL condition on the rows to use"),
  seed: z.int().min(0).default(1).describe("seed of split, initial weights and shuffling"),
  simulated: z
    .boolean()
    .default(false)
    .describe("the input comes from 'forty simulate': label it and compute its Bayes floor"),
  device: z.enum(["cpu", "webgpu", "cuda"]).default("cpu").describe("where to train"),
  threads: z
    .int()
    .min(1)
    .default(1)
    .describe("threads inside an operator; results repeat byte for byte with 1"),
};

/** Settings whose defaults depend on the object. */
function own(defaults: { model: string; batch: number; ptMin: number; ptMax: number }) {
  return {
    model: z
      .string()
      .regex(/^[1-9]\d{0,3}x[1-9]\d?$/, "expected WIDTHxDEPTH such as 32x3")
      .default(defaults.model)
      .describe(
        "neurons per hidden layer x number of hidden layers; the report has 128x4 and 32x3",
      ),
    batch: z
      .int()
      .min(2)
      .default(defaults.batch)
      .describe("rows per training step; the report has 256, 512, 8192"),
    ptMin: z
      .number()
      .min(0)
      .default(defaults.ptMin)
      .describe("lower end of the L1 pt window, GeV, excluded"),
    ptMax: z
      .number()
      .default(defaults.ptMax)
      .describe("upper end of the L1 pt window, GeV, excluded"),
  };
}

/** Settings of muons and jets: `config.json` of a run holds all of one. */
export const recalibrationSchemas = {
  muons: z.strictObject({
    ...own({ model: "64x3", batch: 512, ptMin: 5.5, ptMax: 45 }),
    ...common,
  }),
  jets: z.strictObject({
    ...own({ model: "32x3", batch: 512, ptMin: 0, ptMax: 1024 }),
    ...common,
    pileup: z
      .enum(["auto", "none", "nTowers", "nVertices"])
      .default("auto")
      .describe("pile-up proxy that the model reads; auto = nTowers where the file has it"),
    corrections: z
      .string()
      .nullable()
      .default(null)
      .describe("text file of official scouting corrections to compare with"),
    lut: z
      .array(z.string())
      .length(3)
      .nullable()
      .default(null)
      .describe("calibration table to compare with, and its pt and eta compression: three files"),
  }),
} as const;

/** Settings of a run, complete. */
export type RecalibrationConfig = z.infer<typeof recalibrationSchemas.muons> &
  Partial<Omit<JetRecalibrationConfig, keyof z.infer<typeof recalibrationSchemas.muons>>>;
export type JetRecalibrationConfig = z.infer<typeof recalibrationSchemas.jets>;

/** Settings under which the whole task takes seconds; for tests. */
export const tinyRecalibration: Partial<RecalibrationConfig> = {
  model: "8x1",
  batch: 64,
  epochs: 2,
};

/** Fills in defaults. @throws ConfigError with the path and value of the first bad setting. */
export function parseRecalibration(
  object: ObjectKind,
  settings: Partial<RecalibrationConfig>,
): RecalibrationConfig {
  const result = recalibrationSchemas[object].safeParse(settings);
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = issue.path.join(".");
    const value = issue.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      settings,
    );
    throw path
      ? new ConfigError(`recalibrate.${path}: ${wanted(issue)}, got ${JSON.stringify(value)}`)
      : new ConfigError(`recalibrate: ${issue.message}`);
  }
  const config = result.data;
  if (config.ptMin >= config.ptMax)
    throw new ConfigError(
      `recalibrate.ptMin: the window ${config.ptMin} … ${config.ptMax} GeV is empty; ptMin must be below ptMax`,
    );
  const sum = config.fractions.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 100) > 1e-6 || config.fractions.includes(0))
    throw new ConfigError(
      `recalibrate.fractions: expected three percentages > 0 that add up to 100, got ${config.fractions.join(", ")}`,
    );
  return config;
}

/** What a setting should have been, in our words. */
function wanted(issue: z.core.$ZodIssue): string {
  if (issue.code === "too_small" && issue.origin === "array")
    return `expected ${issue.minimum} numbers`;
  if (issue.code === "too_big" && issue.origin === "array")
    return `expected ${issue.maximum} numbers`;
  if (issue.code === "too_small")
    return `expected a number ${issue.inclusive ? ">=" : ">"} ${issue.minimum}`;
  if (issue.code === "invalid_value") return `expected one of ${issue.values.join(", ")}`;
  if (issue.code !== "invalid_type") return issue.message;
  return `expected ${issue.expected === "int" ? "a whole number" : issue.expected}`;
}
