import { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import { type DeviceName, devices } from "./devices.ts";

const optional = (least: number) => z.int().min(least).nullable().default(null);

/** Every setting of a design: default, unit and one line of help. */
export const designSchema = z.strictObject({
  bits: z
    .int()
    .min(2)
    .max(18)
    .nullable()
    .default(null)
    .describe(
      "one width for all weights and activations; none = widths of their own, learned, or 8 where nothing is learned",
    ),
  luts: optional(1).describe("LUT that the whole design may take; widths are learned to that"),
  ebops: optional(1).describe(
    "effective bit operations that widths are learned to; none = one per weight of the network, more where that costs accuracy",
  ),
  epochs: z
    .int()
    .min(0)
    .default(40)
    .describe("passes over the data in which a network learns with its bits; 0 = only round it"),
  steps: z
    .int()
    .min(1)
    .default(10_000)
    .describe("training steps at least: few rows get more epochs"),
  tolerance: z
    .number()
    .positive()
    .default(2)
    .describe(
      "rise of the errors, percent, above which learned widths get twice the bit operations (up to four times); not with --bits, --luts or --ebops",
    ),
  clock: z.number().positive().max(1000).default(360).describe("clock of the logic, MHz"),
  reuse: z
    .int()
    .min(1)
    .default(1)
    .describe("clocks between two inferences; each multiplier is used that many times"),
  dsps: z.int().min(0).default(0).describe("DSP blocks that products may use instead of adders"),
  device: z
    .enum(Object.keys(devices) as [DeviceName, ...DeviceName[]])
    .default("vu13p")
    .describe(`FPGA that the price is a share of: ${Object.keys(devices).join(", ")}`),
  clocks: z.int().min(1).default(12).describe("latency allowed, clocks"),
  share: z.number().positive().max(100).default(5).describe("share of the FPGA allowed, percent"),
  rows: z.int().min(64).default(20_000).describe("rows to choose formats on, at most"),
  vectors: z.int().min(2).default(10_000).describe("test vectors for the simulation of the logic"),
  seed: z.int().min(0).default(1).describe("seed of rows, training and test vectors"),
});

/** Settings of a design, complete. */
export type DesignConfig = z.infer<typeof designSchema>;

/** Fills in defaults. @throws ConfigError with the path and value of the first bad setting. */
export function parseDesign(settings: Partial<DesignConfig>): DesignConfig {
  const result = designSchema.safeParse(settings);
  if (!result.success) {
    const [issue] = result.error.issues;
    const [name] = issue.path as [keyof DesignConfig];
    throw new ConfigError(
      `fpga.${name}: ${issue.message.toLowerCase()}, got ${JSON.stringify(settings[name])}`,
    );
  }
  const config = result.data;
  const budgets = (["bits", "luts", "ebops"] as const).filter((name) => config[name] !== null);
  if (budgets.length > 1)
    throw new ConfigError(`fpga: ${budgets.join(" and ")} exclude each other; give one of them`);
  return config;
}
