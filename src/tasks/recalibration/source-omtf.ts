import { fromNumbers, hostArray } from "../../base/host-array.ts";
import { numericColumn } from "../../data/index.ts";
import type { Tensor } from "../../graph/index.ts";
import {
  cast,
  clip,
  concat,
  constant,
  div,
  equal,
  gather,
  isNan,
  log,
  mul,
  not,
  sub,
  sum,
  where,
} from "../../ops/index.ts";
import type { InputColumn, ObjectSource } from "./sources.ts";

/** Detector layers of the overlap track finder; the file has one hit column for each. */
const layers = 18;

/** Layers that measure the bending angle, not phi: DT MB1, MB2, MB3 (deduced from the hits). */
const bendingLayers = [1, 3, 5];

/** Layer behind each value of `l1_ref_layer` (the hit that is always present for it). */
const referenceLayers = [0, 7, 2, 6, 16, 4, 10, 11];

/** Values that `l1_quality` takes. */
const qualities = [0, 4, 12];

const hitNames = Array.from({ length: layers }, (_, i) => `hit${i}`);

/**
 * Emulated muons of the CMS overlap muon track finder with the generated muon beside them: the
 * bundled `omtf_single_muon.csv.gz`. There is no L1 phi in it, so pt and eta are recalibrated.
 */
export const omtfSource: ObjectSource = {
  object: "muons",
  name: "omtf",
  title: "overlap muon track finder candidates",
  inputs: [
    { name: "l1_pt", unit: "GeV" },
    { name: "l1_eta", unit: null },
    { name: "l1_charge", unit: null, range: [-1, 1] },
    { name: "l1_quality", unit: null, range: [0, 15] },
    { name: "l1_ref_layer", unit: null, range: [0, 7] },
    ...hitNames.map((name): InputColumn => ({ name, unit: null, optional: true })),
  ],
  targets: { eta: "gen_eta", pt: "gen_pt" },
  reference: "generated",
  split: { column: "split", train: "train", test: "valid" },
  zeroMeansUnmatched: false,
  dropsDuplicates: true,
  // bends have long tails: scaled to [0, 1] most muons would sit in a hundredth of the range
  scaling: "standard",
  level1: (table) => ({ eta: numericColumn(table, "l1_eta"), pt: numericColumn(table, "l1_pt") }),
  offline: (table) => {
    const has = (name: string) => table.columns.some((c) => c.name === name);
    return {
      ...(has("gen_eta") ? { eta: numericColumn(table, "gen_eta") } : {}),
      ...(has("gen_pt") ? { pt: numericColumn(table, "gen_pt") } : {}),
    };
  },
  level1Graph: (columns) => ({ eta: columns.l1_eta, pt: columns.l1_pt }),
  features,
};

/*
 * A muon bends away from its charge, so hits relative to the reference layer are multiplied by the
 * L1 charge: then one sign means "more bent than the reference". Multiplied by the L1 pt as well
 * they are nearly constant for a right pt, which a small network finds easier than 1/pt.
 */
function features(columns: Readonly<Record<string, Tensor>>) {
  const { l1_pt: pt, l1_eta: eta, l1_charge: charge } = columns;
  const hits = concat(
    hitNames.map((name) => columns[name]),
    1,
  ); // [batch, layers]
  const missing = isNan(hits);
  const present = cast(not(missing), "float32");
  const phi = where(missing, 0, hits);
  const reference = oneHotOf(columns.l1_ref_layer, [...referenceLayers.keys()]); // [batch, 8]
  const candidates = gather(phi, intConstant(referenceLayers), 1); // [batch, 8]
  const phiReference = sum(mul(reference, candidates), { axes: 1, keepDims: true });
  const isPhi = fromNumbers(
    "float32",
    [1, layers],
    hitNames.map((_, i) => (bendingLayers.includes(i) ? 0 : 1)),
  );
  const relative = sub(phi, mul(phiReference, constant(isPhi)));
  const bend = mul(clip(mul(mul(relative, charge), present), -bendLimit, bendLimit), 1 / bendUnit);
  return {
    names: [
      "log pt",
      "1/pt",
      "eta",
      "charge",
      ...qualities.map((q) => `quality ${q}`),
      ...referenceLayers.map((l) => `reference layer ${l}`),
      "reference phi",
      ...hitNames.map((h) => `${h} present`),
      ...hitNames.map((h) => `${h} bend`),
      ...hitNames.map((h) => `${h} bend x pt`),
    ],
    x: concat(
      [
        log(pt),
        div(1, pt),
        eta,
        charge,
        oneHotOf(columns.l1_quality, qualities),
        reference,
        phiReference,
        present,
        bend,
        mul(bend, mul(pt, 1 / ptUnit)),
      ],
      1,
    ),
  };
}

/** Hits farther than this from the reference, in processor phi units, belong to something else. */
const bendLimit = 300;
const bendUnit = 50;
/** GeV; typical pt, so that bend x pt is of order 1. */
const ptUnit = 15;

/** 1 in the column of the value that x [batch, 1] has. */
function oneHotOf(x: Tensor, values: readonly number[]): Tensor {
  return cast(equal(x, constant(fromNumbers("float32", [1, values.length], values))), "float32");
}

function intConstant(values: readonly number[]): Tensor {
  return constant(hostArray("int64", [values.length], BigInt64Array.from(values, BigInt)));
}
