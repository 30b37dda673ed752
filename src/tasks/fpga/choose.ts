import { ConfigError } from "../../base/errors.ts";
import {
  type Candidate,
  calibrate,
  compareWithFloat,
  type FixedProgram,
  planForBudget,
  totalEbops,
} from "../../fpga/index.ts";
import type { FitEvent } from "../../nn/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { DesignConfig } from "./config.ts";
import { largestRatio } from "./judge.ts";
import {
  isTrainable,
  productsOf,
  type Quantized,
  roundedBits,
  roundNetwork,
  trainNetwork,
} from "./quantize.ts";
import { buildDesign } from "./resources.ts";
import type { Sample } from "./sample.ts";

/** A quantized network and how its formats were chosen. */
export interface Chosen extends Quantized {
  readonly text: string;
}

export interface ChooseOptions {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: FitEvent) => void;
}

/** Whether a sample's network learns with its bits, or is rounded after training. */
export const learns = ({ network, learning }: Sample, { epochs }: DesignConfig): boolean =>
  learning !== null && epochs > 0 && isTrainable(network);

/**
 * Chooses the formats of a network: learned, where it has dense layers with ReLU and its data are
 * there, else by rounding, one width for all or greedily under a budget.
 * @throws ConfigError where a budget cannot be kept.
 */
export async function chooseFormats(
  runtime: Runtime,
  sample: Sample,
  config: DesignConfig,
  options: ChooseOptions = {},
): Promise<Chosen> {
  if (!learns(sample, config)) return roundUnderBudget(sample, config);
  const train = (budget: { readonly bits: number } | { readonly ebops: number }) =>
    trainNetwork(runtime, sample.network, sample.learning!, { budget, config, ...options });
  if (config.bits !== null)
    return {
      ...(await train({ bits: config.bits })),
      text: `learned with ${config.bits} bits for every weight and activation`,
    };
  if (config.luts !== null) return trainForLuts(config.luts, train, config);
  if (config.ebops !== null)
    return { ...(await train({ ebops: config.ebops })), text: learnedText(config.ebops) };
  const { data, validation, floatErrors, units } = sample.learning!;
  const judged = { data, ...validation, units, reference: floatErrors };
  for (let share = 1; ; share *= 2) {
    const ebops = share * productsOf(sample.network);
    const quantized = await train({ ebops });
    const rise = largestRatio(quantized.program, judged) - 1;
    if (100 * rise <= config.tolerance || share === mostPerWeight)
      return { ...quantized, text: learnedText(ebops) };
  }
}

/** Bit operations per weight that are tried at most without being asked for. */
const mostPerWeight = 4;

const learnedText = (ebops: number) =>
  `bits of every weight and activation learned, ${Math.round(ebops)} effective bit operations at most`;

/** LUT that an effective bit operation of the dense layers takes, about; the rest has its own price. */
const lutsPerEbop = 0.9;
const mostTrials = 6;

async function trainForLuts(
  luts: number,
  train: (budget: { readonly ebops: number }) => Promise<Quantized>,
  config: DesignConfig,
): Promise<Chosen> {
  let ebops = luts / lutsPerEbop;
  let found = 0;
  for (let trial = 0; trial < mostTrials && ebops >= 1; trial++) {
    const quantized = await train({ ebops });
    found = buildDesign(quantized.program, config).price.luts;
    if (found <= luts) return { ...quantized, text: `${learnedText(ebops)}, for ${luts} LUT` };
    const rest = found - lutsPerEbop * quantized.training!.best.ebops;
    ebops = Math.min(0.9 * ebops, (0.95 * luts - rest) / lutsPerEbop);
  }
  throw new ConfigError(
    `fpga.luts: ${luts} LUT are not enough: trained for that, it still takes ${found}; allow more or recalibrate with a smaller network`,
  );
}

function roundUnderBudget(sample: Sample, config: DesignConfig): Chosen {
  const { network, calibration: rows } = sample;
  if (config.luts === null && config.ebops === null)
    return {
      ...roundNetwork(network, rows, config),
      text: `rounded after training, ${config.bits ?? roundedBits} bits`,
    };
  const candidates = descend(
    sample,
    config,
    config.luts === null ? { ebops: config.ebops as number } : { luts: config.luts },
  );
  const { plan, program } = candidates[candidates.length - 1];
  const budget =
    config.luts === null ? `${config.ebops} effective bit operations` : `${config.luts} LUT`;
  return {
    program,
    plan,
    calibration: calibrate(network, rows.ports),
    training: null,
    text: `rounded after training, widths chosen one by one for ${budget}`,
  };
}

/** The way from wide to narrow under a budget. */
export function descend(
  { network, calibration: rows }: Sample,
  config: DesignConfig,
  budget: { readonly luts: number } | { readonly ebops: number },
): readonly Candidate[] {
  return planForBudget(network, calibrate(network, rows.ports), {
    budget,
    evaluate: (program) => relativeError(network, program, rows.ports),
    price: "luts" in budget ? (program) => buildDesign(program, config).price.luts : totalEbops,
  });
}

/** Differences to the float network in quadrature, each over the spread of its output. */
function relativeError(
  network: Sample["network"],
  program: FixedProgram,
  ports: Sample["calibration"]["ports"],
): number {
  const differences = compareWithFloat(network, program, ports);
  return Math.sqrt(
    differences.reduce((sum, { rms, spread }) => sum + (rms / (spread || 1)) ** 2, 0),
  );
}
