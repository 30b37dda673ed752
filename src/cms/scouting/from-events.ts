import { ConfigError } from "../../base/errors.ts";
import { type NumericArray, type ObjectCollection, objectColumn } from "../objects.ts";
import { testVectorSums } from "../schemas/test-vector-layout.ts";
import type { TestVectors } from "../schemas/test-vectors.ts";
import { createDecoder, type OrbitOf } from "./decoder.ts";
import { clearOrbit, crossingsPerOrbit, type OrbitCollection } from "./orbit-objects.ts";

/** Both sources of one orbit. */
export interface WholeOrbit {
  readonly gmt: OrbitOf<"gmt">;
  readonly calo: OrbitOf<"calo">;
}

/** Level-1 objects as hardware integers under NanoAOD's names; event after event. */
export interface Level1Events {
  readonly L1Mu?: ObjectCollection;
  readonly L1Jet?: ObjectCollection;
  readonly L1EG?: ObjectCollection;
  readonly L1Tau?: ObjectCollection;
  /** With `etSumType`. */
  readonly L1EtSum?: ObjectCollection;
}

export interface OrbitPlacement {
  /** Orbit number. */
  readonly orbit: number;
  /** Crossing of each event, 1 to 3564, ascending. */
  readonly bx: ArrayLike<number>;
  /** First event of the orbit (default 0). */
  readonly first?: number;
}

/** Room for `orbitFromEvents`. */
export function createWholeOrbit(): WholeOrbit {
  return { gmt: createDecoder("gmt").create(), calo: createDecoder("calo").create() };
}

/**
 * Lays events of one crossing each (NanoAOD and ntuples: select `bx` 0 with `atCrossing` first)
 * into an orbit: event `first + k` becomes crossing bx[k]. Columns that are missing are 0; a
 * `charge` of +-1 stands in for `hwCharge`, and station coordinates and those at the vertex for
 * each other. Objects without pt, and muons without quality, are left out; as many are kept as
 * the format has slots for, the first ones. The GMT gets a block where there are muons, the
 * calorimeter one for each event. Throws `ConfigError` for values that do not fit their field,
 * `DataError` without hwPt or a muon's hwQual.
 */
export function orbitFromEvents(
  events: Level1Events,
  { orbit, bx, first = 0 }: OrbitPlacement,
  into: WholeOrbit = createWholeOrbit(),
): WholeOrbit {
  const { gmt, calo } = into;
  clearOrbit(gmt);
  clearOrbit(calo);
  gmt.orbit = calo.orbit = orbit;
  const lists = [
    [gmt.objects.muons, events.L1Mu && withBits(events.L1Mu), muonFields, 8],
    [calo.objects.jets, events.L1Jet, jetFields, 12],
    [calo.objects.egs, events.L1EG, clusterFields, 12],
    [calo.objects.taus, events.L1Tau, clusterFields, 12],
  ] as const;
  let event = 0;
  for (let b = 1; b <= crossingsPerOrbit; b++) {
    const isHere = event < bx.length && bx[event] === b;
    for (const [list, source, fields, slots] of lists) {
      list.offsets[b] = list.offsets[b - 1];
      if (isHere && source) copyObjects(list, source, { fields, slots, b, event: first + event });
    }
    const { sums, links } = calo.objects;
    sums.offsets[b] = sums.offsets[b - 1] + (isHere ? 6 : 0);
    links.offsets[b] = links.offsets[b - 1] + (isHere ? 14 : 0);
    if (!isHere) continue;
    for (const column of Object.values(sums.columns))
      column.fill(0, sums.offsets[b - 1], sums.offsets[b]);
    links.columns.word.fill(0, links.offsets[b - 1], links.offsets[b]);
    if (events.L1EtSum) copySums(sums, events.L1EtSum, first + event, sums.offsets[b - 1]);
    const { muons } = gmt.objects;
    if (muons.offsets[b] > muons.offsets[b - 1]) addBlock(gmt, b);
    addBlock(calo, b);
    event++;
  }
  if (event < bx.length)
    throw new ConfigError(
      `orbitFromEvents: bx ${bx[event]} of event ${first + event} is not in 1 to 3564 or not behind the one before`,
    );
  return into;
}

/** Orbits of test vectors: crossing n is bx n + 1; a new orbit starts where n does not grow. */
export function orbitsFromVectors(vectors: TestVectors, firstOrbit = 1): WholeOrbit[] {
  const { crossing, objects } = vectors;
  const orbits: WholeOrbit[] = [];
  for (let first = 0; first < crossing.length; ) {
    let end = first + 1;
    while (end < crossing.length && crossing[end] > crossing[end - 1]) end++;
    const bx = crossing.subarray(first, end).map((n) => n + 1);
    orbits.push(orbitFromEvents(objects, { orbit: firstOrbit + orbits.length, bx, first }));
    first = end;
  }
  return orbits;
}

/** Columns to fill, with lowest and highest value, and stand-ins where they are missing. */
type Fields = Readonly<Record<string, readonly [number, number, string?]>>;
const muonFields: Fields = {
  hwPt: [0, 511],
  hwEta: [-256, 255, "hwEtaAtVtx"],
  hwPhi: [0, 1023, "hwPhiAtVtx"],
  hwEtaAtVtx: [-256, 255, "hwEta"],
  hwPhiAtVtx: [0, 1023, "hwPhi"],
  hwQual: [0, 15],
  hwIso: [0, 3],
  hwCharge: [0, 1],
  hwChargeValid: [0, 1],
  tfMuonIndex: [0, 127],
  hwPtUnconstrained: [0, 255],
  hwDXY: [0, 3],
  spare: [0, 1],
};
const direction = { hwEta: [-128, 127], hwPhi: [0, 255] } as const;
const clusterFields: Fields = { hwPt: [0, 511], ...direction, hwIso: [0, 3], spare: [0, 31] };
const jetFields: Fields = {
  hwPt: [0, 2047],
  ...direction,
  hwDisplaced: [0, 1, "spare"],
  hwQual: [0, 3],
};

/** A muon collection with charge bits. */
function withBits(collection: ObjectCollection): ObjectCollection {
  const { columns } = collection;
  const { charge, hwCharge, hwChargeValid, hwPt } = columns;
  const bits: Record<string, NumericArray> = {};
  if (!hwCharge && charge) bits.hwCharge = Uint8Array.from(charge, (q) => (q < 0 ? 1 : 0));
  if (!hwChargeValid && (charge || hwCharge))
    bits.hwChargeValid = Uint8Array.from(hwPt, (_, i) => (charge?.[i] === 0 ? 0 : 1));
  return { ...collection, columns: { ...columns, ...bits } };
}

interface CopyOptions {
  readonly fields: Fields;
  readonly slots: number;
  readonly b: number;
  readonly event: number;
}

function copyObjects(list: OrbitCollection, source: ObjectCollection, options: CopyOptions): void {
  const { fields, slots, b, event } = options;
  const { offsets, columns } = source;
  const hwPt = objectColumn(source, "hwPt", "orbitFromEvents");
  const hwQual =
    fields === muonFields ? objectColumn(source, "hwQual", "orbitFromEvents: muons") : null;
  let n = list.offsets[b];
  const full = n + slots;
  for (let i = offsets[event]; i < offsets[event + 1] && n < full; i++) {
    if (hwPt[i] === 0 || hwQual?.[i] === 0) continue;
    for (const [name, [low, high, standIn = ""]] of Object.entries(fields)) {
      const value = (columns[name] ?? columns[standIn])?.[i] ?? 0;
      if (!(Number.isInteger(value) && value >= low && value <= high))
        throw new ConfigError(
          `orbitFromEvents: ${name} is ${value} in event ${event}, expected an integer in [${low}, ${high}]`,
        );
      list.columns[name][n] = value;
    }
    for (const rest of ["extra", "slot"])
      if (rest in list.columns) list.columns[rest][n] = rest === "slot" ? n - list.offsets[b] : 0;
    if (fields === jetFields) list.columns.spare[n] = 0;
    n++;
  }
  list.offsets[b] = n;
}

function copySums(
  sums: OrbitCollection,
  source: ObjectCollection,
  event: number,
  at: number,
): void {
  const { etSumType, hwPt, hwPhi, spare } = source.columns;
  for (let i = source.offsets[event]; i < source.offsets[event + 1]; i++) {
    const word = testVectorSums.indexOf(etSumType[i] as (typeof testVectorSums)[number]);
    if (etSumType[i] < 0 || word < 0) continue;
    sums.columns.hwPt[at + word] = Math.min(4095, hwPt[i]);
    sums.columns.hwPhi[at + word] = hwPhi?.[i] ?? 0;
    sums.columns.spare[at + word] = spare?.[i] ?? 0;
  }
}

function addBlock({ blocks }: OrbitOf<"gmt"> | OrbitOf<"calo">, bx: number): void {
  blocks.bx[blocks.count] = bx;
  blocks.header[blocks.count] = 0;
  blocks.flag[blocks.count++] = 0;
}
