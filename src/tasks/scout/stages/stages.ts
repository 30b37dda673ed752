import { z } from "zod";
import { l1Scales } from "../../../cms/index.ts";
import type { Runtime } from "../../../runtime/index.ts";
import { driftKind } from "./drift.ts";
import { histogramKind } from "./histogram.ts";
import { mapKind } from "./map.ts";
import { menuKind } from "./menu.ts";
import { recalibrateKind } from "./recalibrate.ts";
import { scoreKind } from "./score.ts";
import { selectKind } from "./select.ts";
import type { Assets, RunningStage, StageContext, StageFile, StageKind } from "./stage.ts";
import { turnOnKind } from "./turn-on.ts";

/** All kinds of stages; a new one is a file and its lines here. */
const kinds = {
  recalibrate: recalibrateKind,
  score: scoreKind,
  menu: menuKind,
  select: selectKind,
  histogram: histogramKind,
  map: mapKind,
  turnOn: turnOnKind,
  drift: driftKind,
} as const;

/** Settings of a stage; stages run in the order of the list. */
export const stageSchema = z.discriminatedUnion("kind", [
  recalibrateKind.schema,
  scoreKind.schema,
  menuKind.schema,
  selectKind.schema,
  histogramKind.schema,
  mapKind.schema,
  turnOnKind.schema,
  driftKind.schema,
]);
export type Stage = z.output<typeof stageSchema>;
/** A stage as a user writes it. */
export type StageSettings = z.input<typeof stageSchema>;

const kindOf = ({ kind }: Stage) => kinds[kind] as StageKind as StageKind<z.ZodType<Stage>>;

/** Files that stages read. */
export function stageFiles(stages: readonly Stage[]): StageFile[] {
  return stages.flatMap((stage) => kindOf(stage).files?.(stage) ?? []);
}

/**
 * Stages in the order of the list, each with the quantities that it reads filled before it.
 * @throws ConfigError for names that no stage before gives, FormatError for unusable files.
 */
export async function createStages(
  settings: readonly Stage[],
  assets: Assets,
  runtime: Runtime,
): Promise<RunningStage[]> {
  const context: StageContext = { runtime, assets, scores: [], selections: [], menu: null };
  const stages: RunningStage[] = [];
  for (const stage of settings) stages.push(await kindOf(stage).create(stage, context));
  return stages;
}

/** Eight steps of the hardware to a bin, with edges between steps: no bin gets more of them. */
const stepsPerBin = 8;
const hwAxis = (bins: number, width: number) => ({
  bins,
  low: -(stepsPerBin * (bins / 2) + 0.5) * width,
  high: (stepsPerBin * (bins / 2) - 0.5) * width,
});

/** What is counted where a configuration names no stages. */
export const defaultStages: readonly StageSettings[] = [
  ...["Opposite", "Same"].map((sign) => ({
    kind: "histogram" as const,
    name: `dimuonMass${sign}`,
    of: `dimuon.mass${sign}`,
    ...{ bins: 120, low: 0.5, high: 200, log: true },
  })),
  { kind: "histogram", name: "muonPt", of: "muon.pt", bins: 100, low: 0.25, high: 50.25 },
  { kind: "histogram", name: "muons", of: "muons", bins: 8, low: 0.5, high: 8.5 },
  {
    ...{ kind: "map", name: "muonMap" },
    x: { of: "muon.eta", ...hwAxis(58, l1Scales.muon.eta.width) },
    y: { of: "muon.phi", ...hwAxis(72, l1Scales.muon.phi.width) },
  },
];
