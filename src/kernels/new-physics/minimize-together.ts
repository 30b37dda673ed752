/** Values [problems] and gradients [problems, size] of all problems at their own points. */
export type EvaluateTogether = (points: Float64Array) => Promise<{
  readonly value: Float64Array;
  readonly gradient: Float64Array;
}>;

/** Steps remembered of each problem. */
const memory = 6;
/** Values cannot tell whether a step expected to gain less was good. */
const rounding = 1e-6;

interface State {
  x: Float64Array;
  value: number;
  gradient: Float64Array;
  /** Where the next value is asked for: x + length · direction. */
  direction: Float64Array;
  length: number;
  steps: { readonly s: Float64Array; readonly y: Float64Array; readonly sy: number }[];
  isMinimum: boolean;
  isDone: boolean;
}

/**
 * Minimizes several smooth convex functions, Hessians near 1 near 0, from 0: limited-memory BFGS
 * with a halving line search for each, all of whose values are computed together.
 * @param tolerances - on |gradient|² [problems].
 * @returns points [problems, size], and whether all are minima.
 * @see Nocedal and Wright, Numerical Optimization (2006), algorithm 7.4
 */
export async function minimizeTogether(
  evaluate: EvaluateTogether,
  {
    problems,
    size,
    tolerances,
    maxPasses = 100,
  }: {
    readonly problems: number;
    readonly size: number;
    readonly tolerances: readonly number[];
    readonly maxPasses?: number;
  },
): Promise<{ readonly points: Float64Array; readonly isConverged: boolean }> {
  const points = new Float64Array(problems * size);
  const first = await evaluate(points);
  const states = Array.from({ length: problems }, (_, t): State => {
    const gradient = first.gradient.slice(t * size, (t + 1) * size);
    return {
      x: new Float64Array(size),
      value: first.value[t],
      gradient,
      direction: gradient.map((g) => -g),
      length: 1,
      steps: [],
      isMinimum: dot(gradient, gradient) <= tolerances[t],
      isDone: dot(gradient, gradient) <= tolerances[t],
    };
  });
  for (let pass = 1; pass < maxPasses && states.some(({ isDone }) => !isDone); pass++) {
    states.forEach(({ x, direction, length, isDone }, t) => {
      for (let i = 0; i < size; i++)
        points[t * size + i] = x[i] + (isDone ? 0 : length * direction[i]);
    });
    const { value, gradient } = await evaluate(points);
    states.forEach((state, t) => {
      if (!state.isDone)
        advance(state, value[t], gradient.slice(t * size, (t + 1) * size), tolerances[t]);
    });
  }
  states.forEach(({ x }, t) => {
    points.set(x, t * size);
  });
  return { points, isConverged: states.every(({ isMinimum }) => isMinimum) };
}

/** Takes the step or halves it, given value and gradient at its end. */
function advance(state: State, value: number, gradient: Float64Array, tolerance: number): void {
  const { direction, length } = state;
  const slope = dot(state.gradient, direction);
  const expected = length * slope;
  const isLower = value <= state.value + 1e-4 * expected || expected > -rounding;
  if (!isLower) {
    state.length /= 2;
    if (state.length < 1e-6) state.isDone = true;
    return;
  }
  const s = direction.map((d) => length * d);
  const y = gradient.map((g, i) => g - state.gradient[i]);
  const sy = dot(s, y);
  state.x = state.x.map((x, i) => x + s[i]);
  state.value = value;
  state.gradient = gradient;
  state.isMinimum = dot(gradient, gradient) <= tolerance;
  state.isDone = state.isMinimum;
  if (sy > 1e-12 * dot(y, y)) state.steps = [...state.steps, { s, y, sy }].slice(-memory);
  state.direction = twoLoops(state);
  state.length = 1;
}

/** -H g by the two loops. */
function twoLoops({ gradient, steps }: State): Float64Array {
  const q = gradient.map((g) => -g);
  const a = new Float64Array(steps.length);
  for (let k = steps.length - 1; k >= 0; k--) {
    a[k] = dot(steps[k].s, q) / steps[k].sy;
    addMultiple(q, -a[k], steps[k].y);
  }
  const last = steps[steps.length - 1];
  const scale = last ? last.sy / dot(last.y, last.y) : 1;
  for (let i = 0; i < q.length; i++) q[i] *= scale;
  steps.forEach(({ s, y, sy }, k) => {
    addMultiple(q, a[k] - dot(y, q) / sy, s);
  });
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addMultiple(y: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] += factor * x[i];
}
