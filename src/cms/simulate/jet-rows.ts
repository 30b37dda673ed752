import { ConfigError } from "../../base/errors.ts";
import { type Column, makeColumn } from "../../data/index.ts";
import { wrapPhi } from "../kinematics.ts";
import { type JetStatistics, jetStatistics } from "../matching/jet-statistics.ts";
import { type JetMatches, matchJets } from "../matching/jets.ts";
import type { ObjectCollection } from "../objects.ts";
import { jetEtaWidth, jetPhiWidth, jetPtWidth } from "./calo-towers.ts";
import { type JetEvents, jetBlockEvents, type SimulateJetsOptions, simulateJets } from "./jets.ts";

/**
 * Matched Level-1 jets, one row each, in the order of the events; named as the columns that
 * `forty dataset jets` writes.
 */
export interface JetRows {
  readonly hwPt: Int32Array;
  readonly hwEta: Int32Array;
  readonly hwPhi: Int32Array;
  /** Pile-up proxy of the event: lit towers at |ieta| <= 4. */
  readonly nTowers: Int32Array;
  /** Pile-up interactions of the event. */
  readonly nVertices: Int32Array;
  /** Summed pt of the matched offline jets, GeV. */
  readonly sumPtReco: Float32Array;
  /** Offline jets in that sum. */
  readonly multiplicity: Int32Array;
}

/** Column names of `JetRows`: inputs first. */
export const jetRowNames = [
  "hwPt",
  "hwEta",
  "hwPhi",
  "nTowers",
  "nVertices",
  "sumPtReco",
  "multiplicity",
] as const satisfies readonly (keyof JetRows)[];

/** The rows as columns of a table with units, sharing memory. */
export function jetRowColumns(rows: JetRows): Column[] {
  return jetRowNames.map((name) =>
    makeColumn(name, rows[name], name === "sumPtReco" ? "GeV" : null),
  );
}

/**
 * Directions and pt of simulated Level-1 jets: GeV, tower centers, azimuths in (-pi, pi] in steps of
 * 2 pi / 144 rad. As float32, so that a file of them is matched in the same way.
 */
export function physicalJets({ offsets, columns }: JetEvents["level1"]): {
  offsets: Uint32Array;
  pt: Float32Array;
  eta: Float32Array;
  phi: Float32Array;
} {
  return {
    offsets,
    pt: Float32Array.from(columns.hwPt, (hw) => hw * jetPtWidth),
    eta: Float32Array.from(columns.hwEta, (hw) => hw * jetEtaWidth),
    phi: Float32Array.from(columns.hwPhi, (hw) => wrapPhi(hw * jetPhiWidth)),
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
      rows.nTowers[row] = events.nTowers[e];
      rows.nVertices[row] = events.nVertices[e];
      rows.sumPtReco[row] = matchedPt[j];
      rows.multiplicity[row] = multiplicity[j];
      row++;
    }
  return rows;
}

function allocateJetRows(n: number): JetRows {
  return {
    hwPt: new Int32Array(n),
    hwEta: new Int32Array(n),
    hwPhi: new Int32Array(n),
    nTowers: new Int32Array(n),
    nVertices: new Int32Array(n),
    sumPtReco: new Float32Array(n),
    multiplicity: new Int32Array(n),
  };
}

/** Events simulated at a time: bounds the memory to some 20 MB. */
export const jetSliceEvents = 16 * 1024;
/** So many events without a single row mean that there will be none. */
const mostBarren = 3 * jetSliceEvents;

/** Consecutive simulated events, who matches whom in them, and their rows. */
export interface JetSlice {
  readonly events: JetEvents;
  readonly matches: JetMatches;
  readonly rows: JetRows;
}

export interface SimulateJetSlicesOptions extends Omit<SimulateJetsOptions, "events" | "first"> {
  /** Matched Level-1 jets wanted (default any number): ends with the event of the last one. */
  readonly rows?: number;
  /** Events wanted (default any number). */
  readonly events?: number;
}

/**
 * Simulates until there are the rows or the events wanted, slice by slice, in the memory of one.
 * Event i and row i are pure functions of (seed, i, config): a larger sample starts with the
 * smaller one.
 */
export function* simulateJetSlices(options: SimulateJetSlicesOptions): Generator<JetSlice> {
  const { rows = Infinity, events = Infinity, ...simulation } = options;
  let barren = 0;
  for (let done = 0, first = 0; done < rows && first < events; ) {
    // there is about one row an event; blocks are whole, so that none is begun twice
    const blocks = Math.ceil((rows - done) / jetBlockEvents);
    const size = Math.min(jetSliceEvents, blocks * jetBlockEvents, events - first);
    let slice = simulateSlice({ ...simulation, first, events: size });
    if (slice.rows.hwPt.length > rows - done) {
      const last = eventOfRow(slice, rows - done - 1);
      slice = simulateSlice({ ...simulation, first, events: last + 1 });
      slice = { ...slice, rows: firstRows(slice.rows, rows - done) };
    }
    barren = slice.rows.hwPt.length === 0 ? barren + slice.events.events : 0;
    if (barren >= mostBarren && events === Infinity)
      throw new ConfigError(
        `simulateJetRows: no matched Level-1 jet in ${barren} events; check the config`,
      );
    yield slice;
    done += slice.rows.hwPt.length;
    first += slice.events.events;
  }
}

function simulateSlice(options: SimulateJetsOptions): JetSlice {
  const events = simulateJets(options);
  const matches = matchJetEvents(events);
  return { events, matches, rows: jetRows(events, matches) };
}

/** Event, counted from the first of the slice, of one of its rows. */
function eventOfRow({ events, matches: { multiplicity } }: JetSlice, row: number): number {
  const { offsets } = events.level1;
  let event = 0;
  for (let j = 0, left = row; ; j++) {
    while (j >= offsets[event + 1]) event++;
    if (multiplicity[j] > 0 && left-- === 0) return event;
  }
}

function firstRows(rows: JetRows, n: number): JetRows {
  return Object.fromEntries(jetRowNames.map((name) => [name, rows[name].subarray(0, n)])) as never;
}

export interface SimulateJetRowsOptions extends Omit<SimulateJetsOptions, "events" | "first"> {
  /** Matched Level-1 jets wanted; the report's dataset has 1,234,480. */
  readonly rows: number;
}

/** The first `rows` matched Level-1 jets of the simulation; see `simulateJetSlices`. */
export function simulateJetRows(options: SimulateJetRowsOptions): JetRows {
  const { rows } = options;
  if (!Number.isSafeInteger(rows) || rows < 0)
    throw new ConfigError(`simulateJetRows.rows: expected an integer >= 0, got ${rows}`);
  const out = allocateJetRows(rows);
  let done = 0;
  for (const slice of simulateJetSlices(options)) {
    for (const name of jetRowNames) out[name].set(slice.rows[name], done);
    done += slice.rows.hwPt.length;
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
