import { z } from "zod";
import { ConfigError } from "../../../base/errors.ts";
import { requireCrossing } from "../orbit/quantities.ts";
import { count } from "../results/tallies.ts";
import { roundJets, roundMuons } from "./hardware-integers.ts";
import { createJetCalibration } from "./jet-calibration.ts";
import { createJetRecalibrator } from "./jet-recalibrator.ts";
import { createRecalibrator } from "./recalibrator.ts";
import { defineStage, type StageContext } from "./stage.ts";

const path = z.string().nullable().default(null);
const energy = z.number().nullable().default(null);

const schema = z
  .strictObject({
    kind: z.literal("recalibrate"),
    object: z.enum(["muons", "jets"]).default("muons").describe("what is calibrated"),
    model: path.describe(
      "ONNX file or run of 'forty recalibrate', or the design of 'forty fpga' of one",
    ),
    corrections: path.describe("jets: text file of corrections, such as a run's corrections.txt"),
    lut: z
      .array(z.string())
      .length(3)
      .nullable()
      .default(null)
      .describe("jets: calibration table of the trigger, with its tables of pt and of eta bins"),
    pileup: z
      .union([z.string(), z.number()])
      .nullable()
      .default(null)
      .describe("jets: quantity of a crossing, or a number, that stands for the pile-up proxy"),
    ptMin: energy.describe(
      "Level-1 pt calibrated, GeV, end excluded (default: as the model tells)",
    ),
    ptMax: energy.describe(
      "Level-1 pt calibrated, GeV, end excluded (default: as the model tells)",
    ),
    integers: z
      .boolean()
      .default(false)
      .describe("round the results to hardware integers, on which later menus decide"),
  })
  .describe("calibrate every muon, or jet; all later stages see the calibrated values");

type Settings = z.output<typeof schema>;

/** What stages calibrate, for the columns of kept crossings. */
export function calibratedBy(stages: readonly { readonly kind: string }[]): {
  muons?: "values" | "integers";
  jets?: "values" | "integers";
} {
  const own = stages.filter((stage): stage is Settings => stage.kind === "recalibrate");
  const calibrated: ReturnType<typeof calibratedBy> = {};
  for (const { object, integers } of own)
    if (integers || !calibrated[object]) calibrated[object] = integers ? "integers" : "values";
  return calibrated;
}

export const recalibrateKind = defineStage({
  schema,
  files: ({ model, corrections, lut }) => [
    ...(model === null ? [] : [{ path: model, is: "model" as const }]),
    ...[corrections, ...(lut ?? [])].flatMap((path) =>
      path === null ? [] : [{ path, is: "text" as const }],
    ),
  ],
  async create(settings, context) {
    const { object, integers } = settings;
    requireOne(settings);
    const { run, dispose } = await (object === "muons" ? muons : jets)(settings, context);
    const round = object === "muons" ? roundMuons : roundJets;
    return {
      name: object === "muons" ? "recalibrate" : "recalibrateJets",
      async run(orbits, tallies) {
        const calibrated = await run(orbits);
        if (integers) for (const orbit of orbits) round(orbit);
        count(tallies, `${object}.calibrated`, calibrated);
        return calibrated;
      },
      ...(dispose && { dispose }),
    };
  },
});

function requireOne({ object, model, corrections, lut, pileup }: Settings): void {
  const given = [model, corrections, lut].filter((source) => source !== null);
  if (given.length !== 1)
    throw new ConfigError(
      `scout.stages: recalibrate ${object} by one of model, corrections and lut; got ${given.length}`,
    );
  if (object === "muons" && (model === null || pileup !== null))
    throw new ConfigError(
      "scout.stages: muons are recalibrated by a model; corrections, lut and pileup are for jets",
    );
}

function muons({ model, ptMin, ptMax }: Settings, { runtime, assets }: StageContext) {
  const where = model as string;
  return createRecalibrator(runtime, assets[where], { where, ptMin, ptMax });
}

async function jets(settings: Settings, context: StageContext) {
  const { pileup } = settings;
  if (typeof pileup === "string")
    requireCrossing("scout.recalibrate.pileup", pileup, context.scores);
  const calibration = await createJetCalibration(
    { ...settings, hasPileup: pileup !== null },
    context,
  );
  const { dispose } = calibration;
  return { run: createJetRecalibrator(calibration, pileup), ...(dispose && { dispose }) };
}
