import { describe, expect, it } from "vitest";
import { float32, toNumbers } from "../../src/base/host-array.ts";
import {
  adam,
  adamW,
  createTrainer,
  l1,
  l2,
  leaf,
  type Objective,
  type Optimizer,
  type Penalty,
  sgd,
  subtree,
} from "../../src/nn/index.ts";
import { add, mul, sub, sum } from "../../src/ops/index.ts";
import { distance, runtime } from "./support.ts";

const start = { weight: [1, -2, 0.5], bias: [0.3, -0.1] };
const variables = {
  params: { a: { weight: float32(start.weight), bias: float32(start.bias) } },
  state: {},
};

/** sum x · (w - x)² + sum (b + x)², x [1, 3]: gradients that change with every step. */
const objective: Objective = {
  init: () => variables,
  apply: ({ params }, { x }) => {
    const p = subtree(params, "a");
    const d = sub(leaf(p, "weight"), x);
    const e = leaf(p, "bias");
    return { loss: add(sum(mul(x, mul(d, d))), sum(mul(e, e))), state: {} };
  },
};
const xs = Array.from({ length: 100 }, (_, t) =>
  [1 + Math.sin(t), 0.5, 1.5 + Math.cos(3 * t)].map(Math.fround),
);
const gradients = (p: number[], t: number) => [
  ...[0, 1, 2].map((i) => 2 * xs[t][i] * (p[i] - xs[t][i])),
  2 * p[3],
  2 * p[4],
];

/** Parameters after 100 steps. */
async function run(optimizer: Optimizer, penalties: Penalty[] = []): Promise<number[]> {
  const columns = { x: { dtype: "float32" as const, shape: [3] } };
  const trainer = await createTrainer(runtime, {
    objective,
    variables,
    optimizer,
    penalties,
    columns,
    batchSize: 1,
  });
  for (const x of xs) await trainer.step({ x: float32(x, [1, 3]) });
  const p = subtree(trainer.variables().params, "a");
  await trainer.dispose();
  return [...toNumbers(leaf(p, "weight")), ...toNumbers(leaf(p, "bias"))];
}

/** The same in scalars and float64: `rule` gets parameters and gradient, and changes the former. */
function twin(
  rule: (p: number[], g: number[], t: number) => void,
  extra = (_p: number[]) => [0, 0, 0, 0, 0],
) {
  const p = [...start.weight, ...start.bias];
  for (let t = 0; t < xs.length; t++) {
    const more = extra(p);
    rule(
      p,
      gradients(p, t).map((g, i) => g + more[i]),
      t + 1,
    );
  }
  return p;
}

/** Algorithm 1 of Kingma and Ba as printed, with decoupled decay. */
function textbookAdam(
  lr: number,
  [b1, b2, eps]: number[],
  decay = [0, 0, 0, 0, 0],
  factor = [1, 1, 1, 1, 1],
) {
  const m = new Array(5).fill(0);
  const v = new Array(5).fill(0);
  return (p: number[], g: number[], t: number) => {
    for (let i = 0; i < 5; i++) {
      m[i] = b1 * m[i] + (1 - b1) * g[i];
      v[i] = b2 * v[i] + (1 - b2) * g[i] ** 2;
      const mHat = m[i] / (1 - b1 ** t);
      const vHat = v[i] / (1 - b2 ** t);
      p[i] -=
        lr * Math.abs(factor[i]) * decay[i] * p[i] +
        (lr * factor[i] * mHat) / (Math.sqrt(vHat) + eps);
    }
  };
}
function textbookSgd(lr: number, momentum: number, nesterov: boolean) {
  const u = new Array(5).fill(0);
  return (p: number[], g: number[]) => {
    for (let i = 0; i < 5; i++) {
      u[i] = momentum * u[i] + g[i];
      p[i] -= lr * (nesterov ? g[i] + momentum * u[i] : u[i]);
    }
  };
}
const standard = [0.9, 0.999, 1e-7];

describe("optimizers follow the textbook in float64 over 100 steps", () => {
  it("adam", async () => {
    expect(
      distance(await run(adam({ lr: 0.02 })), twin(textbookAdam(0.02, standard))),
    ).toBeLessThan(1e-5);
    const other = adam({ lr: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-2 });
    expect(distance(await run(other), twin(textbookAdam(0.1, [0.5, 0.9, 1e-2])))).toBeLessThan(
      1e-5,
    );
  });

  it("sgd, with momentum, with Nesterov's", async () => {
    for (const [momentum, nesterov] of [
      [0, false],
      [0.9, false],
      [0.9, true],
    ] as const) {
      const got = await run(sgd({ lr: 0.01, momentum, nesterov }));
      expect(distance(got, twin(textbookSgd(0.01, momentum, nesterov)))).toBeLessThan(1e-5);
    }
  });

  it("adamW decays kernels only, all where asked, equally by a scalar or a vector", async () => {
    const kernels = twin(textbookAdam(0.02, standard, [0.1, 0.1, 0.1, 0, 0]));
    expect(distance(await run(adamW({ lr: 0.02, weightDecay: 0.1 })), kernels)).toBeLessThan(1e-5);
    const all = twin(textbookAdam(0.02, standard, [0.1, 0.1, 0.1, 0.1, 0.1]));
    const everywhere = adamW({ lr: 0.02, weightDecay: 0.1, decayOn: () => true });
    expect(distance(await run(everywhere), all)).toBeLessThan(1e-5);
    expect(distance(kernels, all)).toBeGreaterThan(1e-4);
  });

  it("groups scale, freeze and reverse the rate", async () => {
    for (const factor of [0.1, 0, -1]) {
      const groups = [
        { match: (path: string) => path === "a.bias", lrFactor: factor, weightDecay: 0.3 },
      ];
      const got = await run(adam({ lr: 0.02, groups }));
      const expected = twin(
        textbookAdam(0.02, standard, [0, 0, 0, 0.3, 0.3], [1, 1, 1, factor, factor]),
      );
      expect(distance(got, expected)).toBeLessThan(1e-5);
    }
  });

  it("gradients are clipped by global norm and by value", async () => {
    const rule = textbookSgd(0.05, 0, false);
    const byNorm = twin((p, g, t) => {
      const norm = Math.hypot(...g);
      (rule as (p: number[], g: number[], t: number) => void)(
        p,
        norm > 0.5 ? g.map((x) => (x * 0.5) / norm) : g,
        t,
      );
    });
    expect(distance(await run(sgd({ lr: 0.05, clipNorm: 0.5 })), byNorm)).toBeLessThan(1e-5);
    const byValue = twin((p, g) =>
      rule(
        p,
        g.map((x) => Math.max(-0.2, Math.min(0.2, x))),
      ),
    );
    expect(distance(await run(sgd({ lr: 0.05, clipValue: 0.2 })), byValue)).toBeLessThan(1e-5);
  });

  it("penalties add their gradient on kernels", async () => {
    const rule = textbookSgd(0.05, 0, false);
    const expected = twin(rule, (p) =>
      p.map((w, i) => (i < 3 ? 0.2 * w + 0.05 * Math.sign(w) : 0)),
    );
    expect(distance(await run(sgd({ lr: 0.05 }), [l2(0.1), l1(0.05)]), expected)).toBeLessThan(
      1e-5,
    );
  });

  it("refuse settings that make no sense", async () => {
    expect(() => adam({ beta1: 1 })).toThrow("adam.beta1: must be in [0, 1), got 1");
    await expect(run(sgd({ clipNorm: 0 }))).rejects.toThrow(
      "optimizer.clipNorm: expected a number > 0, got 0",
    );
  });
});
