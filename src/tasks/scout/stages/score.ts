import { z } from "zod";
import { ConfigError } from "../../../base/errors.ts";
import { float32 } from "../../../base/host-array.ts";
import { createPredictor } from "../../../nn/index.ts";
import type { Runtime } from "../../../runtime/index.ts";
import { fillQuantities, isQuantity, quantity, requireCrossing } from "../orbit/quantities.ts";
import { valuesOf } from "../orbit/scout-orbit.ts";
import { defineStage, stageName } from "./stage.ts";

export const scoreKind = defineStage({
  schema: z
    .strictObject({
      kind: z.literal("score"),
      name: stageName,
      model: z.string().describe("ONNX file: one input [batch, quantities], one output per row"),
      inputs: z.array(z.string()).min(1).describe("quantities of a crossing, in order"),
      missing: z.number().default(0).describe("what stands for a quantity that is not there"),
    })
    .describe("a model's score of each crossing, a new quantity"),
  files: ({ model }) => [{ path: model, is: "model" }],
  async create({ name, model, inputs, missing }, { runtime, assets, scores }) {
    for (const input of inputs) requireCrossing(`scout.${name}.inputs`, input, scores);
    if (isQuantity(name, scores)) throw new ConfigError(`scout.${name}: is a quantity already`);
    scores.push(name);
    const [{ name: inputName = "x" } = {}, session] = await inputOf(runtime, assets[model]);
    return {
      name,
      async run(orbits) {
        for (const orbit of orbits) fillQuantities(orbit, inputs);
        const rows = orbits.reduce((n, orbit) => n + orbit.rows, 0);
        if (rows === 0) return 0;
        const matrix = new Float32Array(rows * inputs.length);
        let start = 0;
        for (const orbit of orbits) {
          for (const [j, input] of inputs.entries()) {
            const { values } = quantity(orbit, input);
            for (let r = 0; r < orbit.rows; r++)
              matrix[(start + r) * inputs.length + j] = Number.isNaN(values[r])
                ? missing
                : values[r];
          }
          start += orbit.rows;
        }
        const results = await session.predict({
          [inputName]: float32(matrix, [rows, inputs.length]),
        });
        const [{ data }] = Object.values(results);
        if (data.length !== rows)
          throw new ConfigError(
            `scout.${name}: ${model} gives ${data.length} values for ${rows} rows`,
          );
        start = 0;
        for (const orbit of orbits) {
          valuesOf(orbit, name).set((data as Float32Array).subarray(start, start + orbit.rows));
          start += orbit.rows;
        }
        return rows;
      },
      dispose: () => session.dispose(),
    };
  },
});

async function inputOf(runtime: Runtime, model: Uint8Array) {
  const session = await runtime.load(model, { threads: 1 });
  const { inputs } = session;
  await session.dispose();
  return [inputs[0], await createPredictor(runtime, model, { threads: 1 })] as const;
}
