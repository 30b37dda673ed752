export {
  createJetFit,
  fillJetFit,
  mergeJetFits,
  solveJetFit,
} from "./jet-calibration/baseline.ts";
export {
  correctJets,
  createJetCorrector,
  formatJetCorrections,
  parseJetCorrections,
} from "./jet-calibration/jec.ts";
export {
  calibrateJets,
  exportCalibrationLut,
  fineCompression,
  formatCalibrationLut,
  formatCompressionLut,
  formatHardwareLut,
  parseCalibrationLut,
  parseCompressionLut,
} from "./jet-calibration/lut.ts";
export { type Direction, deltaPhi, deltaR, to0to2Pi, wrapPhi } from "./kinematics.ts";
export { litTowers } from "./lit-towers.ts";
export {
  emptyJetStatistics,
  type JetStatistics,
  jetStatistics,
  type MatchedFraction,
  type MatchedHistograms,
  matchedShare,
  mergeJetStatistics,
  mergeMatchedFractions,
} from "./matching/jet-statistics.ts";
export { type JetMatches, type Jets, matchJets } from "./matching/jets.ts";
export {
  type Directions,
  directions,
  type Matches,
  type MatchOptions,
  type MuonCoordinates,
  matchedPairs,
  matchNearest,
  matchUnique,
} from "./matching/match.ts";
export * from "./menu/index.ts";
export { type MuonSelection, type SelectMuonsOptions, selectMuons } from "./muon-selection.ts";
export {
  level1Muons,
  type MuonErrors,
  type MuonPrediction,
  type Muons,
  muonColumnNames,
  muonColumns,
  muonErrors,
} from "./muons.ts";
export {
  atCrossing,
  makeCollection,
  muonCharges,
  type NumericArray,
  type ObjectCollection,
  objectColumn,
  objectCount,
  type SelectedObjects,
  selectObjects,
  takeValues,
} from "./objects.ts";
export { withPhysical } from "./physical.ts";
export {
  type HwScale,
  hwPhysical,
  type L1Object,
  l1Scales,
  type MuonHwName,
  muonScales,
  type OutOfRange,
  outOfRange,
  physicalHw,
} from "./scales.ts";
export {
  type BranchColumn,
  collect,
  collectEventIds,
  type EventIds,
} from "./schemas/collect.ts";
export {
  type CollectionPlan,
  collectionsIn,
  detectSchema,
  planCollection,
  planEventIds,
  schemas,
  type TreeBranches,
} from "./schemas/detect.ts";
export { isReportTable, reportCollections } from "./schemas/report-table.ts";
export type { CollectionSchema, FileSchema } from "./schemas/schema.ts";
export {
  formatTestVectors,
  hasFired,
  parseTestVectors,
  type TestVectors,
} from "./schemas/test-vectors.ts";
export {
  createDecoder,
  encodeOrbit,
  type OrbitDecoder,
  type OrbitOf,
  type ScoutingFormat,
  scoutingFormats,
} from "./scouting/decoder.ts";
export { orbitFromEvents, orbitsFromVectors } from "./scouting/from-events.ts";
export { readOrbitFile, writeOrbitFile } from "./scouting/orbit.ts";
export {
  createOrbitObjects,
  crossingsPerOrbit,
  type OrbitObjects,
  orbitCollection,
} from "./scouting/orbit-objects.ts";
export { orbitPhysical } from "./scouting/physical.ts";
export { orbitSimulation, simulateOrbit } from "./scouting/simulate-orbits.ts";
export { bmtfSector, formatOfSource, scoutingSources } from "./scouting/sources.ts";
export { orbitTriggerObjects } from "./scouting/trigger-objects.ts";
export { type JetSimulationConfig, jetSimulation } from "./simulate/jet-config.ts";
export { type JetFloor, jetFloor } from "./simulate/jet-floor.ts";
export {
  type JetRows,
  type JetSlice,
  jetRowColumns,
  jetRows,
  simulateJetRows,
  simulateJetSlices,
} from "./simulate/jet-rows.ts";
export { type JetEvents, simulateJets } from "./simulate/jets.ts";
export { type MuonSimulationConfig, muonSimulation } from "./simulate/muon-config.ts";
export {
  expectedMuonErrors,
  type MuonExpectation,
  type MuonFloor,
  type MuonPredictors,
  muonFloor,
  optimalMuons,
} from "./simulate/muon-floor.ts";
export { type SimulateMuonsOptions, simulateMuons } from "./simulate/muons.ts";
export {
  readJetSimulationLabel,
  readMuonSimulationLabel,
  type SimulationLabel,
  simulationMetadata,
} from "./simulate/simulation-label.ts";
