import { apply, elementCount, type OpDef, sameShape, type Tensor } from "../graph/index.ts";
import { concat, reshape, scalarValue } from "../ops/index.ts";
import { reshapeOp, splitOp } from "../ops/shape.ts";

/**
 * Joins vectors [n] into one, running equal elementwise work once over the joined vector instead
 * of once per piece: concat(f(a, c), f(b, c)) = f(concat(a, b), c). Every node costs about a
 * microsecond however small its vectors are.
 */
export function stack(pieces: readonly Tensor[]): Tensor {
  const runs: Tensor[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run && alike(run[0], piece)) run.push(piece);
    else runs.push([piece]);
  }
  return concat(runs.map(stackRun), 0);
}

/** Whether two pieces are the same work on other vectors. */
function alike(a: Tensor, b: Tensor): boolean {
  const [x, y] = [a.node, b.node];
  if (x.op !== y.op) return false;
  if (isSplit(a)) return x === y && a.index < b.index;
  if (isFlattened(a) && isFlattened(b))
    return sameShape(x.inputs[0].shape.slice(1), y.inputs[0].shape.slice(1));
  return (
    Boolean(x.op.elementwise && !x.op.opaque) &&
    JSON.stringify(x.attrs) === JSON.stringify(y.attrs) &&
    x.inputs.every((t, i) => isShared(t, y.inputs[i]) || (isPiece(t, a) && isPiece(y.inputs[i], b)))
  );
}

function stackRun(run: readonly Tensor[]): Tensor {
  const [first] = run;
  const { op, inputs, attrs } = first.node;
  if (run.length === 1) return first;
  if (isSplit(first)) return run.length === first.node.outputs.length ? inputs[0] : concat(run, 0);
  if (isFlattened(first)) {
    const joined = concat(
      run.map((t) => t.node.inputs[0]),
      0,
    );
    return reshape(joined, [elementCount(joined.shape) as number]);
  }
  const stacked = inputs.map((t, i) =>
    isShared(t, run[1].node.inputs[i]) ? t : stack(run.map((piece) => piece.node.inputs[i])),
  );
  return apply(op, stacked, attrs);
}

const isSplit = (t: Tensor) => t.node.op === (splitOp as unknown as OpDef);
const isPiece = (input: Tensor, output: Tensor) => sameShape(input.shape, output.shape);
const isFlattened = (t: Tensor) =>
  t.node.op === (reshapeOp as unknown as OpDef) && t.node.inputs[0].rank > 0;

/** One scalar for both: the same tensor, or constants of one value. */
function isShared(a: Tensor, b: Tensor): boolean {
  if (a.rank !== 0 || b.rank !== 0) return false;
  return a === b || (scalarValue(a) !== null && scalarValue(a) === scalarValue(b));
}
