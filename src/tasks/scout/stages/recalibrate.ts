import { z } from "zod";
import { count } from "../results/tallies.ts";
import { createRecalibrator } from "./recalibrator.ts";
import { defineStage } from "./stage.ts";

export const recalibrateKind = defineStage({
  schema: z
    .strictObject({
      kind: z.literal("recalibrate"),
      model: z.string().describe("ONNX file or run of 'forty recalibrate muons'"),
    })
    .describe("calibrate every muon; all later stages see the calibrated values"),
  files: ({ model }) => [{ path: model, is: "model" }],
  async create({ model }, { runtime, assets }) {
    const { run, dispose } = await createRecalibrator(runtime, assets[model], model);
    return {
      name: "recalibrate",
      async run(orbits, tallies) {
        const calibrated = await run(orbits);
        count(tallies, "muons.calibrated", calibrated);
        return calibrated;
      },
      dispose,
    };
  },
});
