/** Nodes and weights of an integration rule: integral of f = sum weights[i] f(nodes[i]). */
export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** Three-point Gauss-Legendre rule on [-1, 1] (Abramowitz and Stegun, table 25.4). */
const gauss3: readonly (readonly [node: number, weight: number])[] = [
  [-Math.sqrt(3 / 5), 5 / 9],
  [0, 8 / 9],
  [Math.sqrt(3 / 5), 5 / 9],
];

/**
 * Gauss-Legendre panels of at most `step` between consecutive breakpoints (ascending): exact for
 * quintics per panel, error of order step^6 for functions smooth between the breakpoints.
 */
export function gaussPanels(breakpoints: readonly number[], step: number): Quadrature {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let b = 1; b < breakpoints.length; b++) {
    const low = breakpoints[b - 1];
    const panels = Math.ceil((breakpoints[b] - low) / step);
    const half = (breakpoints[b] - low) / panels / 2;
    for (let p = 0; p < panels; p++)
      for (const [node, weight] of gauss3) {
        nodes.push(low + half * (2 * p + 1 + node));
        weights.push(half * weight);
      }
  }
  return { nodes: Float64Array.from(nodes), weights: Float64Array.from(weights) };
}

/**
 * The standard normal distribution function, absolute error below 1e-9: cubic Hermite
 * interpolation of a table that is itself integrated from the density.
 */
export function createNormalCdf(): (x: number) => number {
  const reach = 9;
  const perUnit = 64;
  const n = 2 * reach * perUnit;
  const step = 1 / perUnit;
  const density = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  const values = new Float64Array(n + 1);
  const slopes = Float64Array.from({ length: n + 1 }, (_, i) => step * density(i * step - reach));
  for (let i = 0; i < n; i++) {
    const middle = (i + 0.5) * step - reach;
    let sum = 0;
    for (const [node, weight] of gauss3) sum += weight * density(middle + (node * step) / 2);
    values[i + 1] = values[i] + (sum * step) / 2;
  }
  return (x) => {
    if (x <= -reach) return 0;
    if (x >= reach) return 1;
    const position = (x + reach) * perUnit;
    const i = Math.floor(position);
    const t = position - i;
    const s = 1 - t;
    return (
      s * s * ((1 + 2 * t) * values[i] + t * slopes[i]) +
      t * t * ((1 + 2 * s) * values[i + 1] - s * slopes[i + 1])
    );
  };
}
