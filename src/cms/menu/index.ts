export { type AlgorithmCheck, checkMenu, compareMenu, externalSignals } from "./check-menu.ts";
export {
  type CompiledMenu,
  compileMenu,
  type GivenBits,
  givenNames,
  type MenuDecision,
} from "./compile-menu.ts";
export {
  scalarNames,
  type TriggerCollection,
  type TriggerObjects,
  testVectorCrossings,
} from "./crossings.ts";
export type { CorrelationCut, EtaCuts, ObjectCut } from "./cuts.ts";
export type { Condition, Expression, GivenCondition, ObjectTerm } from "./language.ts";
export {
  bitmapOf,
  columnBitmap,
  countBits,
  firedAt,
  type MenuBits,
  makeBitmap,
} from "./menu-bits.ts";
export {
  addDecision,
  createMenuTally,
  largestOverlaps,
  type MenuTally,
  type Overlap,
} from "./menu-tally.ts";
export { parseExpression } from "./parse-expression.ts";
export { type Algorithm, type Menu, parseMenu } from "./parse-menu.ts";
export { parsePrescales, prescaleMenu } from "./prescales.ts";
export { printExpression } from "./print-expression.ts";
export {
  type MenuRates,
  menuRates,
  orbitRateHz,
  overlapMatrix,
  type Rate,
  type RateOptions,
  rateOf,
  tallyRates,
} from "./rates.ts";
export {
  objectTerms,
  type ThresholdCurveOptions,
  thresholdAlgorithms,
  thresholdCurve,
  withThreshold,
} from "./threshold-curve.ts";
