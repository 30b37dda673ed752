import { compile, constant, fromNumbers, input, mul, reshape, sum } from "../../src/index.ts";

/** Input columns with the ranges that the tasks give them. */
const inputs = {
  muons: { hwPtL1: [0, 511], hwPhiL1: [0, 575], hwEtaL1: [-256, 255], hwSignL1: [0, 1] },
  jets: { hwPt: [0, 2047], hwEta: [-128, 127], hwPhi: [0, 143], nVertices: [0, 1000] },
} as const;

const units: Readonly<Record<string, string>> = { ptCalib: "GeV", phiCalib: "rad" };

/**
 * An exported recalibration that needs no training: each of `outputs` is the sum of the input
 * columns with the weights given, in the order of `inputs`.
 */
export function toyModel(
  object: keyof typeof inputs,
  outputs: Readonly<Record<string, readonly number[]>>,
  { ptMin = 5, ptMax = 40 }: { ptMin?: number; ptMax?: number } = {},
): Uint8Array {
  const columns = Object.entries(inputs[object]).map(([name, range]) => {
    return { name, unit: null, range };
  });
  const x = input(object, "float32", ["batch", columns.length]);
  const weighted = Object.entries(outputs).map(([name, weights]) => {
    const row = constant(fromNumbers("float32", [1, weights.length], weights));
    return [name, reshape(sum(mul(x, row), { axes: 1 }), ["batch"])] as const;
  });
  const names = Object.keys(outputs).map((name) => ({ name, unit: units[name] ?? null }));
  return compile({
    name: "toy",
    outputs: Object.fromEntries(weighted),
    metadata: {
      "forty.task": `recalibrate ${object}`,
      "forty.inputs": JSON.stringify(columns),
      "forty.outputs": JSON.stringify(names),
      "forty.config": JSON.stringify({ model: "toy", minimize: "relative", ptMin, ptMax }),
    },
  });
}
