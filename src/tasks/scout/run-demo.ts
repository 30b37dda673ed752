import { fileURLToPath } from "node:url";
import { l1Scales } from "../../cms/index.ts";
import type { ScoutSettings } from "./config.ts";
import type { ScoutMetrics } from "./results/metrics.ts";
import type { Snapshot } from "./results/snapshot.ts";
import { type ReplayProgress, replayStream } from "./run-replay.ts";
import { scout } from "./run-scout.ts";
import { defaultStages, type StageSettings } from "./stages/stages.ts";

export interface DemoOptions {
  /** Folder of the run, new or empty. */
  readonly out: string;
  /** Default: until `signal`. */
  readonly seconds?: number;
  /** Multiple of real time that is sent (default 1); slower is what the machine can do. */
  readonly speed?: number;
  readonly workers?: number;
  /** Ends the demonstration, as its time does: with a report. */
  readonly signal?: AbortSignal;
  readonly onSnapshot?: (snapshot: Snapshot) => void;
  readonly onReplay?: (progress: ReplayProgress) => void;
}

/** Folder of the bundled sample, beside the sources and beside what is built of them. */
const sample = (name: string) =>
  fileURLToPath(new URL(`../../../data/scouting-sample/${name}`, import.meta.url));

/** One threshold in Level-1 pt, GeV, against which its turn-on in recalibrated pt is seen. */
const threshold = 22;

/** Everything the chain can do on muons, and some of the calorimeter. */
export const demoStages = (model: string): StageSettings[] => [
  { kind: "recalibrate", model },
  ...defaultStages,
  { kind: "histogram", name: "muonPtL1", of: "muon.ptL1", bins: 100, low: 0.25, high: 50.25 },
  { kind: "histogram", name: "jetPt", of: "jet.pt", bins: 80, low: 10.25, high: 90.25 },
  {
    ...{ kind: "map", name: "jetMap" },
    x: { of: "jet.eta", bins: 58, ...aroundZero(58 * 4, l1Scales.jet.eta.width) },
    y: { of: "jet.phi", bins: 72, ...aroundZero(144, l1Scales.jet.phi.width) },
  },
  {
    ...{ kind: "turnOn", name: "singleMuon22", of: "muon.ptL1", threshold, against: "muon.pt" },
    ...{ bins: 60, low: 0, high: 60 },
  },
  { kind: "select", name: "fourMuons", cuts: [{ of: "muons", min: 4 }], neighbors: 1 },
];

/** An axis of so many hardware steps around zero, with edges between them. */
const aroundZero = (steps: number, width: number) => ({
  low: -((steps + 1) / 2) * width,
  high: ((steps - 1) / 2) * width,
});

/**
 * Plays the bundled sample in a loop over TCP into the whole chain, all in this process and on this
 * machine. It ends like a stream does, with the report of a run.
 */
export async function scoutDemo(options: DemoOptions): Promise<ScoutMetrics> {
  const { out, speed = 1, workers = 1, seconds = Infinity, signal, onReplay, onSnapshot } = options;
  const settings: ScoutSettings = {
    ...{ tcp: "127.0.0.1:0", senders: 2, workers, blockOrbits: 1024, output: "root" },
    stages: demoStages(sample("muons.onnx")),
    note: "the bundled sample, simulated and looped: the same 500 orbits come again and again",
  };
  const failed = new AbortController();
  let playing: Promise<unknown> = Promise.resolve();
  const play = (to: string) =>
    replayStream({
      ...{ files: [sample("muons.raw.gz"), sample("calo.raw.gz")], to, speed, seconds },
      ...{
        loops: Infinity,
        signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
      },
      ...(onReplay && { onProgress: onReplay }),
    });
  try {
    const metrics = await scout({
      ...{ settings, out, signal: failed.signal },
      ...(onSnapshot && { onSnapshot }),
      onSource({ what, address = "" }) {
        if (what !== "listening") return;
        playing = play(address);
        playing.catch(() => failed.abort());
      },
    });
    await playing;
    return metrics;
  } catch (error) {
    failed.abort();
    await playing; // what failed first
    throw error;
  }
}
