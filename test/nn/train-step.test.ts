import { describe, expect, it } from "vitest";
import { float32 } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import {
  activation,
  adamW,
  batchNorm,
  createTrainer,
  dense,
  huber,
  type Layer,
  type Loss,
  l1,
  l2,
  layerNorm,
  logcosh,
  mse,
  type Optimizer,
  relative,
  sequential,
  sgd,
  stateLayout,
  supervised,
  trainGraph,
} from "../../src/nn/index.ts";
import { gelu, relu, tanh } from "../../src/ops/index.ts";
import { evaluate as reference } from "../reference/evaluate.ts";
import { distance, normals, runtime } from "./support.ts";

const deep = sequential(
  dense(3, 8, { bias: false }),
  batchNorm(8),
  activation(relu),
  sequential(dense(8, 6), layerNorm(6), activation(gelu)),
  dense(6, 4, { bias: false }),
  batchNorm(4, { momentum: 0.5, epsilon: 1e-2 }),
  activation(tanh),
  dense(4, 2),
);
const wide = sequential(dense(3, 16), activation(relu), dense(16, 2));

const cases: [string, Layer, Loss, Optimizer][] = [
  ["batch norm, layer norm, mse, AdamW", deep, mse(), adamW({ weightDecay: 0.1 })],
  [
    "column weights, Huber, clipping, Nesterov",
    deep,
    huber(0.5, { columns: [1, 3] }),
    sgd({ momentum: 0.9, nesterov: true, clipNorm: 0.3 }),
  ],
  [
    "relative logcosh, groups",
    wide,
    relative(logcosh(), 0.3),
    adamW({ groups: [{ match: (p) => p.startsWith("2"), lrFactor: -2 }] }),
  ],
];

describe("a compiled training step", () => {
  for (const [name, model, loss, optimizer] of cases)
    it(`agrees with the graph as written, in float64, over two steps: ${name}`, async () => {
      const batchSize = 12;
      const columns = {
        x: { dtype: "float32", shape: [3] },
        y: { dtype: "float32", shape: [2] },
        weight: { dtype: "float32", shape: [] },
      } as const;
      const objective = supervised(model, loss);
      const variables = objective.init(createRng(3));
      const penalties = [l2(0.01), l1(0.003)];
      const common = { objective, optimizer, penalties, columns, batchSize };
      const trainer = await createTrainer(runtime, { ...common, variables });
      const layout = stateLayout(variables, optimizer);
      const { next } = trainGraph({ ...common, layout }, 2);

      const state = float32(trainer.state.map((v, i) => v + 0.01 * Math.abs(Math.sin(i))));
      trainer.restore(state.data as Float32Array, 6);
      const batch = {
        x: normals(1, [2 * batchSize, 3]),
        y: normals(2, [2 * batchSize, 2]),
        weight: float32(Array.from({ length: 2 * batchSize }, (_, i) => (i % 5) / 2)),
      };
      const rates = [0.03, 0.02];
      const control = float32(rates.flatMap((lr, i) => [lr, ...optimizer.controls(7 + i, lr)]));
      const [expected] = reference([next], { state, control, ...batch });
      await trainer.step(batch, rates);
      expect(trainer.state).toHaveLength(layout.size);
      const scale = Array.from(expected.data, (v) => 1 + Math.abs(v));
      const relativeTo = (a: ArrayLike<number>) => scale.map((s, i) => a[i] / s);
      expect(distance(relativeTo(trainer.state), relativeTo(expected.data))).toBeLessThan(2e-5);
      expect(distance(trainer.state, state.data as Float32Array)).toBeGreaterThan(1e-2);
      await trainer.dispose();
    });
});
