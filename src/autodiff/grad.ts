import { DTypeError, GraphError, ShapeError } from "../base/errors.ts";
import { formatShape, type Node, type Tensor, toposort } from "../graph/index.ts";
import { floats } from "../ops/define.ts";
import { add, constant, sumTo, zerosLike } from "../ops/index.ts";

/**
 * Gradients of a scalar by tensors it was built from, as new tensors of the same graph: so they
 * can be differentiated again.
 * @param y - float scalar.
 * @param xs - tensors; one that y does not depend on gets zeros.
 * @returns one gradient per x, of its shape.
 * @throws GraphError naming an op without derivative on the way.
 */
export function grad(y: Tensor, xs: readonly Tensor[]): Tensor[] {
  if (y.rank !== 0)
    throw new ShapeError(`grad: needs a scalar, got ${formatShape(y.shape)}; use sum()`);
  if (!floats.includes(y.dtype))
    throw new DTypeError(`grad: needs a float32 or float64 scalar, got ${y.dtype}; use cast()`);
  return vjp([y], [constant(1, y.dtype)], xs);
}

/**
 * Cotangents of `xs` for given cotangents of `ys`: one reverse walk.
 * @returns one tensor per x, of its shape; zeros where no path leads to it.
 */
export function vjp(
  ys: readonly Tensor[],
  cotangentsOfYs: readonly Tensor[],
  xs: readonly Tensor[],
): Tensor[] {
  const wanted = new Set(xs);
  const order = toposort(ys);
  const active = new Set<Node>(); // nodes through which a wanted tensor acts
  for (const node of order)
    if (node.outputs.some((t) => wanted.has(t)) || node.inputs.some((t) => active.has(t.node)))
      active.add(node);

  const cotangents = new Map<Tensor, Tensor>();
  const accumulate = (t: Tensor, g: Tensor) => {
    if (g.dtype !== t.dtype)
      throw new DTypeError(`grad: cotangent of a ${t.dtype} ${t.node.op.name} is ${g.dtype}`);
    const summed = sumTo(g, t.shape);
    const before = cotangents.get(t);
    cotangents.set(t, before ? add(before, summed) : summed);
  };
  ys.forEach((y, i) => {
    accumulate(y, cotangentsOfYs[i]);
  });

  for (const node of order.toReversed()) {
    if (!active.has(node) || node.inputs.every((t) => !active.has(t.node))) continue;
    const arrived = node.outputs.map((t) => cotangents.get(t) ?? null);
    if (arrived.every((g) => g === null)) continue;
    if (!node.op.vjp)
      throw new GraphError(`grad: ${node.op.name} has no derivative; use stopGradient() before it`);
    const context = {
      inputs: node.inputs,
      x: node.inputs[0],
      outputs: node.outputs,
      y: node.outputs[0],
      attrs: node.attrs,
      cotangents: arrived,
    };
    const g = arrived[0] ?? zerosLike(node.outputs[0]);
    node.op.vjp(g, context).forEach((c, i) => {
      if (c && active.has(node.inputs[i].node)) accumulate(node.inputs[i], c);
    });
  }
  return xs.map((x) => cotangents.get(x) ?? zerosLike(x));
}
