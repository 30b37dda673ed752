import { ConfigError } from "../../base/errors.ts";
import { createRng } from "../../base/rng.ts";
import type { ObjectCollection } from "../objects.ts";
import { type JetSimulationConfig, jetSimulation } from "./jet-config.ts";
import { createJetGenerator, type JetList } from "./jet-event.ts";

/** Events per block; each block has its own random stream, so blocks can be made in any order. */
export const jetBlockEvents = 1024;

type HwName = "hwPt" | "hwEta" | "hwPhi";
type OfflineName = "pt" | "eta" | "phi";

/** Simulated events. */
export interface JetEvents {
  readonly events: number;
  /** Pile-up interactions per event [events]. */
  readonly nVertices: Int32Array;
  /** Pile-up proxy: lit towers at |ieta| <= 4 [events], 0 .. 576. */
  readonly nTowers: Int32Array;
  /**
   * Level-1 jets by falling pt, at most 12 an event, in hardware integers (Losapio 2021, Table 4):
   * hwPt 0 .. 2047 in 0.5 GeV, hwEta -128 .. 127 in 0.0435, hwPhi 0 .. 143 in 2 pi / 144 rad.
   */
  readonly level1: ObjectCollection & { readonly columns: Record<HwName, Int32Array> };
  /**
   * Offline jets by falling pt (particle flow, charged hadrons of pile-up subtracted): pt in GeV,
   * eta, phi in (-pi, pi].
   */
  readonly offline: ObjectCollection & { readonly columns: Record<OfflineName, Float32Array> };
}

export interface SimulateJetsOptions {
  readonly events: number;
  /** Any seed of `createRng`. */
  readonly seed: number | string;
  /** First event, for one slice of a larger sample (default 0). */
  readonly first?: number;
  readonly config?: JetSimulationConfig;
}

/** The largest float32 below pi: float32(pi) itself is above pi. */
const phiMax = 3.1415925;

/**
 * Simulates Level-1 and offline jets. Event i is a pure function of (seed, i, config): slices made
 * apart equal the same events of one large sample. About 33 offline jets an event, 430 bytes.
 */
export function simulateJets(options: SimulateJetsOptions): JetEvents {
  const { events, seed, first = 0, config = jetSimulation } = options;
  for (const [name, value] of Object.entries({ events, first }))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new ConfigError(`simulateJets.${name}: expected an integer >= 0, got ${value}`);
  const root = createRng(seed);
  const generate = createJetGenerator(config);
  const nVertices = new Int32Array(events);
  const nTowers = new Int32Array(events);
  const l1 = createColumns(events, 3 * events);
  const offline = createColumns(events, 36 * events);
  for (let done = 0; done < events; ) {
    const block = Math.floor((first + done) / jetBlockEvents);
    const skip = first + done - block * jetBlockEvents;
    const end = Math.min(jetBlockEvents, skip + events - done);
    const rng = root.split(block);
    for (let i = 0; i < end; i++) {
      const event = generate(rng);
      if (i < skip) continue;
      nVertices[done] = event.vertices;
      nTowers[done] = event.towers;
      append(l1, done, event.l1);
      append(offline, done, event.offline);
      done++;
    }
  }
  const [hwPt, hwEta, hwPhi] = l1.columns.map((c) => Int32Array.from(c.subarray(0, l1.n)));
  const [pt, eta, phi] = offline.columns.map((c) => c.slice(0, offline.n));
  for (let i = 0; i < phi.length; i++) phi[i] = Math.max(-phiMax, Math.min(phiMax, phi[i]));
  return {
    events,
    nVertices,
    nTowers,
    level1: { events, offsets: l1.offsets, columns: { hwPt, hwEta, hwPhi } },
    offline: { events, offsets: offline.offsets, columns: { pt, eta, phi } },
  };
}

/** Growing storage for pt, eta and phi; hardware integers are exact in float32. */
interface GrowingColumns {
  n: number;
  readonly offsets: Uint32Array;
  columns: Float32Array[];
}

function createColumns(events: number, capacity: number): GrowingColumns {
  const columns = [0, 1, 2].map(() => new Float32Array(capacity + 64));
  return { n: 0, offsets: new Uint32Array(events + 1), columns };
}

function append(to: GrowingColumns, event: number, jets: JetList): void {
  if (to.n + jets.n > to.columns[0].length)
    to.columns = to.columns.map((old) => {
      const grown = new Float32Array(Math.ceil(1.3 * old.length) + jets.n);
      grown.set(old);
      return grown;
    });
  const [pt, eta, phi] = to.columns;
  for (let i = 0, at = to.n; i < jets.n; i++, at++) {
    pt[at] = jets.pt[i];
    eta[at] = jets.eta[i];
    phi[at] = jets.phi[i];
  }
  to.n += jets.n;
  to.offsets[event + 1] = to.n;
}
