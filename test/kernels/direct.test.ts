import { afterAll, describe, expect, test } from "vitest";
import { hostArray, toNumbers } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import { factorizedCenters } from "../../src/kernels/direct.ts";
import {
  accumulateNormal,
  type FalkonEvent,
  fitFalkon,
  type Kernel,
  mergeNormal,
  predictFalkon,
  type RowSource,
  refitFalkon,
  rowSource,
  solveNormal,
} from "../../src/kernels/index.ts";
import { createProducts } from "../../src/kernels/linalg.ts";
import { solveOne, whiten } from "../../src/kernels/solve.ts";
import {
  apply,
  arrays,
  kernelTable,
  matrixDistance,
  product,
  regression,
  ridge,
  runtime,
  transposed,
} from "./support.ts";

const kernel: Kernel = { type: "gaussian", width: [1, 1.5, 2, 2] };
const products = await createProducts(runtime);
afterAll(() => products.dispose());
const data = regression(300, 5);
const rows = arrays(data, "float64");
const count = 40;
const centers = hostArray("float64", [count, 4], data.x.slice(0, 4 * count));
const pass = { precision: "float64", blockRows: 64 } as const;

describe("the published identities", () => {
  test("T Tᵀ = Kmm, A Aᵀ = Tᵀ T / M + λ, and B Bᵀ inverts Kmm² / M + λ Kmm", async () => {
    const lambda = 1e-3;
    const table = kernelTable(kernel, toNumbers(centers), toNumbers(centers), 4);
    const { kmm, factor } = await factorizedCenters(products, kernel, centers);
    expect(matrixDistance(kmm, table)).toBeLessThan(1e-14);
    const { lower, inverse, jitter } = factor;
    expect(
      matrixDistance(product(lower, transposed(lower, count), count, count, count), table),
    ).toBeLessThan(1e-10);
    const source = rowSource({
      x: centers,
      y: hostArray("float64", [count, 1], new Float64Array(count)),
    });
    const normal = await accumulateNormal(runtime, kernel, centers, source, pass);
    const whitened = await whiten(products, factor, normal, 0);
    const square = product(transposed(lower, count), lower, count, count, count);
    expect(
      matrixDistance(
        whitened.gram,
        square.map((v) => v / count),
      ),
    ).toBeLessThan(1e-9);
    const solved = await solveOne(products, whitened, lambda);
    if (!solved) throw new RangeError("no factor");
    const b = product(solved.factor.inverse, inverse, count, count, count); // A⁻¹ T⁻¹
    const inverted = product(transposed(b, count), b, count, count, count);
    const squared = product(table, table, count, count, count);
    const system = squared.map(
      (v, i) => v / count + lambda * (table[i] + (i % (count + 1) === 0 ? jitter : 0)),
    );
    const identity = Float64Array.from(table, (_, i) => (i % (count + 1) === 0 ? 1 : 0));
    expect(matrixDistance(product(inverted, system, count, count, count), identity)).toBeLessThan(
      1e-6,
    );
  });
});

describe("λ path", () => {
  const lambdas = [1e-1, 1e-3, 1e-5];

  test("equals separate fits, and the effective dimension and GCV their definitions", async () => {
    const options = { data: rows, kernel, centers, precision: "float64" } as const;
    const path = await fitFalkon(runtime, { ...options, lambda: lambdas });
    for (const [i, lambda] of lambdas.entries()) {
      const { solutions } = await fitFalkon(runtime, { ...options, lambda, solver: "direct" });
      expect(matrixDistance(path.solutions[i].alpha, solutions[0].alpha)).toBeLessThan(1e-10);
      // the smoother matrix S from unit targets
      const phi = kernelTable(kernel, data.x, toNumbers(centers), 4);
      const penalty = kernelTable(kernel, toNumbers(centers), toNumbers(centers), 4).map(
        (v) => v * lambda * data.rows,
      );
      const units = Float64Array.from({ length: data.rows ** 2 }, (_, j) =>
        j % (data.rows + 1) === 0 ? 1 : 0,
      );
      const s = apply(phi, ridge(phi, units, data.rows, penalty), data.rows);
      let trace = 0;
      for (let j = 0; j < data.rows; j++) trace += s[j * (data.rows + 1)];
      const y = product(s, data.y, data.rows, data.rows, 2);
      const errors = [0, 0];
      y.forEach((value, j) => {
        errors[j % 2] += (data.y[j] - value) ** 2 / data.rows;
      });
      const solution = path.solutions[i];
      expect(solution.effectiveDimension).toBeCloseTo(trace, 5);
      for (const t of [0, 1]) {
        expect(solution.trainError[t]).toBeCloseTo(errors[t], 8);
        expect(solution.gcv[t]).toBeCloseTo(errors[t] / (1 - trace / data.rows) ** 2, 7);
      }
    }
    const score = ({ gcv }: { gcv: Float64Array }) =>
      gcv[0] / (path.normal?.square[0] ?? 0) + gcv[1] / (path.normal?.square[1] ?? 0);
    const scores = path.solutions.map(score);
    expect(path.best).toBe(scores.indexOf(Math.min(...scores)));
    expect(path.model.lambda).toBe(lambdas[path.best]);
  });
});

describe("leave-one-out", () => {
  test.each([false, true])("equals brute force, weights %s", async (isWeighted) => {
    const n = 60;
    const rng = createRng(8);
    const weights = Float64Array.from({ length: n }, () => (isWeighted ? 0.2 + rng.uniform() : 1));
    const small = { x: data.x.slice(0, 4 * n), y: data.y.slice(0, 2 * n), rows: n };
    const few = hostArray("float64", [15, 4], small.x.slice(0, 60));
    const lambdas = [1e-2, 1e-4];
    const fit = await fitFalkon(runtime, {
      data: {
        ...arrays(small, "float64"),
        ...(isWeighted ? { weight: hostArray("float64", [n], weights) } : {}),
      },
      kernel,
      centers: few,
      lambda: lambdas,
      leaveOneOut: true,
      precision: "float64",
      blockRows: 17,
    });
    const total = weights.reduce((a, b) => a + b);
    const phi = kernelTable(kernel, small.x, toNumbers(few), 4);
    const kmm = kernelTable(kernel, toNumbers(few), toNumbers(few), 4);
    lambdas.forEach((lambda, l) => {
      const expected = [0, 0];
      for (let i = 0; i < n; i++) {
        const without = weights.map((w, j) => (j === i ? 0 : w));
        const alpha = ridge(
          phi,
          small.y,
          n,
          kmm.map((v) => v * lambda * total),
          without,
        );
        const [f, g] = apply(phi.slice(i * 15, (i + 1) * 15), alpha, 1);
        expected[0] += (weights[i] * (small.y[2 * i] - f) ** 2) / total;
        expected[1] += (weights[i] * (small.y[2 * i + 1] - g) ** 2) / total;
      }
      const got = fit.solutions[l].leaveOneOut ?? [];
      for (const t of [0, 1]) expect(got[t] / expected[t]).toBeCloseTo(1, 6);
    });
  });
});

describe("parts", () => {
  test("two halves merged equal the whole, whatever the block size", async () => {
    const half = (from: number, to: number) =>
      rowSource({
        x: hostArray("float64", [to - from, 4], data.x.slice(4 * from, 4 * to)),
        y: hostArray("float64", [to - from, 2], data.y.slice(2 * from, 2 * to)),
      });
    const sum = (from: number, to: number, blockRows: number) =>
      accumulateNormal(runtime, kernel, centers, half(from, to), { ...pass, blockRows });
    const merged = mergeNormal(await sum(0, 120, 50), await sum(120, 300, 64));
    const whole = await sum(0, 300, 300);
    for (const key of ["gram", "moment", "square"] as const)
      expect(matrixDistance(merged[key], whole[key])).toBeLessThan(1e-14);
    expect([merged.rows, merged.weight]).toEqual([300, 300]);
    expect(() => mergeNormal(merged, { ...whole, centers: 3 })).toThrow(/3/);
    const a = await solveNormal(runtime, { kernel, centers, normal: merged, lambda: 1e-4 });
    const b = await solveNormal(runtime, { kernel, centers, normal: whole, lambda: 1e-4 });
    expect(matrixDistance(a.solutions[0].alpha, b.solutions[0].alpha)).toBeLessThan(1e-8);
  });

  test("adding rows to a fit equals fitting all of them", async () => {
    const part = (from: number, to: number) => ({
      x: hostArray("float64", [to - from, 4], data.x.slice(4 * from, 4 * to)),
      y: hostArray("float64", [to - from, 2], data.y.slice(2 * from, 2 * to)),
    });
    const options = { kernel, centers, lambda: 1e-4, precision: "float64" } as const;
    const first = await fitFalkon(runtime, { ...options, data: part(0, 200), solver: "direct" });
    const more = await refitFalkon(runtime, first, { data: part(200, 300) });
    const whole = await fitFalkon(runtime, { ...options, data: part(0, 300), solver: "direct" });
    expect(matrixDistance(more.solutions[0].alpha, whole.solutions[0].alpha)).toBeLessThan(1e-8);
    expect(more.normal?.rows).toBe(300);
  });

  test("a weight of 2 equals the row twice, a weight of 0 its absence", async () => {
    const weights = Float64Array.from({ length: 300 }, (_, i) => i % 3);
    const chosen = Array.from(weights, (w, i) => new Array(w).fill(i) as number[]).flat();
    const repeat = (a: Float64Array, width: number) =>
      Float64Array.from(chosen.flatMap((i) => [...a.subarray(i * width, (i + 1) * width)]));
    const options = {
      kernel,
      centers,
      lambda: 1e-4,
      precision: "float64",
      solver: "direct",
    } as const;
    const weighted = await fitFalkon(runtime, {
      ...options,
      data: { ...rows, weight: hostArray("float64", [300], weights) },
    });
    const n = chosen.length;
    const repeated = await fitFalkon(runtime, {
      ...options,
      data: {
        x: hostArray("float64", [n, 4], repeat(data.x, 4)),
        y: hostArray("float64", [n, 2], repeat(data.y, 2)),
      },
    });
    const distance = matrixDistance(weighted.solutions[0].alpha, repeated.solutions[0].alpha);
    expect(distance).toBeLessThan(1e-8);
    const [a, b] = [weighted, repeated].map((fit) => predictFalkon(runtime, fit.model, rows.x));
    expect(
      matrixDistance((await a).data as Float64Array, (await b).data as Float64Array),
    ).toBeLessThan(1e-10);
  });
});

describe("rows read block by block", () => {
  test("give the same bytes as arrays, with events and seconds of each phase", async () => {
    const reads: number[] = [];
    const source: RowSource = {
      rows: 300,
      features: 4,
      targets: 2,
      isWeighted: false,
      async read(start, size) {
        reads.push(size);
        return {
          x: hostArray("float64", [size, 4], data.x.slice(4 * start, 4 * (start + size))),
          y: hostArray("float64", [size, 2], data.y.slice(2 * start, 2 * (start + size))),
        };
      },
    };
    const options = { kernel, centers, lambda: 1e-4, precision: "float64", blockRows: 64 } as const;
    const events: FalkonEvent[] = [];
    const onEvent = (event: FalkonEvent) => events.push(event);
    const streamed = await fitFalkon(runtime, { ...options, data: source, onEvent });
    const whole = await fitFalkon(runtime, { ...options, data: rows });
    expect(streamed.model).toEqual(whole.model);
    expect(Math.max(...reads)).toBe(64);
    expect(events.flatMap((e) => (e.type === "phase" ? [e.phase] : []))).toEqual([
      "centers",
      "accumulate",
      "solve",
    ]);
    expect(events.findLast((e) => e.type === "rows")).toMatchObject({ done: 300, rows: 300 });
    expect(Object.values(streamed.seconds).every((s) => s >= 0)).toBe(true);
  });
});
