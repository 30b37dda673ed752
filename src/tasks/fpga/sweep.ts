import { type FixedProgram, meanBits, totalEbops } from "../../fpga/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { type ChooseOptions, descend, learns } from "./choose.ts";
import type { DesignConfig } from "./config.ts";
import { largestRatio, rmsErrors } from "./judge.ts";
import type { SweepPoint } from "./metrics.ts";
import { productsOf, trainNetwork } from "./quantize.ts";
import { buildDesign } from "./resources.ts";
import type { Sample } from "./sample.ts";

/** Effective bit operations per weight that a sweep tries. */
const perWeight = [0.25, 0.5, 1, 2, 4];
/** Bit operations per weight at which the way from wide to narrow ends: 4 bits by 4. */
const narrowest = 16;
/** Points of the way from wide to narrow that a sweep of rounding keeps. */
const descentPoints = 8;

/**
 * Accuracy against resources. A network that learns with its bits is trained anew for each budget;
 * of another one the way from wide to narrow is shown.
 */
export async function sweepBudgets(
  runtime: Runtime,
  sample: Sample,
  config: DesignConfig,
  options: ChooseOptions,
): Promise<SweepPoint[]> {
  if (!learns(sample, config)) return sweepRounding(sample, config);
  const points: SweepPoint[] = [];
  for (const share of perWeight) {
    const ebops = share * productsOf(sample.network);
    const budget = { ebops };
    const { program } = await trainNetwork(runtime, sample.network, sample.learning!, {
      budget,
      config,
      ...options,
    });
    points.push(pointOf(program, config, learnedError(sample, program)));
  }
  return points;
}

/** Largest ratio of an error to the float model's on the test part. */
function learnedError({ test, float, learning, units }: Sample, program: FixedProgram): number {
  const { data } = learning!;
  const rows = data.parts.test;
  const reference = rmsErrors(data, rows, float);
  return largestRatio(program, { data, rows, ports: test, units, reference });
}

function sweepRounding(sample: Sample, config: DesignConfig): SweepPoint[] {
  const least = productsOf(sample.network) * narrowest;
  const path = descend(sample, config, { ebops: least });
  const step = Math.max(1, Math.ceil(path.length / descentPoints));
  const kept = path.filter((_, i) => i % step === 0 || i === path.length - 1);
  return kept.map(({ program, error }) => pointOf(program, config, error));
}

function pointOf(given: FixedProgram, config: DesignConfig, error: number): SweepPoint {
  const { program, price } = buildDesign(given, config);
  const { luts, ffs, dsps, latencyClocks } = price;
  return {
    bits: meanBits(program),
    ebops: totalEbops(program),
    luts,
    ffs,
    dsps,
    latencyClocks,
    error,
  };
}
