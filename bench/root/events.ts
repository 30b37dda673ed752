import { createRng } from "../../src/base/rng.ts";
import type { RootColumn } from "../../src/data/root/column.ts";
import { type ColumnValues, elements, type NumberType } from "../../src/data/root/element.ts";
import type { Compression } from "../../src/data/root/write-codecs-node.ts";
import { createRootWriter } from "../../src/data/root/write-node.ts";

/** Draws one value; `i` counts the values of the branch. */
type Draw = (i: number) => number;

interface Field {
  readonly name: string;
  readonly type: NumberType;
  readonly counter?: string;
  /** Bits of the mantissa that are kept, as CMS does in NanoAOD; all by default. */
  readonly bits?: number;
  readonly draw: Draw;
}

const rng = createRng(40);
const { uniform, exponential } = rng;
const normal = (mean: number, width: number) => () => mean + width * rng.normal();
const share = (p: number) => () => Number(uniform() < p);
const angle = () => Math.PI * (2 * uniform() - 1);
const falling = (least: number, mean: number) => () => least + mean * exponential();

function collection(name: string, least: number, mean: number, last: Field): Field[] {
  const counter = `n${name}`;
  const common = { type: "float32", counter, bits: 8 } as const;
  return [
    { ...common, name: `${name}_pt`, draw: falling(least, mean) },
    { ...common, name: `${name}_eta`, draw: () => 5 * (uniform() + uniform() - 1) },
    { ...common, name: `${name}_phi`, draw: angle },
    { ...last, name: `${name}_${last.name}`, counter },
  ];
}

const count = (mean: number) => () => Math.min(20, Math.floor(mean * exponential() + uniform()));
const word = "uint32";
const real = { type: "float32", bits: 10 } as const;

/** 18 flat branches of ten types, three of them counters, and 12 jagged ones. */
export const fields: readonly Field[] = [
  { name: "run", type: word, draw: () => 382_250 },
  { name: "luminosityBlock", type: word, draw: (i) => 40 + Math.floor(i / 5000) },
  { name: "event", type: "uint64", draw: (i) => 9e8 + 37 * i + Math.floor(30 * uniform()) },
  { name: "orbit", type: "int64", draw: (i) => 1e7 + 11 * i },
  { name: "bunchCrossing", type: "uint16", draw: () => Math.floor(3564 * uniform()) },
  { name: "nPileUp", type: "int16", draw: () => Math.max(0, Math.round(50 + 12 * rng.normal())) },
  { name: "nVertex", type: "uint8", draw: () => Math.max(1, Math.round(40 + 10 * rng.normal())) },
  { name: "Vertex_z", ...real, draw: normal(0, 3.5) },
  { name: "Rho", ...real, draw: normal(30, 6) },
  { name: "MET_pt", ...real, draw: falling(0, 35) },
  { name: "MET_phi", ...real, draw: angle },
  { name: "MET_sumEt", ...real, draw: falling(300, 900) },
  { name: "genWeight", type: "float64", draw: () => (uniform() < 0.1 ? -1.25 : 1.25) },
  { name: "HLT_IsoMu24", type: "bool", draw: share(0.1) },
  { name: "HLT_PFHT1050", type: "bool", draw: share(0.02) },
  { name: "nMuon", type: word, draw: count(1.5) },
  { name: "nJet", type: word, draw: count(5) },
  { name: "nPhoton", type: word, draw: count(1.5) },
  ...collection("Muon", 3, 12, {
    name: "charge",
    type: "int32",
    draw: () => 2 * rng.integer(2) - 1,
  }),
  ...collection("Jet", 15, 25, {
    name: "flavor",
    type: "int32",
    draw: () => (uniform() < 0.1 ? 5 : 0),
  }),
  ...collection("Photon", 10, 15, {
    name: "r9",
    type: "float32",
    bits: 8,
    draw: normal(0.9, 0.05),
  }),
];

/** Two flat branches and a jagged one. */
export const threeNames = ["MET_pt", "nVertex", "Jet_pt"];

/** Entries of a basket in every branch, as ROOT's clusters have them. */
export const perBasket = 20_000;

/** Writes a tree "Events" of invented events to a new file. */
export async function writeEvents(path: string, rows: number, compression: Compression) {
  const writer = await createRootWriter(path, {
    compression,
    basketBytes: 1 << 24,
    basketEntries: perBasket,
    ...(compression === "xz" && { level: 1 }), // what it costs to unpack hardly depends on it
  });
  const tree = writer.tree("Events", fields);
  for (let first = 0; first < rows; first += perBasket)
    await tree.append(columnsOf(first, Math.min(perBasket, rows - first)));
  await writer.close();
}

function columnsOf(first: number, n: number): RootColumn[] {
  const flat = fields.filter(({ counter }) => counter === undefined);
  const columns = new Map(flat.map((field) => [field.name, columnOf(field, first, n)]));
  for (const field of fields) {
    if (field.counter === undefined) continue;
    const counts = columns.get(field.counter)?.values as Uint32Array;
    const offsets = new Uint32Array(n + 1);
    for (let i = 0; i < n; i++) offsets[i + 1] = offsets[i] + counts[i];
    columns.set(field.name, { ...columnOf(field, 0, offsets[n]), offsets });
  }
  return fields.map(({ name }) => columns.get(name) as RootColumn);
}

function columnOf({ name, type, bits, draw }: Field, first: number, n: number): RootColumn {
  const values = elements[type].make(n);
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    for (let i = 0; i < n; i++) values[i] = BigInt(draw(first + i));
  else for (let i = 0; i < n; i++) values[i] = draw(first + i);
  if (bits !== undefined) truncate(values, bits);
  return { name, type, values, inner: [] };
}

/** Rounds float32 values to a mantissa of so many bits. */
function truncate({ buffer }: ColumnValues, bits: number): void {
  const half = 1 << (22 - bits);
  const words = new Uint32Array(buffer);
  for (let i = 0; i < words.length; i++) words[i] = (words[i] + half) & ~(2 * half - 1);
}
