import { createRng } from "../../base/rng.ts";
import { muonScales } from "../../cms/scales.ts";
import { evaluateNetwork, type FloatNetwork } from "../../fpga/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { inputMatrix } from "../recalibration/prepare.ts";
import { quantityText } from "../recalibration/quantities.ts";
import type { DesignConfig } from "./config.ts";
import { rmsErrors } from "./judge.ts";
import { type PortRows, readLogic, takeRows } from "./ports.ts";
import type { LearningRows } from "./quantize.ts";
import type { DesignSource } from "./run-source.ts";

/** The logic of a model with the rows that it is quantized, trained and judged on. */
export interface Sample {
  readonly network: FloatNetwork;
  /** Physical value of one unit of an output; 1 where it is not in here. */
  readonly units: Readonly<Record<string, number>>;
  /** Rows to choose formats on. */
  readonly calibration: PortRows;
  /** Rows to judge on, and to draw test vectors from. */
  readonly test: PortRows;
  /** Physical outputs of the float model for the test rows. */
  readonly float: Readonly<Record<string, Float64Array>>;
  /** Of a recalibration. */
  readonly learning: LearningRows | null;
}

/** Reads the logic of a model and brings the rows to its ports. */
export async function takeSample(
  runtime: Runtime,
  source: DesignSource,
  { rows, seed }: Pick<DesignConfig, "rows" | "seed">,
): Promise<Sample> {
  const { name, model, recalibration, inputs } = source;
  if (!recalibration) {
    const { network, portsOf } = await readLogic(runtime, model, {
      name,
      sample: inputs,
      units: {},
    });
    const all = await portsOf(inputs as NonNullable<typeof inputs>);
    const order = createRng(seed).split("rows").permutation(all.rows);
    const half = Math.max(1, Math.floor(all.rows / 2));
    const part = (from: number, to: number) =>
      takeRows(all, Uint32Array.from(order.slice(from, to)).sort(), all.rows);
    const [calibration, test] = [part(0, half), part(half, Math.max(half + 1, all.rows))];
    const judged = test.rows > 0 ? test : calibration;
    const float = physicalOutputs(network, judged, {});
    return { network, units: {}, calibration, test: judged, float, learning: null };
  }
  const { data, columns, config } = recalibration;
  const units = hardwareUnits(source);
  const matrix = (part: Uint32Array) => ({
    [columns.inputName]: inputMatrix(data.source, data.table, part),
  });
  const { train, validation, test } = data.parts;
  const { network, portsOf } = await readLogic(runtime, model, {
    name,
    sample: matrix(validation.subarray(0, 16)),
    units,
  });
  const ports = {
    train: await portsOf(matrix(train)),
    validation: await portsOf(matrix(validation)),
    test: await portsOf(matrix(test)),
  };
  const spread = Uint32Array.from({ length: Math.min(rows, train.length) }, (_, i) =>
    Math.floor((i * train.length) / Math.min(rows, train.length)),
  );
  const validated = physicalOutputs(network, ports.validation, units);
  return {
    network,
    units,
    calibration: takeRows(ports.train, spread, train.length),
    test: ports.test,
    float: physicalOutputs(network, ports.test, units),
    learning: {
      data,
      train: { rows: train, ports: ports.train },
      validation: { rows: validation, ports: ports.validation },
      floatErrors: rmsErrors(data, validation, validated),
      minimize: config.minimize,
      units,
    },
  };
}

/** Units in which hardware integers come out where hardware integers go in. */
function hardwareUnits({ recalibration }: DesignSource): Record<string, number> {
  if (recalibration?.data.source.name !== "report") return {};
  const { hwPhiL1, hwEtaL1, hwPtL1 } = muonScales;
  return {
    [quantityText.phi.output]: hwPhiL1.width,
    [quantityText.eta.output]: hwEtaL1.width,
    [quantityText.pt.output]: hwPtL1.width,
  };
}

function physicalOutputs(
  network: FloatNetwork,
  { ports }: PortRows,
  units: Readonly<Record<string, number>>,
): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(evaluateNetwork(network, ports)).map(([name, values]) => [
      name,
      values.map((v) => v * (units[name] ?? 1)),
    ]),
  );
}
