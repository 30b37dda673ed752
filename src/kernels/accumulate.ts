import { CancelledError, ShapeError } from "../base/errors.ts";
import { type HostArray, zerosHost } from "../base/host-array.ts";
import { compile } from "../compile/index.ts";
import type { Tensor } from "../graph/index.ts";
import { cast, constant, input, matmul, mul, reshape } from "../ops/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { Kernel } from "./kernel.ts";
import {
  blocksOf,
  type CheckedBlock,
  type Precision,
  type RowSource,
  readBlock,
  rowRange,
} from "./rows.ts";
import { blockGraph, type CenterTerms, centerTerms, rowTerms } from "./terms.ts";

/**
 * All that a direct solver needs of the rows, summed in float64: additive, so that parts of the
 * rows can be summed apart (in workers, on other machines, or later) and merged.
 */
export interface NormalEquations {
  readonly centers: number;
  readonly targets: number;
  readonly rows: number;
  /** Σ w: equals `rows` without weights. */
  readonly weight: number;
  /** Kᵀ W K [centers, centers], both triangles. */
  readonly gram: Float64Array;
  /** Kᵀ W Y [centers, targets]. */
  readonly moment: Float64Array;
  /** Σ w y² [targets]. */
  readonly square: Float64Array;
}

/** Sums of two disjoint sets of rows under the same kernel and centers. */
export function mergeNormal(a: NormalEquations, b: NormalEquations): NormalEquations {
  if (a.centers !== b.centers || a.targets !== b.targets)
    throw new ShapeError(
      `mergeNormal: ${a.centers} centers and ${a.targets} targets do not go with ${b.centers} and ${b.targets}`,
    );
  const sum = (p: Float64Array, q: Float64Array) => p.map((value, i) => value + q[i]);
  return {
    centers: a.centers,
    targets: a.targets,
    rows: a.rows + b.rows,
    weight: a.weight + b.weight,
    gram: sum(a.gram, b.gram),
    moment: sum(a.moment, b.moment),
    square: sum(a.square, b.square),
  };
}

export interface PassOptions {
  readonly precision: Precision;
  readonly blockRows: number;
  readonly signal?: AbortSignal;
  /** Called after each block. */
  readonly onRows?: (done: number, rows: number) => void;
}

/** Rows per block at which a kernel block stays within the caches. */
export function defaultBlockRows(centers: number): number {
  return Math.min(8192, Math.max(256, Math.round(2 ** 21 / centers / 256) * 256));
}

/**
 * Sums the normal equations in one pass over the rows. Products are float64 whatever the kernel
 * blocks are: rounding of the blocks acts as a ridge of 1e-15 of the diagonal, rounding of float32
 * products as one of 1e-6, which costs accuracy. The matrix is symmetric, so panels of centers are
 * multiplied with the panels from their own on; while the runtime computes a block, the one before
 * is added up.
 * @param centers - [centers, features].
 */
export async function accumulateNormal(
  runtime: Runtime,
  kernel: Kernel,
  centers: HostArray,
  source: RowSource,
  options: PassOptions,
): Promise<NormalEquations> {
  const { precision } = options;
  const [count] = centers.shape;
  const prepared = centerTerms(kernel, centers, precision);
  const { terms } = prepared;
  const panels = panelsOf(count);
  const x = input("x", terms.dtype, ["rows", terms.shape[1]]);
  const y = input("y", precision, ["rows", source.targets]);
  const w = input("w", precision, ["rows"]);
  const row = reshape(cast(w, "float64"), [1, "rows"]);
  const blocks = panels.map(({ from, size }) =>
    cast(blockGraph(kernel, constant(rowRange(terms, from, size)), x, precision), "float64"),
  );
  const weighted = source.isWeighted ? blocks.map((k) => mul(k, row)) : blocks;
  const outputs: Record<string, Tensor> = {};
  panels.forEach((_, p) => {
    outputs[`b${p}`] = matmul(cast(y, "float64"), weighted[p], { transA: true, transB: true });
    for (let q = p; q < panels.length; q++)
      outputs[`h${p}_${q}`] = matmul(weighted[p], blocks[q], { transB: true });
  });
  const model = compile({
    name: "normal",
    outputs,
    inputs: source.isWeighted ? [x, y, w] : [x, y],
  });
  const session = await runtime.load(model);
  const gram = new Float64Array(count * count);
  const moment = new Float64Array(count * source.targets);
  const square = new Float64Array(source.targets);
  let weight = 0;
  const add = (block: CheckedBlock, sums: Record<string, HostArray>) => {
    panels.forEach((a, p) => {
      addMoment(moment, sums[`b${p}`].data as Float64Array, a, source.targets);
      for (let q = p; q < panels.length; q++)
        addBlock(gram, sums[`h${p}_${q}`].data as Float64Array, a, panels[q], count);
    });
    weight += addSquares(square, block);
  };
  try {
    const buffers = [0, 1].map(() =>
      Object.fromEntries(
        Object.entries(outputs).map(([name, { shape }]) => [
          name,
          zerosHost("float64", shape as number[]),
        ]),
      ),
    );
    await pipeline(source, prepared, options, add, ({ terms, y, weight }, turn) =>
      session.run({ x: terms, y, ...(weight ? { w: weight } : {}) }, buffers[turn]),
    );
  } finally {
    await session.dispose();
  }
  mirror(gram, count);
  return {
    centers: count,
    targets: source.targets,
    rows: source.rows,
    weight,
    gram,
    moment,
    square,
  };
}

/**
 * Runs blocks one after the other and hands each result on while the next block is computed.
 * @param run - called with turn 0 and 1 alternating; its result must stay valid during one more run.
 */
export async function pipeline<R>(
  source: RowSource,
  centers: CenterTerms,
  { precision, blockRows, signal, onRows }: PassOptions,
  consume: (block: CheckedBlock, result: R, start: number) => void,
  run: (block: CheckedBlock & { readonly terms: HostArray }, turn: 0 | 1) => Promise<R>,
): Promise<void> {
  let before: { block: CheckedBlock; start: number; result: R } | null = null;
  let turn: 0 | 1 = 0;
  for (const [start, count] of blocksOf(source.rows, blockRows)) {
    if (signal?.aborted) throw new CancelledError("falkon: cancelled");
    const block = await readBlock(source, start, count, precision);
    const running = run({ ...block, terms: rowTerms(centers, block.x) }, turn);
    if (before) consume(before.block, before.result, before.start);
    before = { block, start, result: await running };
    turn = turn === 0 ? 1 : 0;
    onRows?.(start + count, source.rows);
  }
  if (before) consume(before.block, before.result, before.start);
}

interface Panel {
  readonly from: number;
  readonly size: number;
}

const panelSize = 400;

/** Small panels save more of the symmetric half, large ones multiply faster. */
function panelsOf(count: number): Panel[] {
  const parts = Math.max(1, Math.ceil(count / panelSize));
  const bounds = Array.from({ length: parts + 1 }, (_, p) => Math.round((p * count) / parts));
  return bounds.slice(1).map((to, p) => ({ from: bounds[p], size: to - bounds[p] }));
}

function addBlock(gram: Float64Array, sums: Float64Array, a: Panel, b: Panel, width: number) {
  for (let i = 0, from = 0; i < a.size; i++) {
    let at = (a.from + i) * width + b.from;
    for (const end = from + b.size; from < end; ) gram[at++] += sums[from++];
  }
}

/** Sums are [targets, panel]. */
function addMoment(moment: Float64Array, sums: Float64Array, a: Panel, targets: number) {
  for (let t = 0; t < targets; t++)
    for (let i = 0; i < a.size; i++) moment[(a.from + i) * targets + t] += sums[t * a.size + i];
}

/** Adds Σ w y² of a block and returns its Σ w. */
export function addSquares(square: Float64Array, { rows, y, weight }: CheckedBlock): number {
  const targets = square.length;
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const w = weight ? (weight.data[i] as number) : 1;
    total += w;
    for (let t = 0; t < targets; t++) {
      const value = y.data[i * targets + t] as number;
      square[t] += w * value * value;
    }
  }
  return total;
}

/** Copies the upper triangle to the lower. */
function mirror(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[i * n + j] = a[j * n + i];
}
