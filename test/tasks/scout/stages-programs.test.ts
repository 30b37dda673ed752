import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { fromNumbers } from "../../../src/base/host-array.ts";
import { createRng } from "../../../src/base/rng.ts";
import { compile } from "../../../src/compile/index.ts";
import { type FixedProgram, inferLanes, interpret } from "../../../src/fpga/index.ts";
import { add, constant, input, matmul, relu } from "../../../src/ops/index.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";
import { design } from "../../../src/tasks/fpga/index.ts";
import { readProgram } from "../../../src/tasks/fpga/read-program.ts";
import { loadAssets } from "../../../src/tasks/scout/run-assets.ts";
import { stageSchema } from "../../../src/tasks/scout/stages/stages.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { muons } from "../../fpga/emit/large-programs.ts";
import { processed, textAsset } from "./processed.ts";
import { orbitsOf } from "./samples.ts";

const { at } = temporaryFolder();
const runtime = createNodeRuntime({ threads: 1 });
const orbits = orbitsOf(2, { calo: true });

/** relu(x W + a) v + b of the numbers of muons and jets. */
function network(): Uint8Array {
  const rng = createRng("weights");
  const weights = (rows: number, columns: number) => {
    const values = Array.from({ length: rows * columns }, () => rng.normal());
    return constant(fromNumbers("float32", [rows, columns], values));
  };
  const x = input("x", "float32", ["batch", 2]);
  const hidden = relu(add(matmul(x, weights(2, 6)), weights(1, 6)));
  const y = add(matmul(hidden, weights(6, 1)), weights(1, 1));
  return compile({ name: "count", inputs: [x], outputs: { y } });
}

describe("a design of forty fpga as a score", () => {
  const score = { kind: "score" as const, name: "s", inputs: ["muons", "jets"] };
  const all = { kind: "select" as const, name: "all" };
  let assets: Readonly<Record<string, Uint8Array>>;
  let path = "";
  beforeAll(async () => {
    const rows = Array.from({ length: 400 }, (_, i) => `${i % 9},${(i * 7) % 13}`);
    writeFileSync(at("rows.csv"), `muons,jets\n${rows.join("\n")}\n`);
    writeFileSync(at("count.onnx"), network());
    path = at("design");
    await design({
      ...{ model: at("count.onnx"), out: path, files: [at("rows.csv")], runtime },
      config: { vectors: 50, rows: 300, bits: 8 },
    });
    const loaded = await loadAssets([stageSchema.parse({ ...score, model: path })]);
    assets = loaded.assets;
    expect(loaded.inputs.map(({ file }) => file)).toEqual(["program.json"]);
  });

  test("gives what its interpreter gives, bit for bit", async () => {
    const { column } = await processed(orbits, [{ ...score, model: path }, all], {
      ...{ assets, calo: true },
    });
    const text = readFileSync(`${path}/program.json`);
    const program = readProgram(text, "program.json");
    const [{ name, lanes }] = program.inputs;
    const [{ name: output, from, unit }] = program.outputs;
    const step = unit * 2 ** -(inferLanes(program).get(from)?.[0].fraction ?? 0);
    const [muons, jets] = ["nL1Mu", "nL1Jet"].map((list) => counts(column, list));
    const integers = muons.flatMap((n, r) =>
      [n, jets[r]].map((value, k) => {
        const { fraction, lo, hi } = lanes[k];
        return Math.min(hi, Math.max(lo, Math.round(value * 2 ** fraction)));
      }),
    );
    const direct = interpret(program, { [name]: Float64Array.from(integers) }).outputs[output];
    expect(column("s")).toEqual([...direct].map((n) => Math.fround(n * step)));
    expect(new Set(column("s")).size).toBeGreaterThan(3);
  });

  /** Objects of each kept crossing: the offsets are not columns here. */
  function counts(column: (name: string) => number[], list: string): number[] {
    const kind = list === "nL1Mu" ? "muons" : "jets";
    const [orbit, bx] = [column("orbitNumber"), column("bunchCrossing")];
    return bx.map((b, r) => {
      const whole = orbits[orbit[r] - 1];
      const { offsets } = kind === "muons" ? whole.gmt.objects.muons : whole.calo.objects.jets;
      return offsets[b] - offsets[b - 1];
    });
  }

  test("of another width, or no program at all, is refused", async () => {
    await expect(
      processed(orbits, [{ ...score, model: path, inputs: ["ht"] }], { assets }),
    ).rejects.toThrow(/the program reads .*; one input of 1 columns is needed/);
    const other = { [path]: textAsset('{"a": 1}') };
    await expect(processed(orbits, [{ ...score, model: path }], { assets: other })).rejects.toThrow(
      /no program of 'forty fpga'/,
    );
  });
});

describe("a design of forty fpga as a recalibration", () => {
  /** pt = 3/8 of Level 1's, eta hwEtaL1 + 1/4 in steps, phi hwPhiL1 - hwPtL1 / 2 in steps, wrapped. */
  const program: FixedProgram = {
    name: "muons",
    inputs: [muons],
    ops: [
      {
        ...{ op: "affine", input: "muons", output: "rows", layer: "dense", rows: 3, columns: 4 },
        weights: Int32Array.from([3, 0, 0, 0, 0, 0, 4, 0, -1, 2, 0, 0]),
        ...{ weightFraction: [3, 2, 1], bias: [0, 1, 0], gather: null, accumulator: null },
      },
      { op: "pick", inputs: ["rows"], lanes: [[0, 0]], output: "pt", layer: "dense" },
      { op: "pick", inputs: ["rows"], lanes: [[0, 1]], output: "eta", layer: "dense" },
      { op: "pick", inputs: ["rows"], lanes: [[0, 2]], output: "turn", layer: "dense" },
      { op: "modulo", input: "turn", period: 1152, output: "phi", layer: "dense" },
    ],
    outputs: [
      { name: "ptCalib", from: "pt", unit: 0.5, physical: "GeV" },
      { name: "etaCalib", from: "eta", unit: 0.087 / 8, physical: null },
      { name: "phiCalib", from: "phi", unit: (2 * Math.PI) / 576, physical: "rad" },
    ],
    strategies: {},
  };
  const plain = (_: string, value: unknown) =>
    ArrayBuffer.isView(value) ? Array.from(value as Int32Array) : value;
  const assets = { "program.json": textAsset(JSON.stringify(program, plain)) };
  const stage = { kind: "recalibrate" as const, model: "program.json" };
  const all = { kind: "select" as const, name: "all" };

  test("gives what its interpreter gives on the same integers, bit for bit", async () => {
    const { column } = await processed(orbits, [{ ...stage, ptMin: 5, ptMax: 40 }, all], {
      assets,
    });
    const [hwPt, hwPhi, hwEta, hwCharge] = ["hwPt", "hwPhi", "hwEta", "hwCharge"].map((name) =>
      column(`L1Mu_${name}`),
    );
    const rows = hwPt.map((pt, i) => [pt - 1, hwPhi[i], hwEta[i], hwCharge[i]]);
    const { outputs } = interpret(program, { muons: Float64Array.from(rows.flat()) });
    const calibrated = ["pt", "eta", "phi"].map((name) => column(`L1Mu_${name}Calib`));
    const level1 = ["pt", "etaAtVtx", "phiAtVtx"].map((name) => column(`L1Mu_${name}`));
    const expected = hwPt.map((pt, i) => {
      const isInside = pt > 11 && pt < 81;
      const phi = Math.fround(outputs.phiCalib[i] * (Math.PI / 576));
      const values = isInside
        ? [
            outputs.ptCalib[i] / 16,
            outputs.etaCalib[i] * (0.087 / 8 / 4),
            phi >= Math.PI ? phi - 2 * Math.PI : phi,
          ]
        : level1.map((values, q) => (q === 2 && values[i] > Math.PI ? -Math.PI : values[i])); // the same angle
      return values.map(Math.fround);
    });
    expect(hwPt.map((_, i) => calibrated.map((values) => values[i]))).toEqual(expected);
    expect(hwPt.filter((pt) => pt > 11 && pt < 81).length).toBeGreaterThan(150);
    expect(outputs.ptCalib[0]).toBe(3 * (hwPt[0] - 1));
  });

  test("has to be told the pt that it is for", async () => {
    await expect(processed(orbits, [stage], { assets })).rejects.toThrow(/give ptMin and ptMax/);
  });
});
