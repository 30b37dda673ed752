import { expect, test } from "vitest";
import { fromNumbers, toNumbers } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { compile } from "../../../src/compile/index.ts";
import type { Tensor } from "../../../src/graph/index.ts";
import { createPredictor } from "../../../src/nn/index.ts";
import { decodeModel, encodeModel } from "../../../src/onnx/index.ts";
import {
  cast,
  concat,
  constant,
  exp,
  input,
  isNan,
  log,
  matmul,
  mul,
  relu,
  split,
  where,
} from "../../../src/ops/index.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";
import { cutModel, featurePort, logicModel } from "../../../src/tasks/fpga/cut.ts";

const runtime = createNodeRuntime({ threads: 1 });
const rng = createRng(1);
const matrix = (rows: number, columns: number) =>
  constant(
    fromNumbers(
      "float32",
      [rows, columns],
      Array.from({ length: rows * columns }, () => rng.normal()),
    ),
  );

/** pt, hit -> (pt, hit or 0, is there a hit) -> network -> pt · exp(y). */
function model(features: (pt: Tensor, hit: Tensor) => Tensor, width: number) {
  const x = input("muons", "float32", ["batch", 2]);
  const [pt, hit] = split(x, [1, 1], 1);
  const hidden = relu(matmul(features(pt, hit), matrix(width, 5)));
  const ptCalib = mul(pt, exp(mul(matmul(hidden, matrix(5, 1)), 0.1)));
  return decodeModel(compile({ name: "m", outputs: { ptCalib }, inputs: [x] }));
}

const withMissing = model((pt, hit) => {
  const missing = isNan(hit);
  return concat([pt, where(missing, 0, hit), cast(missing, "float32")], 1);
}, 3);

test("a model without missing values or categories is logic from its inputs on", () => {
  const plain = model((pt, hit) => concat([pt, hit], 1), 2);
  expect(cutModel(plain, "m")).toEqual({ before: null, ports: ["muons"] });
});

test("features with missing values are computed before; what passes them by is a port too", async () => {
  const cut = cutModel(withMissing, "m");
  expect(cut.ports).toHaveLength(2);
  const logic = logicModel(withMissing, cut, [3, 1]);
  expect(logic.graph.node.map((n) => n.opType)).not.toContain("IsNaN");
  const muons = fromNumbers("float32", [3, 2], [5, 1, 7, Number.NaN, 9, -2]);
  const run = async (m: typeof withMissing, data: Record<string, typeof muons>) => {
    const predictor = await createPredictor(runtime, encodeModel(m));
    const result = await predictor.predict(data);
    await predictor.dispose();
    return result;
  };
  const ports = await run(cut.before as typeof withMissing, { muons });
  expect(Array.from(ports[cut.ports[0]].data as Float32Array)).toEqual([
    5, 1, 0, 7, 0, 1, 9, -2, 0,
  ]);
  const [features, pt] = cut.ports.map((port) => toNumbers(ports[port]));
  const rows = [0, 1, 2].flatMap((i) => [...features.slice(3 * i, 3 * i + 3), pt[i]]);
  const [whole, parts] = [
    await run(withMissing, { muons }),
    await run(logic, { [featurePort]: fromNumbers("float32", [3, 4], rows) }),
  ];
  expect(parts.ptCalib.data).toEqual(whole.ptCalib.data);
});

test("a model that no vector of features parts is refused by node", () => {
  const x = input("x", "float32", ["batch", 1]);
  const outputs = { missing: cast(isNan(x), "float32"), y: log(x) };
  const bad = decodeModel(compile({ name: "m", outputs, inputs: [x] }));
  expect(() => cutModel(bad, "file.onnx")).toThrow(
    /^fpga: file\.onnx: node ".*" \((IsNaN|Log)\) has no logic, .*; export the network without its preprocessing$/,
  );
});
