import { existsSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { jetSimulation } from "../../../src/cms/simulate/jet-config.ts";
import { jetNanoColumns } from "../../../src/cms/simulate/jet-nano.ts";
import { simulateJets } from "../../../src/cms/simulate/jets.ts";
import {
  readJetSimulationLabel,
  simulationMetadata,
} from "../../../src/cms/simulate/simulation-label.ts";
import { inspectTable, numericColumn, readTable } from "../../../src/data/index.ts";
import { createRootWriter } from "../../../src/data/root/write-node.ts";
import { schemaOfColumns } from "../../../src/data/root/write-schema.ts";
import { defaultSettings, makeDataset } from "../../../src/tasks/dataset/index.ts";
import { parseRecalibration } from "../../../src/tasks/index.ts";
import { prepareObjects } from "../../../src/tasks/recalibration/prepare.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { sample, writeNano } from "./nano.ts";

const { at } = temporaryFolder();
const settings = defaultSettings("jets");

/** 300 events as `forty simulate jets --events` writes them. */
async function writeEvents(path: string, parameters = jetSimulation): Promise<void> {
  const events = simulateJets({ events: 300, seed: 5, config: parameters });
  const columns = jetNanoColumns(events);
  const writer = await createRootWriter(path);
  await writer.tree("Events", schemaOfColumns(columns)).append(columns);
  for (const [name, text] of Object.entries(simulationMetadata({ object: "jets", parameters })))
    await writer.text(name, text);
  await writer.close();
}

describe("events of the jet simulation", () => {
  beforeAll(() => writeEvents(at("simulated.root")));

  test("keep their label and the lit towers in a dataset", async () => {
    const out = at("jets.parquet");
    await makeDataset({ inputs: [at("simulated.root")], out, settings });
    const { metadata } = await inspectTable(out);
    expect(readJetSimulationLabel(out, metadata)).toEqual(jetSimulation);
    const towers = numericColumn(await readTable(out), "nTowers");
    expect(towers.every((n) => n > 0 && n < 577)).toBe(true);
  });

  test("go into a ROOT file as into Parquet", async () => {
    const out = at("jets.root");
    await makeDataset({ inputs: [at("simulated.root")], out, settings });
    const [root, parquet] = [await readTable(out), await readTable(at("jets.parquet"))];
    expect(root.columns.map((c) => [c.name, c.unit])).toEqual(
      parquet.columns.map((c) => [c.name, c.unit]),
    );
    for (const { name, values } of parquet.columns)
      expect([...values], name).toEqual([...root.columns.find((c) => c.name === name)!.values]);
    expect(root.columns.find((c) => c.name === "hwQualL1")?.type).toBe("float64"); // all missing
    expect(readJetSimulationLabel(out, (await inspectTable(out)).metadata)).toEqual(jetSimulation);
  });

  test("give recalibrate the same rows and label without a dataset between", async () => {
    const config = parseRecalibration("jets", {});
    const straight = await prepareObjects("jets", [at("simulated.root")], config);
    const across = await prepareObjects("jets", [at("jets.parquet")], config);
    expect(straight.simulation).toEqual(across.simulation);
    expect(straight.simulation?.parameters).toEqual(jetSimulation);
    expect(straight.offline).toEqual(across.offline);
    expect(straight.source.inputs.map((c) => c.name)).toContain("nTowers");
  });

  test("are not mixed with measured or otherwise simulated ones", async () => {
    await writeNano(at("measured.root"), sample);
    const other = { ...jetSimulation, response: jetSimulation.response * 0.9 };
    await writeEvents(at("other.root"), other);
    const mixed = (name: string) => {
      const inputs = [at("simulated.root"), at(name)];
      return makeDataset({ inputs, out: at(`${name}.parquet`), settings });
    };
    await expect(mixed("measured.root")).rejects.toThrow(
      "are not of the same kind: one is simulated, one is not; make a dataset of each",
    );
    await expect(mixed("other.root")).rejects.toThrow("are not of the same simulation");
    expect(existsSync(at("other.root.parquet"))).toBe(false);
  });
});

const real = "../shared/data/l1-nano/run3_2024_l1nano_100ev.root";
test.skipIf(!existsSync(real))("towers of real events are counted", async () => {
  const out = at("real.parquet");
  await makeDataset({ inputs: [real], out, settings });
  const towers = numericColumn(await readTable(out), "nTowers");
  // JSROOT gives 37 to 121 in the 100 events
  expect(Math.min(...towers)).toBeGreaterThanOrEqual(37);
  expect(Math.max(...towers)).toBe(121);
});
