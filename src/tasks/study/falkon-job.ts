import { float32, fromNumbers, type HostArray } from "../../base/host-array.ts";
import {
  exportFalkon,
  type FalkonFit,
  type FalkonModel,
  fitFalkon,
  type Kernel,
  type NormalEquations,
  predictFalkon,
  type SolvedProblem,
  solveNormal,
} from "../../kernels/index.ts";
import { modelMetadata } from "../recalibration/metadata.ts";
import { featureGraph, outputGraph } from "../recalibration/model.ts";
import {
  decodeAll,
  type FalkonRows,
  falkonRows,
  heldFeatures,
  kernelOf,
  pickCenters,
} from "./falkon-rows.ts";
import type { JobOutcome, KernelJob, TuningJob, TuningPoint } from "./job.ts";
import { errorsOf, predictRows } from "./judge.ts";
import type { JobContext } from "./network-job.ts";

/**
 * Tunes one kernel: a single pass over the rows gives the normal equations of the largest M, whose
 * corners are those of smaller ones, and every λ is solved from the same sums.
 */
export async function runTuning(job: TuningJob, context: JobContext): Promise<JobOutcome> {
  const { runtime, data, config, onProgress } = context;
  const rows = await falkonRows(runtime, data, config);
  const kernel = kernelOf(job.kernel, rows.train);
  const picked = pickCenters(rows.train, Math.max(...job.centers), config.seed);
  const started = performance.now();
  const fits = await fitAll(rows, kernel, picked, { context, lambda: job.lambdas[0] });
  let fitSeconds = (performance.now() - started) / 1000;
  // kernels of the scalar product have a rank; no more centers are kept
  const { centers } = fits[0].model;
  const kept = centers.shape[0];
  const sizes = job.centers.filter((m) => m <= picked.shape[0]);
  const points: TuningPoint[] = [];
  let path: TuningPoint[] = [];
  for (const [k, m] of sizes.entries()) {
    const used = Math.min(m, kept);
    onProgress?.({ share: 0.5 + (0.5 * k) / sizes.length, note: `M = ${m}` });
    if (path[0]?.used !== used) {
      const before = performance.now();
      const options = { kernel, centers, lambdas: job.lambdas, context };
      const models = await solveAll(fits, used, options);
      fitSeconds += (performance.now() - before) / 1000;
      path = await judgePath(models, rows, context);
    }
    points.push(...path.map((point) => ({ ...point, centers: m })));
  }
  return { result: { job, fitSeconds, kernel, points }, model: null };
}

/** Fits one kernel machine, exports it and judges the exported file on the validation part. */
export async function runKernel(job: KernelJob, context: JobContext): Promise<JobOutcome> {
  const { runtime, data, config } = context;
  const rows = await falkonRows(runtime, data, config);
  const kernel = kernelOf(job.kernel, rows.train);
  const started = performance.now();
  const centers = pickCenters(rows.train, job.centers, config.seed);
  const fits = await fitAll(rows, kernel, centers, { context, lambda: job.lambda });
  const fitSeconds = (performance.now() - started) / 1000;
  const model = exportKernel(joined(fits.map((fit) => fit.model)), rows, {
    ...context,
    name: `falkon-${job.id}`,
  });
  const part = data.parts.validation;
  return {
    model,
    result: {
      job,
      fitSeconds,
      kernel,
      used: fits[0].model.centers.shape[0],
      conditionNumber: Math.max(...fits.map((fit) => fit.conditioning.system)),
      validation: errorsOf(data, await predictRows(runtime, model, data, part), part),
    },
  };
}

interface FitOptions {
  readonly context: JobContext;
  readonly lambda: number;
}

/** One fit per problem, on the same centers. */
async function fitAll(
  { problems }: FalkonRows,
  kernel: Kernel,
  centers: HostArray,
  { context: { runtime, signal, onProgress }, lambda }: FitOptions,
): Promise<FalkonFit[]> {
  const fits: FalkonFit[] = [];
  for (const { rows } of problems)
    fits.push(
      await fitFalkon(runtime, {
        data: rows,
        kernel,
        centers,
        lambda,
        solver: "direct",
        ...(signal ? { signal } : {}),
        onEvent: (event) => {
          if (event.type !== "rows") return;
          const share = event.done / event.rows;
          const done = (fits.length + share) / problems.length;
          onProgress?.({ share: 0.5 * done, note: `${Math.round(100 * share)} % of the rows` });
        },
      }),
    );
  return fits;
}

interface PathOptions {
  readonly kernel: Kernel;
  readonly centers: HostArray;
  readonly lambdas: readonly number[];
  readonly context: JobContext;
}

/** Models of all problems together, one per λ, with the first m centers. */
async function solveAll(
  fits: readonly FalkonFit[],
  m: number,
  { kernel, centers, lambdas, context: { runtime, signal } }: PathOptions,
): Promise<FalkonModel[]> {
  const some = firstRows(centers, m);
  const solved: SolvedProblem[] = [];
  for (const { normal } of fits)
    solved.push(
      await solveNormal(runtime, {
        kernel,
        centers: some,
        normal: corner(normal as NormalEquations, m),
        lambda: lambdas,
        ...(signal ? { signal } : {}),
      }),
    );
  return lambdas.map((lambda, k) =>
    joined(
      solved.map(({ solutions }) => {
        const { alpha } = solutions[k];
        return {
          kernel,
          centers: some,
          alpha: fromNumbers("float64", [m, alpha.length / m], alpha),
          lambda,
        };
      }),
    ),
  );
}

/** The normal equations of the first m centers. */
function corner({ centers, targets, gram, moment, ...rest }: NormalEquations, m: number) {
  const part = new Float64Array(m * m);
  for (let i = 0; i < m; i++) part.set(gram.subarray(i * centers, i * centers + m), i * m);
  return { ...rest, targets, centers: m, gram: part, moment: moment.slice(0, m * targets) };
}

function firstRows({ shape, data }: HostArray, m: number): HostArray {
  return float32((data as Float32Array).slice(0, m * shape[1]), [m, shape[1]]);
}

/** Models with the same centers as one with the targets of all. */
function joined(models: readonly FalkonModel[]): FalkonModel {
  const m = models[0].centers.shape[0];
  const widths = models.map(({ alpha }) => alpha.shape[1]);
  const width = widths.reduce((a, b) => a + b, 0);
  const alpha = new Float64Array(m * width);
  let at = 0;
  for (const [k, model] of models.entries()) {
    const values = model.alpha.data as Float64Array;
    for (let i = 0; i < m; i++)
      alpha.set(values.subarray(i * widths[k], (i + 1) * widths[k]), i * width + at);
    at += widths[k];
  }
  return { ...models[0], alpha: fromNumbers("float64", [m, width], alpha) };
}

/** Errors of each model on the validation part; all predicted with one pass over its rows. */
async function judgePath(
  path: readonly FalkonModel[],
  rows: FalkonRows,
  { runtime, data }: JobContext,
): Promise<TuningPoint[]> {
  const all = joined(path);
  const width = all.alpha.shape[1];
  const y = await predictFalkon(runtime, all, rows.validation);
  const values = y.data as Float32Array;
  const n = rows.validation.shape[0];
  return path.map(({ lambda, centers, alpha }, k) => {
    const column = (j: number) =>
      Float64Array.from({ length: n }, (_, i) => values[i * width + k * alpha.shape[1] + j]);
    const used = centers.shape[0];
    return {
      centers: used,
      used,
      lambda,
      validation: errorsOf(data, decodeAll(rows, column), data.parts.validation),
    };
  });
}

/** The whole chain as ONNX: columns of the file in, calibrated quantities out. */
function exportKernel(
  model: FalkonModel,
  { scale, objectives, problems }: FalkonRows,
  { data, config, provenance, name }: JobContext & { readonly name: string },
): Uint8Array {
  const { source } = data;
  const order = problems.flatMap((p) => p.quantities);
  const inOrder = order.map((q) => objectives[data.quantities.indexOf(q)]);
  const { minimize, ptMin, ptMax, fractions, where, seed } = config;
  const { kernel, lambda } = model;
  const own = { model: name, kernel, lambda };
  const settings = { ...own, minimize, ptMin, ptMax, fractions, where, seed };
  return exportFalkon(model, {
    name: "recalibration",
    inputs: { [source.object]: [source.inputs.length] },
    before: (inputs) => heldFeatures(featureGraph(source, inputs[source.object], scale), source),
    after: (y, inputs) => outputGraph(source, inputs[source.object], y, inOrder),
    metadata: modelMetadata(data, settings, provenance),
  });
}
