export { type Direction, deltaPhi, deltaR, to0to2Pi, wrapPhi } from "./kinematics.ts";
export {
  type HwScale,
  hwPhysical,
  type MuonHwName,
  muonScales,
  type OutOfRange,
  outOfRange,
  type PtConvention,
  physicalHw,
} from "./muon-scales.ts";
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
