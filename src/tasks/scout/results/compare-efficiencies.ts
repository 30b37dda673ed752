import { logChiSquaredTail } from "../../../stats/index.ts";
import { type BinComparison, leastExpected } from "./compare-bins.ts";

/** Objects by bin, all and those that passed. */
export interface PassedBins {
  readonly passed: ArrayLike<number>;
  /** [bins], as `passed`. */
  readonly total: ArrayLike<number>;
}

/**
 * The likelihood ratio that two samples have one efficiency in each bin, whatever their spectra: of a
 * bin sum of 2 n ln(n / e) over the four numbers n of passed and failed, where e are those of the
 * efficiency of both; one degree of freedom to a bin. Bins next to one another are joined: n and e are
 * sums then, and as their efficiencies differ, the ratio is multiplied by the variance of one
 * efficiency, 1 / sum(1 / e), over that of the passed with all sums of each bin given. So spectra that
 * differ within joined bins make no departure. Its tail is right to 1e-8 within a factor of 5, where
 * squares over variances would be large a hundred times too often.
 * @see Wilks, Ann. Math. Stat. 9 (1938) 60; Mantel and Haenszel, J. Natl. Cancer Inst. 22 (1959)
 * 719, for e and variance of joined bins
 */
export function compareEfficiencies(data: PassedBins, reference: PassedBins): BinComparison {
  const joined: Joined[] = [];
  let open = nothing;
  for (let i = 0; i < data.passed.length; i++) {
    const [own, other] = [data, reference].map(({ passed, total }) => [
      passed[i],
      total[i] - passed[i],
    ]);
    open = join(open, fourFold(own, other));
    if (!(leastCell(open) >= leastExpected)) continue;
    joined.push(open);
    open = nothing;
  }
  const last = joined.pop();
  if (last) joined.push(join(last, open));
  const chiSquared = joined.reduce((sum, bins) => sum + likelihoodRatio(bins), 0);
  const degreesOfFreedom = joined.length;
  const logP = degreesOfFreedom > 0 ? logChiSquaredTail(chiSquared, degreesOfFreedom) : 0;
  return { chiSquared, degreesOfFreedom, logP };
}

/** Bins next to one another. */
interface Joined {
  /** Passed and failed of the data, then of the reference [4]. */
  readonly seen: readonly number[];
  /** With one efficiency in each bin [4]. */
  readonly expected: readonly number[];
  /** Of each of the four. */
  readonly variance: number;
}

const nothing: Joined = { seen: [0, 0, 0, 0], expected: [0, 0, 0, 0], variance: 0 };

/** One bin; `nothing` where it tells nothing, as all passed, all failed or one side is empty. */
function fourFold([a, b]: readonly number[], [c, d]: readonly number[]): Joined {
  const [own, other, passed, failed] = [a + b, c + d, a + c, b + d];
  const all = own + other;
  const product = own * other * passed * failed;
  if (product === 0) return nothing;
  return {
    seen: [a, b, c, d],
    expected: [own * passed, own * failed, other * passed, other * failed].map((n) => n / all),
    variance: product / (all * all * (all - 1)), // hypergeometric
  };
}

function join(a: Joined, b: Joined): Joined {
  return {
    seen: a.seen.map((n, k) => n + b.seen[k]),
    expected: a.expected.map((e, k) => e + b.expected[k]),
    variance: a.variance + b.variance,
  };
}

/** Variance with one efficiency over that of the joined bins, at least about 1. */
const narrowing = ({ expected, variance }: Joined) =>
  1 / expected.reduce((sum, e) => sum + 1 / e, 0) / variance;

/** Smallest number expected, in a bin of one efficiency with as much variance; NaN for `nothing`. */
const leastCell = (bins: Joined) => Math.min(...bins.expected) / narrowing(bins);

/** 0 where all is as expected, which rounding must not turn negative. */
function likelihoodRatio(bins: Joined): number {
  const sum = bins.seen.reduce(
    (all, n, k) => all + (n > 0 ? n * Math.log(n / bins.expected[k]) : 0),
    0,
  );
  return Math.max(0, 2 * sum * narrowing(bins));
}
