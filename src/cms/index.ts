export { type Direction, deltaPhi, deltaR, to0to2Pi, wrapPhi } from "./kinematics.ts";
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
