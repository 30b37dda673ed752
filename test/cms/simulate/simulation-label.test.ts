import { expect, test } from "vitest";
import { jetSimulation } from "../../../src/cms/simulate/jet-config.ts";
import { muonSimulation } from "../../../src/cms/simulate/muon-config.ts";
import {
  readJetSimulationLabel,
  readMuonSimulationLabel,
  simulationKey,
  simulationMetadata,
} from "../../../src/cms/simulate/simulation-label.ts";

const jets = { ...jetSimulation, vertices: 50 };

test("the parameters of a label are read back, whatever else the file says", () => {
  const metadata = {
    origin: "test",
    ...simulationMetadata({ object: "jets", rows: 3, seed: "a", parameters: jets }),
  };
  expect(readJetSimulationLabel("a.parquet", metadata)).toEqual(jets);
  const muons = simulationMetadata({ object: "muons", parameters: muonSimulation });
  expect(readMuonSimulationLabel("a.parquet", muons)).toEqual(muonSimulation);
});

test("a sample without a label is not simulated", () => {
  expect(readJetSimulationLabel("a.parquet", { origin: "test" })).toBeNull();
  expect(readMuonSimulationLabel("a.parquet", {})).toBeNull();
});

test("muons are no jets and jets no muons", () => {
  const [ofMuons, ofJets] = [
    simulationMetadata({ object: "muons", parameters: muonSimulation }),
    simulationMetadata({ object: "jets", parameters: jets }),
  ];
  expect(() => readJetSimulationLabel("a.parquet", ofMuons)).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: a.parquet: simulated muons, not jets; give jets]`,
  );
  expect(() => readMuonSimulationLabel("a.parquet", ofJets)).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: a.parquet: simulated jets, not muons; give muons]`,
  );
});

test.each([
  ["no JSON", "{"],
  ["no object", "null"],
  ["no parameters", '{"object":"jets"}'],
  ["a parameter that is no number", JSON.stringify({ parameters: { ...jets, lost: null } })],
  ["muons by their parameters alone", JSON.stringify({ parameters: muonSimulation })],
])("a label that cannot be used is refused: %s", (_, text) => {
  expect(() => readJetSimulationLabel("a.parquet", { [simulationKey]: text })).toThrow(
    'a.parquet: metadata "forty.simulation" has no usable parameters',
  );
});
