import { ShapeError } from "../base/errors.ts";
import type { Dim, Shape, Tensor } from "./tensor.ts";

/** `[batch, 12]`: how shapes look in messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/**
 * The common shape under numpy broadcasting. A named size meets only itself or 1.
 * @throws ShapeError naming both shapes.
 */
export function broadcastShapes(where: string, shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const result: Dim[] = new Array(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const at = rank - shape.length + i;
      if (shape[i] === 1 || shape[i] === result[at]) continue;
      if (result[at] !== 1)
        throw new ShapeError(
          `${where}: shapes do not broadcast: ${shapes.map(formatShape).join(" and ")} (${result[at]} and ${shape[i]})`,
        );
      result[at] = shape[i];
    }
  }
  return result;
}

/** Axis as 0 … rank-1; negative ones count from the end. */
export function resolveAxis(where: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank)
    throw new ShapeError(`${where}: axis ${axis} is outside a tensor of rank ${rank}`);
  return resolved;
}

/** Distinct axes in ascending order; undefined means all. */
export function resolveAxes(
  where: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = typeof axes === "number" ? [axes] : axes;
  const resolved = list.map((a) => resolveAxis(where, a, rank)).sort((a, b) => a - b);
  if (new Set(resolved).size !== resolved.length)
    throw new ShapeError(`${where}: axes [${list}] name one axis twice`);
  return resolved;
}

/** Shape after a reduction. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims
    ? shape.map((d, i) => (axes.includes(i) ? 1 : d))
    : shape.filter((_, i) => !axes.includes(i));
}

/** The size as a number. @throws ShapeError where it is a name. */
export function fixedDim(where: string, x: Tensor, axis: number): number {
  const dim = x.shape[axis];
  if (typeof dim === "number") return dim;
  throw new ShapeError(
    `${where}: axis ${axis} of ${formatShape(x.shape)} must have a fixed size; bind "${dim}" when compiling`,
  );
}

/** Element count, or null where a size is only a name. */
export function elementCount(shape: Shape): number | null {
  let n = 1;
  for (const d of shape) {
    if (typeof d === "string") return null;
    n *= d;
  }
  return n;
}
