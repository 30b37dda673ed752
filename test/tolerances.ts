/**
 * How far two results may differ, per kind of check. A looser bound sits in the row that needs it,
 * with its reason.
 */
export interface Tolerance {
  /** Times the magnitude of the expected number. */
  readonly relative: number;
  /** Added to it. */
  readonly absolute: number;
}

const both = (bound: number): Tolerance => ({ relative: bound, absolute: bound });

/** Equality; the only tolerance of integers and truth values. */
export const exactly: Tolerance = both(0);

/** A runtime's result against the float64 reference, by dtype of the result. */
export const forward = {
  float64: both(1e-12),
  float32: both(1e-6),
  int32: exactly,
  int64: exactly,
  uint8: exactly,
  bool: exactly,
} as const;

/**
 * Gradients. float64: against central differences on the reference. float32: the gradient graph in
 * a runtime against the same graph in the reference.
 */
export const gradient = { float64: both(1e-5), float32: both(2e-3) } as const;

/** True where `actual` is the expected number: NaN is NaN, an infinity is itself. */
export function isClose(
  actual: number,
  expected: number,
  { relative, absolute }: Tolerance,
): boolean {
  if (Object.is(actual, expected) || actual === expected) return true;
  return Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
}
