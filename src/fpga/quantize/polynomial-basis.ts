/** One variable of a polynomial: z = (x - offset) · scale. */
export interface Variable {
  readonly offset: number;
  /** A power of two. */
  readonly scale: number;
  /** Highest power of z; 1 for a lane with the two values z = -1 and 1, where z² = 1. */
  readonly degree: number;
  /** Of the recurrence t_n = z t_(n-1) - beta t_(n-2), a power of two. */
  readonly beta: number;
}

/** Sum of alpha_j (c_j · x + b_j)^power for every row of alpha. */
export interface KernelSum {
  readonly power: number;
  /** c [terms, variables] and b [terms]. */
  readonly centers: Float64Array;
  readonly offsets: Float64Array;
  /** [rows, terms] */
  readonly alphas: Float64Array;
}

/**
 * Exponents of all products t_e1(z1) t_e2(z2).. up to a total degree, lowest first; the first is the
 * constant. Null where there are more than `most`.
 */
export function exponentsOf(
  variables: readonly Variable[],
  degree: number,
  most: number,
): readonly (readonly number[])[] | null {
  let all: (readonly number[])[] = [[]];
  for (const variable of variables) {
    all = all.flatMap((given) => {
      const left = Math.min(variable.degree, degree - total(given));
      return Array.from({ length: left + 1 }, (_, n) => [...given, n]);
    });
    if (all.length > most) return null;
  }
  return all.sort((a, b) => total(a) - total(b));
}

const total = (exponents: readonly number[]): number => exponents.reduce((a, b) => a + b, 0);

/**
 * Coefficients [rows, exponents] of a sum of powers in the products of t_n, by the multinomial
 * theorem and z t_n = t_(n+1) + beta t_(n-1), z t_1 = t_2 + 2 beta. The t_n are the Chebyshev
 * polynomials 2 h^n T_n(z / 2h) with h² = beta (Abramowitz & Stegun 22.7.4), t_0 = 1 aside; powers
 * of z for beta = 0.
 */
export function expandKernel(
  { power, centers, offsets, alphas }: KernelSum,
  variables: readonly Variable[],
  exponents: readonly (readonly number[])[],
): Float64Array {
  const d = variables.length;
  const terms = offsets.length;
  const rows = alphas.length / terms;
  const index = new Map(exponents.map((e, i) => [e.join(), i]));
  const powers = variables.map((variable) => powersIn(variable, power));
  const result = new Float64Array(rows * exponents.length);
  const free = variables.map((variable) => ({ ...variable, degree: power }));
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const slopes = centers.map((c, i) => c / variables[i % d].scale);
  const constants = offsets.map((b, j) =>
    variables.reduce((sum, { offset }, i) => sum + centers[j * d + i] * offset, b),
  );
  for (const e of exponentsOf(free, power, Number.POSITIVE_INFINITY)!) {
    const rest = power - total(e);
    const count = e.reduce((n, k) => n / factorial(k), factorial(power) / factorial(rest));
    const sums = new Float64Array(rows);
    for (let j = 0; j < terms; j++) {
      const value = e.reduce((v, k, i) => v * slopes[j * d + i] ** k, count * constants[j] ** rest);
      for (let row = 0; row < rows; row++) sums[row] += alphas[row * terms + j] * value;
    }
    let parts: { readonly exponents: readonly number[]; readonly factor: number }[] = [
      { exponents: [], factor: 1 },
    ];
    e.forEach((k, i) => {
      parts = parts.flatMap((part) =>
        Array.from(powers[i][k], (factor, n) => ({
          exponents: [...part.exponents, n],
          factor: part.factor * factor,
        })).filter(({ factor }) => factor !== 0),
      );
    });
    for (const part of parts) {
      const column = index.get(part.exponents.join())!;
      for (let row = 0; row < rows; row++)
        result[row * exponents.length + column] += part.factor * sums[row];
    }
  }
  return result;
}

/** Coefficients of z^n in t_0, t_1.. for n up to `power`. */
function powersIn({ degree, beta }: Variable, power: number): readonly Float64Array[] {
  const all = [new Float64Array(Math.max(degree, 1) + 1)];
  all[0][0] = 1;
  for (let n = 1; n <= power; n++) {
    const next = new Float64Array(all[0].length);
    all[n - 1].forEach((factor, k) => {
      if (factor === 0) return;
      if (k < degree) next[k + 1] += factor;
      if (k === 0) return;
      if (degree === 1) next[0] += factor;
      else next[k - 1] += factor * (k === 1 ? 2 * beta : beta);
    });
    all.push(next);
  }
  return all;
}
