import { ConfigError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import { type Choice, chooseKernels } from "./choose.ts";
import type { StudyConfig } from "./config.ts";
import type {
  Job,
  KernelChoice,
  KernelJob,
  NetworkJob,
  Rms,
  TuningJob,
  TuningResult,
} from "./job.ts";

/** The networks of the report's Table 6, which has no model 5. */
export const table6: readonly Pick<NetworkJob, "table6" | "model" | "loss" | "l2">[] = [
  { table6: 1, model: "128x4", loss: "mse", l2: 0 },
  { table6: 2, model: "128x4", loss: "mse", l2: 1e-5 },
  { table6: 3, model: "128x4", loss: "logcosh", l2: 0 },
  { table6: 4, model: "128x4", loss: "logcosh", l2: 1e-5 },
  { table6: 6, model: "32x3", loss: "mse", l2: 0 },
  { table6: 7, model: "32x3", loss: "mse", l2: 1e-5 },
  { table6: 8, model: "32x3", loss: "logcosh", l2: 0 },
  { table6: 9, model: "32x3", loss: "logcosh", l2: 1e-5 },
];

/** Smaller networks, for the cheap end of accuracy against cost. */
const smaller: readonly string[] = ["4x1", "8x1", "8x2", "16x2"];

/** Jobs that depend on no other: networks and tunings. Long ones first, so that workers end together. */
export function planFirst(config: StudyConfig): Job[] {
  const networks = config.batches.flatMap((batch) =>
    table6.map(
      (network): NetworkJob => ({
        kind: "network",
        id: `network-${network.table6}-batch-${batch}`,
        ...network,
        batch,
      }),
    ),
  );
  const isLarge = ({ model }: NetworkJob) => model === "128x4";
  const batch = config.batches.includes(512) ? 512 : config.batches[0];
  const extra = smaller.map(
    (model): NetworkJob => ({
      kind: "network",
      id: `network-${model}-batch-${batch}`,
      table6: null,
      model,
      loss: "mse",
      l2: 1e-5,
      batch,
    }),
  );
  return [
    ...networks.filter(isLarge),
    ...tunings(config),
    ...networks.filter((job) => !isLarge(job)),
    ...extra,
  ];
}

function tunings({ widths, degrees, centers, lambdas }: StudyConfig): TuningJob[] {
  const tuning = (id: string, kernel: KernelChoice): TuningJob => ({
    kind: "tuning",
    id: `tune-${id}`,
    kernel,
    centers,
    lambdas,
  });
  return [
    ...widths.map((w) => tuning(`gaussian-${w}`, { type: "gaussian", relativeWidth: w })),
    ...degrees.map((degree) => tuning(`polynomial-${degree}`, { type: "polynomial", degree })),
    tuning("linear", { type: "linear" }),
  ];
}

/**
 * Kernel machines to export, with the settings that were best on the validation part: for each M
 * the Gaussian's, and the linear and the best polynomial kernel's.
 * @param level1 - errors of L1 on the validation part, which weigh the quantities.
 */
export function planSecond(
  config: StudyConfig,
  tuned: readonly TuningResult[],
  level1: Rms,
): KernelJob[] {
  const job = ({ kernel, point }: Choice, centers = point.centers): KernelJob => ({
    kind: "kernel",
    id: `${kernel.type}-M${centers}`,
    kernel,
    centers,
    lambda: point.lambda,
  });
  const best = (type: KernelChoice["type"]) =>
    config.centers.flatMap((m) => chooseKernels(tuned, level1, { type, centers: m }) ?? []);
  // more centers than the kernel has rank change nothing; M = 100 is in the report's tables
  const differing = (choices: Choice[]) =>
    choices.filter(
      ({ point }, i) => point.centers === 100 || point.used !== choices[i - 1]?.point.used,
    );
  const gaussian = best("gaussian");
  const largest = gaussian.at(-1);
  return [
    ...(largest ? config.largest.toReversed().map((m) => job(largest, m)) : []),
    ...gaussian.map((choice) => job(choice)),
    ...differing(best("polynomial")).map((choice) => job(choice)),
    ...differing(best("linear")).map((choice) => job(choice)),
  ];
}

/**
 * The part of the jobs that `--only` means: "networks", "falkon", or ids separated by commas.
 * @throws ConfigError for an id that no job of the plan can have.
 */
export function createSelection(only: string | null, config: StudyConfig): (job: Job) => boolean {
  if (only === null) return () => true;
  const wanted = only.split(",").map((word) => word.trim());
  const known = ["networks", "falkon", ...planFirst(config).map((job) => job.id)];
  const isLater = (word: string) => /^(gaussian|polynomial|linear)-M\d+$/.test(word);
  for (const word of wanted)
    if (!known.includes(word) && !isLater(word)) {
      const guess = nearMiss(word, known);
      throw new ConfigError(
        `--only: no job "${word}"; ${guess ? `did you mean "${guess}"?` : `expected networks, falkon or job ids such as ${known[2]}`}`,
      );
    }
  // a kernel machine needs its tuning
  const needsTuning = wanted.filter(isLater).map((word) => word.split("-")[0]);
  return ({ id, kind }) =>
    wanted.includes(id) ||
    wanted.includes(kind === "network" ? "networks" : "falkon") ||
    (kind === "tuning" && needsTuning.some((type) => id.startsWith(`tune-${type}`)));
}
