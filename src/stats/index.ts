export { type BootstrapOptions, bootstrapHalfWidth, bootstrapRms } from "./bootstrap.ts";
export {
  type ChiSquaredFit,
  fitChiSquared,
  kolmogorovSmirnov,
  logChiSquaredTail,
  significance,
} from "./chi-squared.ts";
export {
  clopperPearson,
  type EfficiencyBin,
  type Interval,
  incompleteBeta,
  turnOn,
  wilson,
} from "./efficiency.ts";
export {
  type Binning,
  binContents,
  binContents2d,
  binErrors,
  binFinder,
  binOf,
  binsFromEdges,
  createHistogram,
  createHistogram2d,
  fillHistogram,
  fillHistogram2d,
  type Histogram,
  type Histogram2d,
  histogram,
  logBins,
  mergeHistograms,
  mergeHistograms2d,
  uniformBins,
} from "./histogram.ts";
export { type ProfileBin, profile } from "./profile.ts";
export {
  centralTails,
  halfWidth68,
  oneSigma,
  quantile,
  quantiles,
  robustSummary,
  sortedQuantile,
} from "./quantile.ts";
export {
  bias,
  emptyMoments,
  type Measured,
  type Moments,
  mergeMoments,
  moments,
  rms,
  rmsRatio,
  type Summary,
  summarize,
} from "./summary.ts";
