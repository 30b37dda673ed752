import { describe, expect, it } from "vitest";
import { CancelledError, DivergedError } from "../../src/base/errors.ts";
import { float32, fromNumbers, type HostArray, toNumbers } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import {
  activation,
  adam,
  batchBuffers,
  batchNorm,
  columnsOf,
  cosine,
  createTrainer,
  type Data,
  decodeCheckpoint,
  dense,
  dropout,
  epochOrder,
  type FitEvent,
  type FitOptions,
  gatherRows,
  l2,
  leaf,
  leaves,
  mse,
  type Objective,
  plateau,
  sequential,
  sgd,
  softmaxCrossEntropy,
  stepDecay,
  subtree,
  supervised,
  fit as train,
  type Variables,
  weightedMean,
} from "../../src/nn/index.ts";
import { add, exp, mul, neg, relu, sub, tanh } from "../../src/ops/index.ts";
import { distance, normals, runtime } from "./support.ts";

function flat({ params, state }: Variables): number[] {
  return [...leaves(params), ...leaves(state)].flatMap(([, v]: [string, HostArray]) => [
    ...toNumbers(v),
  ]);
}

/** y = 3 x0 - 2 x1 + 0.5 + noise. */
function linearData(seed: number, rows: number): Data {
  const x = normals(seed, [rows, 2]);
  const noise = normals(seed + 1, [rows, 1], 0.3);
  const y = toNumbers(noise).map(
    (e, i) => 3 * Number(x.data[2 * i]) - 2 * Number(x.data[2 * i + 1]) + 0.5 + e,
  );
  return { x, y: float32(y, [rows, 1]) };
}

/** y = sin(2 x). */
function sineData(seed: number, rows: number): Data {
  const x = normals(seed, [rows, 1]);
  return {
    x,
    y: float32(
      toNumbers(x).map((v) => Math.sin(2 * v)),
      [rows, 1],
    ),
  };
}

/** Keeps the checkpoints it is given. */
function recorder() {
  const saved: Uint8Array[] = [];
  return { saved, checkpoint: { save: (bytes: Uint8Array) => void saved.push(bytes) } };
}

const network = () =>
  sequential(
    dense(1, 16, { bias: false }),
    batchNorm(16, { momentum: 0.9 }),
    activation(relu),
    dropout(0.05),
    dense(16, 1),
  );
const small = (more: Partial<FitOptions> = {}) =>
  ({
    model: network(),
    loss: mse(),
    optimizer: adam({ lr: 0.01 }),
    data: sineData(1, 600),
    validation: sineData(2, 200),
    batchSize: 32,
    epochs: 4,
    seed: 5,
    schedule: cosine(),
    ...more,
  }) as FitOptions;

describe("fit", () => {
  it("reaches the least-squares solution of a weighted linear regression", async () => {
    const data = linearData(3, 256);
    const weight = float32(Array.from({ length: 256 }, (_, i) => 0.5 + (i % 3)));
    const { variables } = await train(runtime, {
      model: dense(2, 1),
      loss: mse(),
      optimizer: sgd({ lr: 0.2 }),
      data: { ...data, weight },
      batchSize: 256,
      epochs: 200,
    });
    const expected = leastSquares(data, weight.data as Float32Array);
    const w = toNumbers(leaf(variables.params, "weight"));
    const b = toNumbers(leaf(variables.params, "bias"));
    expect(distance([...w, ...b], expected)).toBeLessThan(1e-5);
  });

  it("learns a sine and reports falling losses", async () => {
    const events: FitEvent[] = [];
    const { history, reason } = await train(runtime, {
      model: sequential(dense(1, 32), activation(tanh), dense(32, 1)),
      loss: mse(),
      optimizer: adam({ lr: 0.02 }),
      data: sineData(1, 1000),
      validation: sineData(2, 500),
      batchSize: 50,
      epochs: 30,
      onEvent: (e) => events.push(e),
    });
    expect(history).toHaveLength(30);
    expect(history[29].validationLoss).toBeLessThan(0.03);
    expect(history[0].validationLoss).toBeGreaterThan(0.05);
    expect(reason).toBe("epochs");
    const kinds = new Set(events.map((e) => e.type));
    expect(kinds).toEqual(new Set(["epochEnd", "bestSoFar", "stopped"]));
  });

  it("separates classes by integer labels", async () => {
    const x = normals(4, [400, 2]);
    const quadrant = Array.from({ length: 400 }, (_, i) =>
      Number(x.data[2 * i]) > 0 ? (Number(x.data[2 * i + 1]) > 0 ? 0 : 1) : 2,
    );
    const data = { x, y: fromNumbers("int64", [400], quadrant) };
    const { history } = await train(runtime, {
      model: sequential(dense(2, 32), activation(relu), dense(32, 3, { init: "glorot" })),
      loss: softmaxCrossEntropy(),
      optimizer: adam({ lr: 0.02 }),
      data,
      batchSize: 40,
      epochs: 30,
    });
    expect(history[0].loss).toBeGreaterThan(0.3);
    expect(history[29].loss).toBeLessThan(0.1);
  });

  it("minimizes any objective: maximum likelihood of a normal distribution, weighted", async () => {
    const x = float32(
      toNumbers(normals(6, [500])).map((v) => 2 + 0.5 * v),
      [500],
    );
    const weight = float32(Array.from({ length: 500 }, (_, i) => 1 + (i % 2)));
    const start = { mean: float32([0], []), logSigma: float32([0], []) };
    const normal: Objective = {
      init: () => ({ params: start, state: {} }),
      apply: ({ params }, batch) => {
        const pull = mul(sub(batch.x, leaf(params, "mean")), exp(neg(leaf(params, "logSigma"))));
        const nll = add(mul(mul(pull, pull), 0.5), leaf(params, "logSigma"));
        return { loss: weightedMean(nll, batch.weight), state: {} };
      },
    };
    const options = {
      objective: normal,
      optimizer: adam({ lr: 0.05 }),
      batchSize: 500,
      epochs: 400,
    };
    const { variables } = await train(runtime, {
      ...options,
      data: { x, weight },
      schedule: cosine(),
    });
    const w = toNumbers(weight);
    const values = toNumbers(x);
    const total = w.reduce((a, b) => a + b);
    const mean = values.reduce((s, v, i) => s + w[i] * v, 0) / total;
    const variance = values.reduce((s, v, i) => s + w[i] * (v - mean) ** 2, 0) / total;
    expect(leaf(variables.params, "mean").data[0]).toBeCloseTo(mean, 4);
    expect(leaf(variables.params, "logSigma").data[0]).toBeCloseTo(Math.log(variance) / 2, 4);
  });

  it("treats an integer weight as that many copies of the row", async () => {
    const data = linearData(9, 60);
    const times = Array.from({ length: 60 }, (_, i) => i % 3);
    const rows = times.flatMap((n, i) => new Array<number>(n).fill(i));
    const pick = (a: HostArray) => {
      const width = a.shape[1];
      return float32(
        rows.flatMap((i) => [...toNumbers(a).slice(i * width, (i + 1) * width)]),
        [rows.length, width],
      );
    };
    const common = {
      model: dense(2, 1),
      loss: mse(),
      optimizer: sgd({ lr: 0.1 }),
      epochs: 20,
      batchSize: 1000,
    };
    const weighted = await train(runtime, { ...common, data: { ...data, weight: float32(times) } });
    const repeated = await train(runtime, {
      ...common,
      data: { x: pick(data.x), y: pick(data.y) },
    });
    expect(distance(flat(weighted.variables), flat(repeated.variables))).toBeLessThan(1e-5);
    expect(weighted.history[19].loss).toBeCloseTo(repeated.history[19].loss, 5);
  });

  it("takes the steps one would take by hand", async () => {
    const data = sineData(1, 50);
    const objective = supervised(network(), mse());
    const variables = objective.init(createRng(8));
    const optimizer = adam({ lr: 0.01 });
    const options = { objective, variables, optimizer, data, batchSize: 8, epochs: 3, seed: 4 };
    const looped = await train(runtime, {
      ...options,
      schedule: stepDecay({ epochs: 1, factor: 0.5 }),
    });
    const columns = columnsOf(data);
    const trainer = await createTrainer(runtime, { ...options, columns });
    const batch = batchBuffers(columns, 8);
    for (let epoch = 0; epoch < 3; epoch++)
      for (let i = 0; i < 6; i++) {
        gatherRows(data, epochOrder(4, epoch, 50), 8 * i, batch);
        await trainer.step(batch, 0.01 * 0.5 ** epoch);
      }
    expect(flat(looped.variables)).toEqual(flat(trainer.variables()));
    await trainer.dispose();
  });

  it("gives the same bytes for the same seed and others for another", async () => {
    const [a, b, c] = await Promise.all([5, 5, 6].map((seed) => train(runtime, small({ seed }))));
    expect(flat(b.variables)).toEqual(flat(a.variables));
    expect(b.history).toEqual(a.history);
    expect(distance(flat(c.variables), flat(a.variables))).toBeGreaterThan(1e-3);
  });

  it("takes the same steps several to a run, leftovers one by one, and resumes among them", async () => {
    const one = await train(runtime, small());
    const { checkpoint, saved } = recorder();
    const abort = new AbortController();
    const onEvent = () => abort.abort(); // at the first epoch's end
    const four = await train(runtime, small({ stepsPerRun: 4 })); // 18 steps an epoch: 4 runs and 2
    expect(four.steps).toBe(one.steps);
    expect(distance(flat(four.variables), flat(one.variables))).toBeLessThan(1e-5);
    expect(four.history[3].loss).toBeCloseTo(one.history[3].loss, 5);
    const cut = train(
      runtime,
      small({ stepsPerRun: 4, checkpoint, onEvent, signal: abort.signal }),
    );
    await expect(cut).rejects.toThrow("fit: cancelled in epoch 1 after 18 steps");
    const resumed = await train(runtime, small({ stepsPerRun: 4, resume: saved.at(-1)! }));
    expect(flat(resumed.variables)).toEqual(flat(four.variables));
  });

  it("stops early and gives back the weights of the best epoch", async () => {
    const validation = sineData(2, 30);
    const data = { ...sineData(1, 40), y: normals(77, [40, 1]) }; // noise: validation soon gets worse
    const options = {
      model: sequential(dense(1, 64), activation(tanh), dense(64, 1)),
      loss: mse(),
      optimizer: adam({ lr: 0.05 }),
      data,
      validation,
      batchSize: 40,
      epochs: 200,
      earlyStopping: { patience: 7 },
    };
    const stopped = await train(runtime, options);
    expect(stopped.reason).toBe("earlyStopping");
    const best = stopped.best!;
    expect(stopped.history).toHaveLength(best.epoch + 1 + 7);
    expect(best.loss).toBe(Math.min(...stopped.history.map((h) => h.validationLoss!)));
    const { earlyStopping: _, ...plain } = options;
    const upToBest = await train(runtime, { ...plain, epochs: best.epoch + 1 });
    expect(flat(stopped.variables)).toEqual(flat(upToBest.variables));
  });

  it("continues a cancelled training to the same bytes", async () => {
    const options = {
      earlyStopping: { patience: 3 },
      schedule: plateau({ patience: 1 }),
      epochs: 5,
    };
    const whole = recorder();
    const full = await train(runtime, small({ ...options, checkpoint: whole.checkpoint }));
    const abort = new AbortController();
    let steps = 0;
    const { checkpoint, saved } = recorder();
    const schedule = (at: Parameters<ReturnType<typeof plateau>>[0]) => {
      if (++steps === 47) abort.abort(); // in the middle of the third epoch
      return plateau({ patience: 1 })(at);
    };
    const cut = train(runtime, small({ ...options, schedule, signal: abort.signal, checkpoint }));
    await expect(cut).rejects.toThrow(CancelledError);
    expect(decodeCheckpoint(saved.at(-1)!)).toMatchObject({ epoch: 2, batch: 47 - 36, steps: 47 });
    const resumed = await train(runtime, small({ ...options, resume: saved.at(-1)!, checkpoint }));
    expect(flat(resumed.variables)).toEqual(flat(full.variables));
    expect(resumed.history).toEqual(full.history);
    expect(saved.at(-1)).toEqual(whole.saved.at(-1));
  });

  it("resumes a finished training without a step, and refuses another training's checkpoint", async () => {
    const { checkpoint, saved } = recorder();
    const done = await train(runtime, small({ checkpoint }));
    const again = await train(runtime, small({ resume: saved.at(-1)! }));
    expect(again.steps).toBe(done.steps);
    expect(flat(again.variables)).toEqual(flat(done.variables));
    const other = train(runtime, small({ resume: saved.at(-1)!, batchSize: 16 }));
    await expect(other).rejects.toThrow("fit.resume: the checkpoint is of another training");
  });

  it("names the first bad step when the loss diverges and saves a finite state", async () => {
    const rows = 32 * 50;
    const data = sineData(1, rows);
    const bad = 40; // the step that meets the row with an infinite target
    const order = epochOrder(0, 0, rows);
    const y = toNumbers(data.y).slice();
    y[order[bad * 32 + 5]] = Infinity;
    const { checkpoint, saved } = recorder();
    const options = {
      model: network(),
      loss: mse(),
      optimizer: adam(),
      data: { x: data.x, y: float32(y, [rows, 1]) },
      batchSize: 32,
      epochs: 3,
      checkpoint,
    };
    for (const stepsPerRun of [1, 4]) {
      const error = await train(runtime, { ...options, stepsPerRun }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(DivergedError);
      expect((error as DivergedError).step).toBe(bad);
    }
    const good = decodeCheckpoint(saved.at(-1)!);
    expect(good.steps).toBe(32);
    expect(good.state.every(Number.isFinite)).toBe(true);
  });

  it("leaves no weight among the denormal numbers, which are slow", async () => {
    const data = linearData(1, 64);
    for (let i = 1; i < 128; i += 2) (data.x.data as Float32Array)[i] = 0; // nothing but decay
    const { variables } = await train(runtime, {
      model: dense(2, 1),
      loss: mse(),
      optimizer: sgd({ lr: 0.4 }),
      penalties: [l2(0.5)], // 0.6 of the weight is left at each step: 0.6^256 = 2e-57
      data,
      batchSize: 16,
      epochs: 64,
    });
    const [used, unused] = toNumbers(leaf(variables.params, "weight"));
    expect(used).toBeGreaterThan(1);
    expect(unused).toBe(0);
  });

  it("says what is wrong with its data", async () => {
    const data = linearData(1, 10);
    const base = { model: dense(2, 1), loss: mse(), optimizer: adam(), epochs: 1 };
    const short = { ...data, y: normals(1, [9, 1]) };
    await expect(train(runtime, { ...base, data: short })).rejects.toThrow(
      "fit.data: columns differ in rows: x 10, y 9",
    );
    await expect(train(runtime, { ...base, data: {} })).rejects.toThrow("fit.data: no rows");
    await expect(train(runtime, { ...base, data, earlyStopping: { patience: 1 } })).rejects.toThrow(
      "fit.earlyStopping: needs validation data",
    );
  });
});

describe("trainer", () => {
  it("averages the running statistics of every batch norm by its own momentum", async () => {
    const norms = [batchNorm(3, { momentum: 0.5 }), batchNorm(3, { momentum: 0.8, epsilon: 0.1 })];
    const model = sequential(...norms, dense(3, 1));
    const init = model.init(createRng(1));
    const trainer = await createTrainer(runtime, {
      objective: supervised(model, mse()),
      variables: init,
      optimizer: sgd({ lr: 0 }),
      columns: { x: { dtype: "float32", shape: [3] }, y: { dtype: "float32", shape: [1] } },
      batchSize: 20,
    });
    let mean = 0;
    let variance = 1;
    let second = 1;
    for (let t = 0; t < 3; t++) {
      const x = normals(t, [20, 3], 2);
      await trainer.step({ x, y: normals(9, [20, 1]) });
      const first = Array.from({ length: 20 }, (_, i) => Number(x.data[3 * i]));
      const m = first.reduce((a, b) => a + b) / 20;
      const v = first.reduce((a, b) => a + (b - m) ** 2, 0) / 20;
      mean = 0.5 * mean + 0.5 * m;
      variance = 0.5 * variance + 0.5 * v;
      second = 0.8 * second + (0.2 * v) / (v + 1e-3); // what the first norm leaves
    }
    const { state } = trainer.variables();
    const at = (i: string, name: string) => Number(leaf(subtree(state, i), name).data[0]);
    expect(at("0", "mean")).toBeCloseTo(mean, 5);
    expect(at("0", "variance")).toBeCloseTo(variance, 5);
    expect(at("1", "mean")).toBeCloseTo(0, 5);
    expect(at("1", "variance")).toBeCloseTo(second, 5);
    await trainer.dispose();
  });

  it("refuses evaluation data without its columns, and columns with its own names", async () => {
    const column = { dtype: "float32" as const, shape: [1] };
    const spec = {
      objective: supervised(dense(1, 1), mse()),
      variables: dense(1, 1).init(createRng(1)),
      optimizer: sgd(),
      columns: { x: column, y: column },
      batchSize: 4,
    };
    const trainer = await createTrainer(runtime, spec);
    await expect(trainer.evaluate({ x: normals(1, [5, 1]) })).rejects.toThrow(
      'evaluate: column "y" must be float32 [rows, 1], got nothing',
    );
    await trainer.dispose();
    const clash = createTrainer(runtime, {
      ...spec,
      columns: { x: column, y: column, state: column },
    });
    await expect(clash).rejects.toThrow('train: a column cannot be named "state"');
  });

  it("evaluates a masked tail and weights like a plain mean", async () => {
    const data = linearData(4, 4500); // one block of 4096 and a tail
    const weight = float32(Array.from({ length: 4500 }, (_, i) => i % 4));
    const model = dense(2, 1);
    const variables = {
      params: { weight: float32([1, 1], [2, 1]), bias: float32([0]) },
      state: {},
    };
    const trainer = await createTrainer(runtime, {
      objective: supervised(model, mse()),
      variables,
      optimizer: adam(),
      columns: { x: { dtype: "float32", shape: [2] }, y: { dtype: "float32", shape: [1] } },
      batchSize: 10,
    });
    const residual = (i: number) =>
      (Number(data.x.data[2 * i]) + Number(data.x.data[2 * i + 1]) - Number(data.y.data[i])) ** 2;
    const all = Array.from({ length: 4500 }, (_, i) => residual(i));
    const total = all.reduce((a, b) => a + b, 0);
    expect(await trainer.evaluate(data)).toBeCloseTo(total / 4500, 4);
    const weighted =
      all.reduce((s, l, i) => s + l * (i % 4), 0) / toNumbers(weight).reduce((a, b) => a + b, 0);
    expect(await trainer.evaluate({ ...data, weight })).toBeCloseTo(weighted, 4);
    await trainer.dispose();
  });

  it("shuffles every epoch differently, by the seed alone", () => {
    expect(epochOrder(1, 0, 100)).toEqual(epochOrder(1, 0, 100));
    expect(epochOrder(1, 1, 100)).not.toEqual(epochOrder(1, 0, 100));
    expect([...epochOrder(1, 3, 100)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });
});

/** Weighted least squares of y on (x, 1) by the normal equations, in float64. */
function leastSquares(data: Data, w: ArrayLike<number>): number[] {
  const a = [0, 1, 2].map(() => [0, 0, 0, 0]);
  for (let i = 0; i < w.length; i++) {
    const row = [
      Number(data.x.data[2 * i]),
      Number(data.x.data[2 * i + 1]),
      1,
      Number(data.y.data[i]),
    ];
    for (let j = 0; j < 3; j++) for (let k = 0; k < 4; k++) a[j][k] += w[i] * row[j] * row[k];
  }
  for (let j = 0; j < 3; j++)
    for (let i = 0; i < 3; i++) {
      if (i === j) continue;
      const f = a[i][j] / a[j][j];
      for (let k = 0; k < 4; k++) a[i][k] -= f * a[j][k];
    }
  return a.map((row, j) => row[3] / row[j]);
}
