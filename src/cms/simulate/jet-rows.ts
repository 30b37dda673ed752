import { ConfigError } from "../../base/errors.ts";
import { type JetStatistics, jetStatistics } from "../matching/jet-statistics.ts";
import { type JetMatches, matchJets } from "../matching/jets.ts";
import type { ObjectCollection } from "../objects.ts";
import { jetEtaWidth, jetPhiWidth, jetPtWidth } from "./calo-towers.ts";
import { type JetEvents, type SimulateJetsOptions, simulateJets } from "./jets.ts";

/** Matched Level-1 jets, one row each, in the order of the events. */
export interface JetRows {
  readonly hwPt: Int32Array;
  readonly hwEta: Int32Array;
  readonly hwPhi: Int32Array;
  /** Pile-up proxy of the event: lit towers at |ieta| <= 4. */
  readonly towers: Int32Array;
  /** Pile-up interactions of the event. */
  readonly vertices: Int32Array;
  /** Summed pt of the matched offline jets, GeV. */
  readonly ptReco: Float32Array;
}

/** Column names of `JetRows`: inputs first, the target last. */
export const jetRowNames = [
  "hwPt",
  "hwEta",
  "hwPhi",
  "towers",
  "vertices",
  "ptReco",
] as const satisfies readonly (keyof JetRows)[];

/** Directions and pt of simulated Level-1 jets in physical units: GeV, rad, tower centers. */
export function physicalJets({ offsets, columns }: JetEvents["level1"]): {
  offsets: Uint32Array;
  pt: Float64Array;
  eta: Float64Array;
  phi: Float64Array;
} {
  return {
    offsets,
    pt: Float64Array.from(columns.hwPt, (hw) => hw * jetPtWidth),
    eta: Float64Array.from(columns.hwEta, (hw) => hw * jetEtaWidth),
    phi: Float64Array.from(columns.hwPhi, (hw) => hw * jetPhiWidth),
  };
}

/** Matches the jets of simulated events by the report's rule. */
export function matchJetEvents({ level1, offline }: JetEvents): JetMatches {
  return matchJets({ offsets: offline.offsets, ...offline.columns }, physicalJets(level1));
}

/** The matched Level-1 jets of simulated events. */
export function jetRows(events: JetEvents, matches = matchJetEvents(events)): JetRows {
  const { multiplicity, matchedPt } = matches;
  const n = multiplicity.reduce((sum, m) => sum + (m > 0 ? 1 : 0), 0);
  const rows = allocateJetRows(n);
  const { hwPt, hwEta, hwPhi } = events.level1.columns;
  const { offsets } = events.level1 as ObjectCollection;
  for (let e = 0, row = 0; e < events.events; e++)
    for (let j = offsets[e]; j < offsets[e + 1]; j++) {
      if (multiplicity[j] === 0) continue;
      rows.hwPt[row] = hwPt[j];
      rows.hwEta[row] = hwEta[j];
      rows.hwPhi[row] = hwPhi[j];
      rows.towers[row] = events.towers[e];
      rows.vertices[row] = events.vertices[e];
      rows.ptReco[row] = matchedPt[j];
      row++;
    }
  return rows;
}

function allocateJetRows(n: number): JetRows {
  return {
    hwPt: new Int32Array(n),
    hwEta: new Int32Array(n),
    hwPhi: new Int32Array(n),
    towers: new Int32Array(n),
    vertices: new Int32Array(n),
    ptReco: new Float32Array(n),
  };
}

/** Events simulated at a time: bounds the memory to some 20 MB. */
export const jetSliceEvents = 16 * 1024;

export interface SimulateJetRowsOptions extends Omit<SimulateJetsOptions, "events" | "first"> {
  /** Matched Level-1 jets wanted; the report's dataset has 1,234,480. */
  readonly rows: number;
  /** Sees each slice of events and its matches, the events of the last one in full. */
  readonly onEvents?: (events: JetEvents, matches: JetMatches) => void;
}

/**
 * Simulates events until there are `rows` matched Level-1 jets. Row i is a pure function of
 * (seed, i, config): a larger sample starts with the smaller one.
 */
export function simulateJetRows(options: SimulateJetRowsOptions): JetRows {
  const { rows, onEvents, ...simulation } = options;
  if (!Number.isSafeInteger(rows) || rows < 0)
    throw new ConfigError(`simulateJetRows.rows: expected an integer >= 0, got ${rows}`);
  const out = allocateJetRows(rows);
  let barren = 0;
  for (let done = 0, first = 0; done < rows; first += jetSliceEvents) {
    const events = simulateJets({ ...simulation, events: jetSliceEvents, first });
    const matches = matchJetEvents(events);
    onEvents?.(events, matches);
    const slice = jetRows(events, matches);
    const take = Math.min(slice.hwPt.length, rows - done);
    for (const name of jetRowNames) out[name].set(slice[name].subarray(0, take), done);
    done += take;
    barren = take === 0 ? barren + 1 : 0;
    if (barren === 3)
      throw new ConfigError(
        `simulateJetRows: no matched Level-1 jet in ${3 * jetSliceEvents} events; check the config`,
      );
  }
  return out;
}

/** Table 5 and Figures 6 and 7 of simulated events; `mergeJetStatistics` adds slices. */
export function simulatedJetStatistics(events: JetEvents, matches: JetMatches): JetStatistics {
  const { level1, offline } = events;
  return jetStatistics(
    { offsets: offline.offsets, ...offline.columns },
    physicalJets(level1),
    matches,
  );
}
