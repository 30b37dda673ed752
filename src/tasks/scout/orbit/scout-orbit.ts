import { FormatError } from "../../../base/errors.ts";
import { l1Scales } from "../../../cms/index.ts";
import type { MenuBits } from "../../../cms/menu/index.ts";
import { createDecoder, type OrbitDecoder, type OrbitOf } from "../../../cms/scouting/decoder.ts";
import {
  clearOrbit,
  crossingsPerOrbit,
  type OrbitBlocks,
  type OrbitCollection,
} from "../../../cms/scouting/orbit-objects.ts";
import { isCaloTcp } from "../../../cms/scouting/sources.ts";
import { caloScalars } from "../../../cms/scouting/trigger-objects.ts";
import type { RawOrbit } from "./block.ts";
import { type CaloTcp, type CaloTcpDecoder, createCaloTcpDecoder, noCaloTcp } from "./calo-tcp.ts";
import {
  createExtraDecoder,
  createExtras,
  type ExtraDecoder,
  type Extras,
  extraKinds,
} from "./extra-objects.ts";
import { createRowCounts, type RowCounts } from "./row-counts.ts";

/** Kinds of objects of a crossing. */
export const objectKinds = ["muons", "jets", "egs", "taus"] as const;
export type ObjectKind = (typeof objectKinds)[number];

/** Objects of one kind in physical units, in the places of the hardware integers. */
export interface Physical {
  /** [3565], the decoder's. */
  readonly offsets: Uint32Array;
  /** GeV [room]. */
  readonly pt: Float64Array;
  readonly eta: Float64Array;
  /** rad in [-pi, pi) [room]. */
  readonly phi: Float64Array;
}

/** Calibrated values as the trigger's integers, in the places of Level 1's. */
export interface CalibratedIntegers {
  muons?: {
    readonly hwPt: Uint16Array;
    readonly hwEtaAtVtx: Int16Array;
    readonly hwPhiAtVtx: Uint16Array;
  };
  jets?: { readonly hwPt: Uint16Array };
}

/** One orbit on its way through the stages. All storage is made once and used again. */
export interface ScoutOrbit {
  orbit: number;
  /** Luminosity section. */
  lumi: number;
  readonly gmt: OrbitOf<"gmt">;
  readonly calo: OrbitOf<"calo">;
  /** Whether the source had this orbit of the calorimeter. */
  hasCalo: boolean;
  readonly objects: Readonly<Record<ObjectKind, Physical>>;
  /** Stubs and towers, where the stream has them. */
  readonly extras: Extras;
  /** Crossings with a block of any source: bx [rows], ascending. */
  rows: number;
  readonly bx: Uint16Array;
  /** Objects by row, made when first asked for: see `rowCounts`. */
  readonly counts: Readonly<Record<ObjectKind, RowCounts>>;
  /** Quantities of these crossings by name [rows]; NaN where a crossing has none. */
  readonly values: Record<string, Float64Array>;
  /** Only where a stage rounds calibrated values, for menus after it. */
  calibrated?: CalibratedIntegers;
  /** What the trigger menu decided, where there is one. */
  decision: MenuBits | null;
  /** Selections that keep crossing bx, a bit each [3565]. */
  readonly kept: Uint32Array;
}

/** Decoders, one for each source. */
export interface Decoders {
  readonly gmt: OrbitDecoder<"gmt">;
  readonly calo: OrbitDecoder<"calo">;
  readonly caloTcp: CaloTcpDecoder;
  readonly extras: ExtraDecoder;
}

export const createDecoders = (caloTcp: CaloTcp = noCaloTcp): Decoders => ({
  gmt: createDecoder("gmt"),
  calo: createDecoder("calo"),
  caloTcp: createCaloTcpDecoder(caloTcp),
  extras: createExtraDecoder(),
});

/** Storage for one orbit, to be filled by these decoders. */
export function createScoutOrbit(decoders: Decoders): ScoutOrbit {
  const gmt = decoders.gmt.create();
  const calo = decoders.calo.create();
  const { jets, egs, taus } = calo.objects;
  const muons = physical(gmt.objects.muons);
  const objects = { muons, jets: physical(jets), egs: physical(egs), taus: physical(taus) };
  return {
    ...{ orbit: -1, lumi: 0, gmt, calo, hasCalo: false, objects },
    extras: createExtras(),
    rows: 0,
    bx: new Uint16Array(crossingsPerOrbit),
    counts: {
      ...{ muons: createRowCounts(), jets: createRowCounts() },
      ...{ egs: createRowCounts(), taus: createRowCounts() },
    },
    values: {},
    decision: null,
    kept: new Uint32Array(crossingsPerOrbit + 1),
  };
}

function physical({ offsets, columns }: OrbitCollection): Physical {
  const room = columns.hwPt.length;
  const column = () => new Float64Array(room);
  return { offsets, pt: column(), eta: column(), phi: column() };
}

/**
 * Decodes all sources into the storage; one that is not there leaves no objects.
 * @throws FormatError for blocks that are not what they should be.
 */
export function decodeInto(into: ScoutOrbit, raw: RawOrbit, decoders: Decoders): void {
  const { gmt, calo } = decoders;
  into.orbit = raw.orbit;
  into.lumi = raw.lumi;
  into.decision = null;
  into.kept.fill(0);
  into.hasCalo = raw.calo !== undefined;
  if (raw.gmt) gmt.decode(raw.gmt, into.gmt, raw.orbit);
  else if (isFilled(into.gmt)) clearOrbit(into.gmt);
  if (raw.calo) calo.decode(raw.calo, into.calo, raw.orbit);
  else if (isFilled(into.calo)) clearOrbit(into.calo);
  for (const kind of extraKinds) into.extras[kind].isThere = false;
  if (raw.others) decodeOthers(into, raw.others, decoders);
}

function decodeOthers(
  into: ScoutOrbit,
  others: NonNullable<RawOrbit["others"]>,
  { caloTcp, extras }: Decoders,
): void {
  extras.decode(others, into.orbit, into.extras);
  if (!into.hasCalo) into.hasCalo = caloTcp.decode(others, into.orbit, into.calo);
  else if ([...others.keys()].some(isCaloTcp))
    throw new FormatError(`orbit ${into.orbit}: calorimeter by DMA and over TCP; send one of them`);
}

/** False where nothing was decoded since it was made or cleared: to clear it again takes time. */
const isFilled = ({ orbit }: { readonly orbit: number }) => orbit >= 0;

/** Fills the physical values and the list of crossings from the decoded integers. */
export function fillPhysical(orbit: ScoutOrbit): void {
  fillMuons(orbit);
  if (orbit.hasCalo)
    for (const kind of ["jets", "egs", "taus"] as const)
      fillCalo(orbit.calo.objects[kind].columns, orbit.objects[kind]);
  listCrossings(orbit);
  for (const kind of objectKinds) orbit.counts[kind].isMade = false;
}

function fillMuons({ gmt, objects }: ScoutOrbit): void {
  const { hwPt, hwEtaAtVtx, hwPhiAtVtx } = gmt.objects.muons.columns;
  const { offsets, pt, eta, phi } = objects.muons;
  const { zero, width } = l1Scales.muon.pt;
  const etaWidth = l1Scales.muon.eta.width;
  const { width: phiWidth, turn } = l1Scales.muon.phi;
  const n = offsets[crossingsPerOrbit];
  for (let i = 0; i < n; i++) {
    pt[i] = (hwPt[i] - zero) * width;
    eta[i] = hwEtaAtVtx[i] * etaWidth;
    phi[i] = centered(hwPhiAtVtx[i], turn) * phiWidth;
  }
}

/** Integers of the calorimeter; the columns of jets, e/gammas and taus have the same types. */
interface CaloColumns {
  readonly hwPt: Uint16Array;
  readonly hwEta: Int8Array;
  readonly hwPhi: Uint8Array;
}

function fillCalo({ hwPt, hwEta, hwPhi }: CaloColumns, { offsets, pt, eta, phi }: Physical): void {
  const scales = l1Scales.jet; // steps are those of e/gammas and taus
  const [ptWidth, etaWidth] = [scales.pt.width, scales.eta.width];
  const { width: phiWidth, turn } = scales.phi;
  const n = offsets[crossingsPerOrbit];
  for (let i = 0; i < n; i++) {
    pt[i] = hwPt[i] * ptWidth;
    eta[i] = hwEta[i] * etaWidth;
    phi[i] = centered(hwPhi[i], turn) * phiWidth;
  }
}

/** Steps of the upper half less by a turn; without a branch, which would go either way. */
const centered = (steps: number, turn: number) => steps - (turn & ((turn / 2 - 1 - steps) >> 31));

/** The crossings of all sources, merged in ascending order. */
function listCrossings(orbit: ScoutOrbit): void {
  const { gmt, calo, hasCalo, bx } = orbit;
  if (hasCalo) orbit.rows = mergeCrossings(gmt.blocks, calo.blocks, bx);
  else {
    bx.set(gmt.blocks.bx.subarray(0, gmt.blocks.count));
    orbit.rows = gmt.blocks.count;
  }
  if (extraKinds.some((kind) => orbit.extras[kind].isThere)) addExtraCrossings(orbit);
}

function mergeCrossings(a: OrbitBlocks, b: OrbitBlocks, into: Uint16Array): number {
  let n = 0;
  let k = 0;
  for (let i = 0; i < a.count; i++) {
    const next = a.bx[i];
    while (k < b.count && b.bx[k] < next) into[n++] = b.bx[k++];
    if (k < b.count && b.bx[k] === next) k++;
    into[n++] = next;
  }
  while (k < b.count) into[n++] = b.bx[k++];
  return n;
}

function addExtraCrossings(orbit: ScoutOrbit): void {
  const { bx, extras } = orbit;
  const isRow = new Uint8Array(crossingsPerOrbit + 1);
  for (let r = 0; r < orbit.rows; r++) isRow[bx[r]] = 1;
  for (const { isThere, offsets } of Object.values(extras))
    for (let b = 1; isThere && b <= crossingsPerOrbit; b++)
      if (offsets[b] > offsets[b - 1]) isRow[b] = 1;
  orbit.rows = 0;
  for (let b = 1; b <= crossingsPerOrbit; b++) if (isRow[b]) bx[orbit.rows++] = b;
}

/** The quantity of an orbit by name, with room for all crossings; made when first asked for. */
export function valuesOf({ values }: ScoutOrbit, name: string): Float64Array {
  values[name] ??= new Float64Array(crossingsPerOrbit);
  return values[name];
}

/** Sums of the calorimeter by name, each [3564]. */
export const scalarsOf = ({ calo, hasCalo }: ScoutOrbit) => (hasCalo ? caloScalars(calo) : {});
