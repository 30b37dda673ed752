import { fromTensorProto } from "../../onnx/index.ts";
import {
  constantOf,
  featureAxis,
  floatOf,
  floatsOf,
  inputOf,
  intOf,
  intsOf,
  listOf,
  type OpContext,
  type OpRule,
  readConstant,
  refuse,
  sizesOf,
  stringOf,
  tensorOf,
} from "./graph.ts";
import {
  batchOf,
  batchSizeLane,
  constantLane,
  constantValue,
  forEachIndex,
  lanesOf,
  laneValue,
  stridesOf,
  take,
  type Value,
} from "./lanes.ts";

const count = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

/** The same elements under another shape; the batch axis must keep what is before it. */
function reshaped(
  context: OpContext,
  value: Value,
  shape: readonly number[],
  batch: number,
): Value {
  const before = (axes: readonly number[], axis: number) => count(axes.slice(0, axis));
  const from = batchOf(value);
  if (from >= 0 && (batch < 0 || before(value.shape, from) !== before(shape, batch)))
    refuse(context, `reshape from [${value.shape}] to [${shape}] mixes the batch with features`);
  return take(
    value,
    shape,
    batch,
    lanesOf(value).map((_, i) => i),
  );
}

const reshape: OpRule = (context) => {
  const x = inputOf(context, 0);
  const given = sizesOf(context, 1, "shape") ?? refuse(context, "no shape given");
  const target = given.sizes;
  const keepsZero = intOf(context, "allowzero", 0) !== 0;
  const shape = target.map((d, i) => (d === 0 && !keepsZero ? x.shape[i] : d));
  const free = shape.indexOf(-1);
  if (free >= 0) shape[free] = count(x.shape) / -count(shape);
  if (count(shape) !== count(x.shape) || !shape.every(Number.isInteger))
    refuse(context, `reshape from [${x.shape}] to [${target}] (batch counted as 1) does not fit`);
  const from = batchOf(x);
  if (from < 0) return reshaped(context, x, shape, -1);
  if (given.batch >= 0) return reshaped(context, x, shape, given.batch);
  const copied = target[from] === 0 && !keepsZero ? from : -1;
  const batch = copied >= 0 ? copied : free >= 0 && shape[free] === 1 ? free : shape.indexOf(1);
  return reshaped(context, x, shape, batch);
};

const flatten: OpRule = (context) => {
  const x = inputOf(context, 0);
  const axis = intOf(context, "axis", 1);
  const at = axis < 0 ? axis + x.shape.length : axis;
  const shape = [count(x.shape.slice(0, at)), count(x.shape.slice(at))];
  const batch = batchOf(x) < 0 ? -1 : batchOf(x) < at ? 0 : 1;
  if (batch >= 0 && shape[batch] !== 1)
    refuse(context, `flattening [${x.shape}] at axis ${axis} mixes the batch with features`);
  return reshaped(context, x, shape, batch);
};

const transpose: OpRule = (context) => {
  const x = inputOf(context, 0);
  const perm = intsOf(context, "perm");
  return transposed(x, perm?.length ? perm : x.shape.map((_, i) => x.shape.length - 1 - i));
};

/** Axes in another order: axis i of the result is axis perm[i]. */
export function transposed(x: Value, perm: readonly number[]): Value {
  const strides = stridesOf(x.shape);
  const shape = perm.map((p) => x.shape[p]);
  const index: number[] = [];
  forEachIndex(shape, (at) => {
    index.push(at.reduce((sum, v, i) => sum + v * strides[perm[i]], 0));
  });
  return take(x, shape, batchOf(x) < 0 ? -1 : perm.indexOf(batchOf(x)), index);
}

const squeeze: OpRule = (context) => {
  const x = inputOf(context, 0);
  const rank = x.shape.length;
  const axes =
    listOf(context, 1, "axes")?.map((a) => (a < 0 ? a + rank : a)) ??
    x.shape.flatMap((d, i) => (d === 1 && i !== batchOf(x) ? [i] : []));
  if (axes.includes(batchOf(x))) refuse(context, "squeezes the batch axis away");
  const kept = x.shape.flatMap((_, i) => (axes.includes(i) ? [] : [i]));
  return reshaped(
    context,
    x,
    kept.map((i) => x.shape[i]),
    kept.indexOf(batchOf(x)),
  );
};

const unsqueeze: OpRule = (context) => {
  const x = inputOf(context, 0);
  const given = listOf(context, 1, "axes") ?? refuse(context, "no axes given");
  const rank = x.shape.length + given.length;
  const axes = given.map((a) => (a < 0 ? a + rank : a));
  const kept = Array.from({ length: rank }, (_, i) => i).filter((i) => !axes.includes(i));
  const shape = new Array<number>(rank).fill(1);
  kept.forEach((i, k) => {
    shape[i] = x.shape[k];
  });
  return reshaped(context, x, shape, batchOf(x) < 0 ? -1 : kept[batchOf(x)]);
};

const concat: OpRule = (context) => {
  const parts = context.inputs.map((_, i) => inputOf(context, i));
  const batch = Math.max(...parts.map(batchOf));
  const axis = featureAxis(
    context,
    parts.find((p) => batchOf(p) === batch) ?? parts[0],
    intOf(context, "axis", 0),
  );
  const size = parts.reduce((n, part) => n + part.shape[axis], 0);
  const shape = parts[0].shape.map((d, i) => (i === axis ? size : d));
  const fits = parts.every(
    (part) =>
      (batchOf(part) === batch || batchOf(part) < 0) &&
      part.shape.length === shape.length &&
      part.shape.every((d, i) => i === axis || d === shape[i]),
  );
  if (!fits) refuse(context, `shapes ${parts.map((p) => `[${p.shape}]`).join(", ")} do not join`);
  const all = parts.map(lanesOf);
  const inner = count(shape.slice(axis + 1));
  const outer = count(shape.slice(0, axis));
  const lanes = Array.from({ length: outer }, (_, o) =>
    all.flatMap((part, k) => {
      const width = parts[k].shape[axis] * inner;
      return part.slice(o * width, (o + 1) * width);
    }),
  ).flat();
  return laneValue(shape, batch, lanes);
};

/** Elements at positions along an axis; -1 stands for `fill`. */
function along(x: Value, axis: number, positions: readonly number[], fill = 0): Value {
  const shape = x.shape.map((d, i) => (i === axis ? positions.length : d));
  const strides = stridesOf(x.shape);
  const index: number[] = [];
  forEachIndex(shape, (at) => {
    const position = positions[at[axis]];
    const rest = at.reduce((sum, v, i) => sum + (i === axis ? 0 : v * strides[i]), 0);
    index.push(position < 0 ? -1 : rest + position * strides[axis]);
  });
  return take(x, shape, batchOf(x), index, fill);
}

const range = (start: number, length: number) => Array.from({ length }, (_, i) => start + i);

const split: OpRule = (context) => {
  const x = inputOf(context, 0);
  const axis = featureAxis(context, x, intOf(context, "axis", 0));
  const parts = context.node.output.length;
  const even = Math.ceil(x.shape[axis] / parts);
  const sizes =
    listOf(context, 1, "split") ??
    range(0, parts).map((i) => Math.min(even, x.shape[axis] - i * even));
  let start = 0;
  return sizes.map((size) => {
    const part = along(x, axis, range(start, size));
    start += size;
    return part;
  });
};

const slice: OpRule = (context) => {
  let x = inputOf(context, 0);
  const starts = listOf(context, 1, "starts") ?? refuse(context, "no starts given");
  const ends = listOf(context, 2, "ends") ?? refuse(context, "no ends given");
  const axes = listOf(context, 3, "axes") ?? starts.map((_, i) => i);
  const steps = listOf(context, 4, "steps") ?? starts.map(() => 1);
  axes.forEach((given, k) => {
    const at = given < 0 ? given + x.shape.length : given;
    const size = x.shape[at];
    const isAll = starts[k] === 0 && ends[k] >= 2 ** 31 - 1 && steps[k] === 1;
    if (isAll) return;
    const axis = featureAxis(context, x, at);
    const step = steps[k];
    const limit = (v: number) =>
      Math.min(Math.max(v < 0 ? v + size : v, step > 0 ? 0 : -1), step > 0 ? size : size - 1);
    const end = limit(ends[k] < -size ? -Infinity : ends[k]);
    const positions: number[] = [];
    for (let i = limit(starts[k]); step > 0 ? i < end : i > end; i += step) positions.push(i);
    x = along(x, axis, positions);
  });
  return x;
};

const gather: OpRule = (context) => {
  const x = inputOf(context, 0);
  const indices = constantOf(context, 1, "which elements are taken");
  const axis = featureAxis(context, x, intOf(context, "axis", 0));
  const size = x.shape[axis];
  const positions = [...indices.data].map((i) => (i < 0 ? i + size : i));
  if (!positions.every((i) => i >= 0 && i < size))
    refuse(context, `index outside of 0 to ${size - 1}: ${[...indices.data]}`);
  const flat = along(x, axis, positions);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const grown = batchOf(x) > axis ? indices.shape.length - 1 : 0;
  return take(
    flat,
    shape,
    batchOf(x) < 0 ? -1 : batchOf(x) + grown,
    lanesOf(flat).map((_, i) => i),
  );
};

const pad: OpRule = (context) => {
  let x = inputOf(context, 0);
  const pads = listOf(context, 1, "pads") ?? refuse(context, "no pads given");
  const mode = stringOf(context, "mode", "constant");
  if (mode !== "constant") refuse(context, `mode ${mode}; only constant padding is supported`);
  const fill = context.inputs[2]
    ? constantOf(context, 2, "the fill").data[0]
    : floatOf(context, "value", 0);
  const axes = listOf(context, 3, "axes") ?? x.shape.map((_, i) => i);
  axes.forEach((given, k) => {
    const [before, after] = [pads[k], pads[k + axes.length]];
    if (before === 0 && after === 0) return;
    const axis = featureAxis(context, x, given);
    const size = x.shape[axis];
    const positions = range(-before, size + before + after).map((i) =>
      i >= 0 && i < size ? i : -1,
    );
    x = along(x, axis, positions, fill);
  });
  return x;
};

const constant: OpRule = (context) => {
  const tensor = tensorOf(context, "value");
  if (tensor) return readConstant({ ...tensor, name: context.node.output[0] });
  const names = ["value_float", "value_int", "value_floats", "value_ints"];
  const given = context.node.attribute.find((a) => names.includes(a.name));
  if (!given) refuse(context, "holds no number");
  const isList = given.name.endsWith("s");
  const list = isList
    ? floatsOf(context, given.name)?.length
      ? floatsOf(context, given.name)!
      : intsOf(context, given.name)!
    : [Number(given.f ?? given.i)];
  return constantValue(
    isList ? [list.length] : [],
    Float64Array.from(list),
    context.node.output[0],
  );
};

const constantOfShape: OpRule = (context) => {
  const { sizes, batch } = sizesOf(context, 0, "shape") ?? refuse(context, "no shape given");
  const tensor = tensorOf(context, "value");
  const fill = tensor ? Number(fromTensorProto(tensor).data[0]) : 0;
  const data = new Float64Array(count(sizes)).fill(fill);
  return laneValue(sizes, batch, lanesOf(constantValue(sizes, data)));
};

const shapeOf: OpRule = (context) => {
  const x = inputOf(context, 0);
  const rank = x.shape.length;
  const all = x.shape.map((size, i) =>
    i === batchOf(x) ? batchSizeLane(context.layer) : constantLane(size),
  );
  const lanes = all.slice(intOf(context, "start", 0), intOf(context, "end", rank));
  return laneValue([lanes.length], -1, lanes);
};

const tile: OpRule = (context) => {
  const repeats = listOf(context, 1, "repeats") ?? refuse(context, "no repeats given");
  return repeats.reduce(
    (x, times, i) => {
      if (times === 1) return x;
      const size = x.shape[featureAxis(context, x, i)];
      return along(
        x,
        i,
        range(0, size * times).map((at) => at % size),
      );
    },
    inputOf(context, 0),
  );
};

const expand: OpRule = (context) => {
  const x = inputOf(context, 0);
  const given = sizesOf(context, 1, "shape") ?? refuse(context, "no shape given");
  const target = given.sizes;
  const rank = Math.max(target.length, x.shape.length);
  const from = [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const to = [...new Array<number>(rank - target.length).fill(1), ...target];
  const own = batchOf(x) < 0 ? -1 : batchOf(x) + rank - x.shape.length;
  const shared = given.batch < 0 ? -1 : given.batch + rank - target.length;
  if (own >= 0 && shared >= 0 && own !== shared)
    refuse(context, `the batch of [${x.shape}] would become features`);
  const batch = Math.max(own, shared);
  if (batch >= 0 && from[batch] !== 1)
    refuse(context, `features of [${x.shape}] would become the batch`);
  let value = take(
    x,
    from,
    batch,
    lanesOf(x).map((_, i) => i),
  );
  to.forEach((d, i) => {
    if (d === from[i] || d === 1) return;
    if (from[i] !== 1 || i === batch) refuse(context, `cannot expand [${x.shape}] to [${target}]`);
    value = along(value, i, new Array<number>(d).fill(0));
  });
  return batch === own ? value : laneValue(value.shape, batch, lanesOf(value));
};

/** Rules that only move numbers: wires, no logic. */
export const shapingRules: Readonly<Record<string, OpRule>> = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  Pad: pad,
  Expand: expand,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shapeOf,
  Tile: tile,
};
