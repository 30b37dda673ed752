import { expect, test } from "vitest";
import { turnOn, uniformBins } from "../../../src/stats/index.ts";
import { parseScout } from "../../../src/tasks/scout/config.ts";
import { figureGroups } from "../../../src/tasks/scout/monitor/figures.ts";
import { wholeOrbit } from "../../../src/tasks/scout/monitor/orbit-figures.ts";
import { makeSnapshot } from "../../../src/tasks/scout/results/snapshot.ts";
import { toyModel } from "../toy-model.ts";
import { processed } from "./processed.ts";
import { orbitsOf } from "./samples.ts";

const stages = [
  { kind: "recalibrate" as const, model: "toy" },
  {
    ...{ kind: "turnOn" as const, name: "mu10", of: "muon.ptL1", threshold: 10 },
    ...{ against: "muon.pt", bins: 12, low: 0.1, high: 24.1 },
  },
];
// pt / 2 + 2 for eta > 0, pt / 2 else: thresholds smear out
const assets = { toy: toyModel("muons", { ptCalib: [0.25, 0.003, 0, 0] }) };
const orbits = orbitsOf(4);

test("a turn-on is the share that an independent computation gives, with its intervals", async () => {
  const { tallies, column } = await processed(orbits, stages, { assets });
  const bins = turnOn(uniformBins(12, 0.1, 24.1), {
    reference: column("L1Mu_ptCalib"),
    decision: column("L1Mu_pt"),
    threshold: 10,
  });
  const snapshot = makeSnapshot(parseScout({ files: ["a"], stages }), tallies, {
    ...{ seconds: 1, isDone: true, run: 1, workers: 1, lagSeconds: 0, alarms: [], restarts: 0 },
    ...{ windowOrbits: 0, windowSeconds: 0 },
  });
  const [{ passed, total, threshold }] = snapshot.turnOns;
  expect({ passed, total, threshold }).toEqual({
    passed: bins.map((b) => b.passed),
    total: bins.map((b) => b.total),
    threshold: 10,
  });
  expect(passed[0]).toBe(0);
  expect(passed.at(-1)).toBe(total.at(-1));
  expect(passed.some((n, i) => n > 0 && n < total[i])).toBe(true);
  const figure = figureGroups(snapshot, { reference: null, isLog: false, crossings: wholeOrbit })
    .flatMap(({ cards }) => cards)
    .find(({ id }) => id.startsWith("turn-on"))?.figure;
  if (figure?.kind !== "curves") throw new Error("no turn-on among the figures");
  const filled = bins.filter((b) => b.total > 0);
  expect(figure.series[0].y).toEqual(filled.map((b) => b.value));
  expect(figure.series[0].errors).toEqual(filled.map((b) => (b.high - b.low) / 2));
});

test("quantities of different objects make no turn-on", async () => {
  const [, stage] = stages;
  await expect(
    processed(orbits, [{ ...stage, of: "jet.pt" } as never], { assets }),
  ).rejects.toThrow("scout.mu10: jet.pt is of jets, muon.pt of muons; take quantities of the same");
});
