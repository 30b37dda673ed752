import { describe, expect, test } from "vitest";
import { float32, fromNumbers, toNumbers } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import {
  decodeFalkon,
  encodeFalkon,
  exportFalkon,
  type FalkonModel,
  type Kernel,
  kernelMatrix,
  predictFalkon,
} from "../../src/kernels/index.ts";
import { add, concat, mul, reshape } from "../../src/ops/index.ts";
import { apply, kernelTable, matrixDistance, runtime, transposed } from "./support.ts";

const rng = createRng(2);
const normals = (n: number) => Float64Array.from({ length: n }, () => Math.fround(rng.normal()));
const kernels: readonly Kernel[] = [
  { type: "gaussian", width: 1 },
  { type: "gaussian", width: [1, 2, 3] },
  { type: "laplacian", width: 2 },
  { type: "matern", nu: 0.5, width: 2 },
  { type: "matern", nu: 1.5, width: [1, 2, 3] },
  { type: "matern", nu: 2.5, width: 2 },
  { type: "linear" },
  { type: "polynomial", degree: 5, scale: 0.3 },
];
const centers = normals(21);
const x = normals(33);
// some rows are centers, where distances cancel
x.set(centers.subarray(0, 6));
const model = (kernel: Kernel, dtype: "float32" | "float64" = "float64"): FalkonModel => ({
  kernel,
  centers: fromNumbers(dtype, [7, 3], centers),
  alpha: fromNumbers("float64", [7, 2], normals(14)),
  lambda: 1e-3,
});

describe("kernels", () => {
  test.each(kernels.map((k) => [JSON.stringify(k), k] as const))("%s", async (_, kernel) => {
    const expected = kernelTable(kernel, x, centers, 3);
    expect(matrixDistance(kernelMatrix(kernel, x, centers, 3), expected)).toBeLessThan(1e-15);
    for (const [dtype, bound] of [
      ["float64", 1e-7], // Laplacian: a distance of 0 comes out as the root of 1e-15
      ["float32", 2e-6],
    ] as const) {
      const m = model(kernel, dtype);
      const y = await predictFalkon(runtime, m, fromNumbers(dtype, [11, 3], x), { blockRows: 4 });
      expect(y.dtype).toBe(dtype);
      expect(y.shape).toEqual([11, 2]);
      const truth = apply(expected, toNumbers(m.alpha), 11);
      expect(matrixDistance(toNumbers(y), truth)).toBeLessThan(bound);
    }
  });
});

describe("exportFalkon", () => {
  test("holds what comes before and after it, for any batch size", async () => {
    const m = model(kernels[0]);
    const onnx = exportFalkon(m, {
      inputs: { muon: [2], eta: [] },
      before: ({ muon, eta }) => concat([mul(muon, 0.5), reshape(eta, ["batch", 1])], 1),
      after: (y, { eta }) => ({ sum: add(y, reshape(eta, ["batch", 1])) }),
      metadata: { seed: "7" },
    });
    const session = await runtime.load(onnx);
    for (const n of [1, 5]) {
      const [muon, eta] = [normals(2 * n), normals(n)];
      const { sum } = await session.run({
        muon: float32(Float32Array.from(muon), [n, 2]),
        eta: float32(Float32Array.from(eta)),
      });
      const z = Float64Array.from({ length: 3 * n }, (_, i) =>
        i % 3 === 2 ? eta[Math.floor(i / 3)] : muon[2 * Math.floor(i / 3) + (i % 3)] / 2,
      );
      const table = kernelTable(m.kernel, z, centers, 3);
      const expected = apply(table, toNumbers(m.alpha), n).map((v, i) => v + eta[i >> 1]);
      expect(matrixDistance(toNumbers(sum), expected)).toBeLessThan(1e-6);
    }
    await session.dispose();
  });

  test("refuses features of another number", () => {
    const spec = { inputs: { x: [4] } };
    expect(() => exportFalkon(model(kernels[0]), spec)).toThrow(
      "falkonGraph: x must be [rows, 3], got [batch, 4]",
    );
  });
});

describe("encodeFalkon", () => {
  test.each(["float32", "float64"] as const)("comes back bit by bit, %s", (dtype) => {
    for (const kernel of kernels) {
      const m = model(kernel, dtype);
      const back = decodeFalkon(encodeFalkon(m));
      expect(back).toEqual(m);
    }
    expect(transposed(Float64Array.of(1, 2, 3, 4, 5, 6), 2)).toEqual(
      Float64Array.of(1, 4, 2, 5, 3, 6),
    );
  });

  test("other bytes are an error", () => {
    const bytes = encodeFalkon(model(kernels[0]));
    expect(() => decodeFalkon(bytes.subarray(0, bytes.length - 1))).toThrow(/cut off/);
    expect(() => decodeFalkon(bytes.subarray(0, 17))).toThrow(/cut off/);
    expect(() => decodeFalkon(new Uint8Array(100))).toThrow(/another file/);
  });
});
