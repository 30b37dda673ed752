import { createRootWriter } from "../../../src/data/root/write-node.ts";
import { makeRootColumn } from "../../data/root/write-columns.ts";

type Numbers = readonly number[];

/** One event; objects as lists of numbers. */
export interface NanoEvent {
  readonly event: bigint;
  /** pt, eta, phi, charge */
  readonly muons: readonly Numbers[];
  /** hwPt, hwEta, hwPhi, hwCharge, bx, etaAtVtx, phiAtVtx */
  readonly l1Muons: readonly Numbers[];
  /** pt, eta, phi */
  readonly jets: readonly Numbers[];
  /** hwPt, hwEta, hwPhi, bx */
  readonly l1Jets: readonly Numbers[];
}

const noObjects = { muons: [], l1Muons: [], jets: [], l1Jets: [] };

/** An event of what is given. */
export function nanoEvent(event: number | bigint, objects: Partial<NanoEvent> = {}): NanoEvent {
  return { ...noObjects, ...objects, event: BigInt(event) };
}

/**
 * One close pair (L1 pt 21, offline 20 GeV, across phi = pi), one offline muon alone, and two
 * offline muons at one of two Level-1 muons; the other is of crossing 1 and of the wrong charge.
 */
export const sample: readonly NanoEvent[] = [
  nanoEvent(2n ** 40n + 1n, {
    muons: [[20, 0.125, -3.125, 1]],
    l1Muons: [[43, 9, 284, 0, 0, 0.125, 3.125]],
    jets: [
      [40, 1, 0, 0],
      [10, 1.25, 0],
      [30, 4, 2],
    ],
    l1Jets: [
      [100, 23, 0, 0],
      [60, -92, 100, 0],
    ],
  }),
  nanoEvent(7, { muons: [[30, 1, 1, -1]] }),
  nanoEvent(8, {
    muons: [
      [8, -1, 0.5, 1],
      [16, -1.125, 0.5, 1],
    ],
    l1Muons: [
      [21, -92, 46, 1, 0, -1, 0.5],
      [33, -103, 46, 0, 1, -1.125, 0.5],
    ],
  }),
];

/** Writes a NanoAOD file; `without` leaves out branches. */
export async function writeNano(
  path: string,
  events: readonly NanoEvent[],
  { without = [], run = 5 }: { without?: readonly string[]; run?: number } = {},
): Promise<void> {
  const flat = [
    makeRootColumn("run", "uint32", Array(events.length).fill(run)),
    makeRootColumn("luminosityBlock", "uint32", Array(events.length).fill(2)),
    makeRootColumn(
      "event",
      "uint64",
      events.map(({ event }) => event),
    ),
    makeRootColumn("PV_npvs", "int32", Array(events.length).fill(33)),
  ];
  const lists = {
    Muon: jagged(events, "muons", { pt: at(0), eta: at(1), phi: at(2), charge: at(3) }),
    L1Mu: jagged(events, "l1Muons", {
      pt: ([hw]) => 0.5 * (hw - 1),
      eta: (o) => o[1] * 0.010875,
      phi: (o) => (o[2] * 2 * Math.PI) / 576,
      hwEta: at(1),
      hwPhi: at(2),
      hwCharge: at(3),
      bx: at(4),
      etaAtVtx: at(5),
      phiAtVtx: at(6),
    }),
    Jet: jagged(events, "jets", { pt: at(0), eta: at(1), phi: at(2) }),
    L1Jet: jagged(events, "l1Jets", {
      pt: ([hw]) => 0.5 * hw,
      eta: (o) => o[1] * 0.0435,
      phi: (o) => o[2] * 0.0435,
      hwPt: at(0),
      hwEta: at(1),
      hwPhi: at(2),
      bx: at(3),
    }),
  };
  const columns = [
    ...flat.map((column) => ({ column, counter: undefined })),
    ...Object.entries(lists).flatMap(([name, of]) =>
      Object.entries(of.columns).map(([feature, values]) => ({
        column: makeRootColumn(
          `${name}_${feature}`,
          /^(bx|hw|charge)/.test(feature) ? "int32" : "float32",
          values,
          { counts: of.counts },
        ),
        counter: `n${name}`,
      })),
    ),
  ].filter(({ column }) => !without.includes(column.name));
  const writer = await createRootWriter(path);
  const schema = columns.map(({ column: { name, type }, counter }) => ({ name, type, counter }));
  const tree = writer.tree("Events", schema);
  if (events.length > 0) await tree.append(columns.map(({ column }) => column));
  await writer.close();
}

const at = (i: number) => (object: Numbers) => object[i];

function jagged(
  events: readonly NanoEvent[],
  name: "muons" | "l1Muons" | "jets" | "l1Jets",
  features: Readonly<Record<string, (object: Numbers) => number>>,
) {
  const objects = events.flatMap((event) => event[name]);
  return {
    counts: events.map((event) => event[name].length),
    columns: Object.fromEntries(
      Object.entries(features).map(([feature, of]) => [feature, objects.map(of)]),
    ),
  };
}
