import { type HostArray, toNumbers } from "../../base/host-array.ts";
import type { Rng } from "../../base/rng.ts";
import { pickRows } from "../independent.ts";
import { sampleRows } from "../sample.ts";

/**
 * The 90th percentile of the distances between rows of a sample: the customary width of the kernel,
 * wide enough for f to be smooth where there are few rows.
 * @param x - [rows, features]; at most 1000 rows of it are compared.
 * @see Letizia et al., "Learning new physics efficiently with nonparametric methods" (EPJC 82 (2022) 879)
 */
export function distanceWidth(x: HostArray, rng: Rng): number {
  const [rows, features] = x.shape;
  const picked = sampleRows(rows, Math.min(rows, 1000), rng);
  const z = toNumbers(pickRows(x, [...picked]));
  const n = picked.length;
  const squares = new Float64Array((n * (n - 1)) / 2);
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < i; j++, at++)
      for (let k = 0; k < features; k++)
        squares[at] += (z[i * features + k] - z[j * features + k]) ** 2;
  squares.sort();
  return Math.sqrt(squares[Math.floor(0.9 * (squares.length - 1))] ?? 0);
}
