import { z } from "zod";
import { ConfigError } from "../../../base/errors.ts";
import { fillQuantities, isQuantity, quantity, requireCrossing } from "../orbit/quantities.ts";
import { valuesOf } from "../orbit/scout-orbit.ts";
import { createRowModel } from "./row-model.ts";
import { defineStage, stageName } from "./stage.ts";

export const scoreKind = defineStage({
  schema: z
    .strictObject({
      kind: z.literal("score"),
      name: stageName,
      model: z
        .string()
        .describe(
          "ONNX file with one input [batch, quantities] and one output per row, or a design of 'forty fpga'",
        ),
      inputs: z.array(z.string()).min(1).describe("quantities of a crossing, in order"),
      missing: z.number().default(0).describe("what stands for a quantity that is not there"),
    })
    .describe("a model's score of each crossing, a new quantity"),
  files: ({ model }) => [{ path: model, is: "model" }],
  async create({ name, model, inputs, missing }, { runtime, assets, scores }) {
    for (const input of inputs) requireCrossing(`scout.${name}.inputs`, input, scores);
    if (isQuantity(name, scores)) throw new ConfigError(`scout.${name}: is a quantity already`);
    scores.push(name);
    const width = inputs.length;
    const { run, dispose } = await createRowModel(runtime, assets[model], { where: model, width });
    return {
      name,
      async run(orbits) {
        for (const orbit of orbits) fillQuantities(orbit, inputs);
        const rows = orbits.reduce((n, orbit) => n + orbit.rows, 0);
        if (rows === 0) return 0;
        const matrix = new Float32Array(rows * width);
        let start = 0;
        for (const orbit of orbits) {
          for (const [j, input] of inputs.entries()) {
            const { values } = quantity(orbit, input);
            for (let r = 0; r < orbit.rows; r++)
              matrix[(start + r) * width + j] = Number.isNaN(values[r]) ? missing : values[r];
          }
          start += orbit.rows;
        }
        const [score] = Object.values(await run(matrix, rows));
        if (score.length !== rows)
          throw new ConfigError(
            `scout.${name}: ${model} gives ${score.length} values for ${rows} rows`,
          );
        start = 0;
        for (const orbit of orbits) {
          const into = valuesOf(orbit, name);
          for (let r = 0; r < orbit.rows; r++) into[r] = score[start++];
        }
        return rows;
      },
      dispose,
    };
  },
});
