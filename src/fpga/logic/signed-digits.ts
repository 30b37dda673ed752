/** One non-zero digit: sign · 2^shift. */
export interface Digit {
  readonly shift: number;
  readonly sign: 1 | -1;
}

/**
 * Canonical signed digits of an integer, lowest first: n = sum of sign · 2^shift with no two
 * neighbors set, which is the fewest digits possible (Reitwiesner 1960).
 * @param n - |n| < 2^52.
 */
export function signedDigits(n: number): Digit[] {
  const digits: Digit[] = [];
  let rest = n;
  for (let shift = 0; rest !== 0; shift++) {
    if (rest % 2 !== 0) {
      // 1 mod 4 takes +1, 3 mod 4 takes -1, so that the next digit is 0
      const sign = (((rest % 4) + 4) % 4 === 1 ? 1 : -1) as 1 | -1;
      digits.push({ shift, sign });
      rest -= sign;
    }
    rest /= 2;
  }
  return digits;
}
