import type { Kernel } from "../../kernels/index.ts";
import type { Quantity } from "../recalibration/quantities.ts";

/** A network to train. */
export interface NetworkJob {
  readonly kind: "network";
  readonly id: string;
  /** Model of the report's Table 6; null for one beside them. */
  readonly table6: number | null;
  /** Neurons per hidden layer x hidden layers. */
  readonly model: string;
  readonly loss: "mse" | "logcosh";
  readonly l2: number;
  readonly batch: number;
}

/** A kernel as asked for: the width of a Gaussian is relative to the rms distance of two rows. */
export type KernelChoice =
  | { readonly type: "gaussian"; readonly relativeWidth: number }
  | { readonly type: "linear" }
  | { readonly type: "polynomial"; readonly degree: number };

/** Kernel machines of one kernel for all numbers of centers and all λ, judged on the validation part. */
export interface TuningJob {
  readonly kind: "tuning";
  readonly id: string;
  readonly kernel: KernelChoice;
  readonly centers: readonly number[];
  readonly lambdas: readonly number[];
}

/** One kernel machine, to be exported. */
export interface KernelJob {
  readonly kind: "kernel";
  readonly id: string;
  readonly kernel: KernelChoice;
  readonly centers: number;
  readonly lambda: number;
}

/** A piece of work of a study, plain data: with the rows it says all that its result depends on. */
export type Job = NetworkJob | TuningJob | KernelJob;

/** Root mean square errors as in the report's Table 7: Δφ, Δη, pt/reference - 1. */
export type Rms = Partial<Readonly<Record<Quantity, number>>>;

interface Done<J extends Job> {
  readonly job: J;
  /** Training or fit alone, without reading and judging. */
  readonly fitSeconds: number;
}

/** Of a model that was exported. */
interface Exported {
  /** Errors of the exported file on the validation part. */
  readonly validation: Rms;
}

export interface NetworkResult extends Done<NetworkJob>, Exported {
  readonly epochs: number;
  readonly bestEpoch: number;
  readonly losses: readonly { readonly train: number; readonly validation: number | null }[];
}

/** A combination of hyperparameters with its errors on the validation part. */
export interface TuningPoint {
  /** M as asked for. */
  readonly centers: number;
  /** Centers kept: no more than the rank of a linear or polynomial kernel. */
  readonly used: number;
  readonly lambda: number;
  readonly validation: Rms;
}

export interface TuningResult extends Done<TuningJob> {
  /** With its width in units of the scaled features. */
  readonly kernel: Kernel;
  readonly points: readonly TuningPoint[];
}

export interface KernelResult extends Done<KernelJob>, Exported {
  readonly kernel: Kernel;
  /** Centers kept: fewer than asked for where too few rows differ, or the kernel's rank is lower. */
  readonly used: number;
  readonly conditionNumber: number;
}

/** What a job found out: `result.json` in its folder. */
export type JobResult = NetworkResult | TuningResult | KernelResult;

/** A result with the model that belongs to it; null for a tuning. */
export interface JobOutcome {
  readonly result: JobResult;
  readonly model: Uint8Array | null;
}

/** How far a job is. */
export interface JobProgress {
  /** In [0, 1]. */
  readonly share: number;
  /** A few words, such as the loss now. */
  readonly note: string;
}

export const isNetwork = (r: JobResult): r is NetworkResult => r.job.kind === "network";
export const isTuning = (r: JobResult): r is TuningResult => r.job.kind === "tuning";
export const isKernel = (r: JobResult): r is KernelResult => r.job.kind === "kernel";

/** "Gaussian", "linear", "polynomial of degree 3". */
export function kernelName(kernel: KernelChoice): string {
  if (kernel.type === "polynomial") return `polynomial of degree ${kernel.degree}`;
  return kernel.type === "gaussian" ? "Gaussian" : "linear";
}

/** 0.00001 as "1e-5". */
export const powerText = (x: number) => x.toExponential().replace("e+0", "");

/** How a job is called in tables and figures. */
export function jobName(job: Job): string {
  if (job.kind === "network") {
    const l2 = job.l2 > 0 ? `, L2 ${powerText(job.l2)}` : "";
    const loss = job.loss === "mse" ? "MSE" : "log-cosh";
    return `Network ${job.model} (${loss}${l2}, batch ${job.batch})`;
  }
  if (job.kind === "kernel") return `Falkon, ${kernelName(job.kernel)}, M = ${job.centers}`;
  const width =
    job.kernel.type === "gaussian" ? `, relative width ${job.kernel.relativeWidth}` : "";
  return `Tuning of Falkon, ${kernelName(job.kernel)}${width}`;
}

/** The name with the centers that were kept, where they are fewer than M. */
export function resultName(result: JobResult): string {
  const name = jobName(result.job);
  const isFewer = isKernel(result) && result.used < result.job.centers;
  return isFewer ? `${name} (${result.used} kept)` : name;
}
