import { l1Scales } from "../../cms/scales.ts";
import { numericColumn, type Table } from "../../data/index.ts";
import { concat, log, mul } from "../../ops/index.ts";
import type { Variable } from "./quantities.ts";
import type { InputColumn, ObjectSource } from "./sources.ts";

/** Pile-up proxy that a jet model reads. */
export type Pileup = "auto" | "none" | "nTowers" | "nVertices";

const { pt, eta, phi } = l1Scales.jet;

const integer = (name: string, low: number, high: number): InputColumn => ({
  name,
  unit: null,
  range: [low, high],
});

const hardware = [
  integer("hwPt", pt.min, pt.max),
  integer("hwEta", eta.min, eta.max),
  integer("hwPhi", phi.min, phi.max),
];

/** Offline pt, GeV, in which soft jets have bins of their own. */
const ptEdges = [5, 7, 9, 12, 15, 18, 22, 27, 33, 40, 50, 65, 85, 120, 200];
const etaEdges = Array.from({ length: 21 }, (_, i) => (i - 10) / 2);

/** Bins that a proxy of pile-up is shown in. */
const pileups: Readonly<Record<string, { label: string; edges: readonly number[] }>> = {
  nVertices: {
    label: "Primary vertices",
    edges: [0, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 80, 120],
  },
  nTowers: {
    label: "Lit towers at |iη| ≤ 4",
    edges: Array.from({ length: 20 }, (_, i) => 10 * i),
  },
};

/**
 * Level-1 jets with the summed pt of the offline jets nearest to them, as `forty dataset jets` and
 * `forty simulate jets` write them (Losapio 2021, section 2b). The report's model reads three
 * integers; a proxy of pile-up beside them is what the official scouting corrections read too.
 */
function jetSource(proxy: "nTowers" | "nVertices" | null): ObjectSource {
  const level1Graph = (columns: Readonly<Record<string, Parameters<typeof mul>[0]>>) => ({
    pt: mul(columns.hwPt, pt.width),
  });
  return {
    object: "jets",
    name: "jets",
    title: `matched Level-1 jets${proxy ? ` with ${proxy}` : ""}`,
    inputs: proxy ? [...hardware, integer(proxy, 0, proxy === "nTowers" ? 576 : 1000)] : hardware,
    targets: { pt: "sumPtReco" },
    extras: ["nTowers", "nVertices"],
    reference: "offline",
    split: null,
    zeroMeansUnmatched: true,
    // there are few integers, and many jets that share them
    dropsDuplicates: false,
    // the pt spectrum has a long tail: scaled to [0, 1] nearly all jets would sit at 0
    scaling: "standard",
    level1: (table) => ({ pt: numericColumn(table, "hwPt").map((hw) => hw * pt.width) }),
    offline: (table) => ({ pt: numericColumn(table, "sumPtReco") }),
    variables,
    level1Graph,
    features: (columns) => ({
      names: ["log pt", "eta", "phi", ...(proxy ? [proxy] : [])],
      x: concat(
        [
          log(level1Graph(columns).pt),
          mul(columns.hwEta, eta.width),
          mul(columns.hwPhi, phi.width),
          ...(proxy ? [columns[proxy]] : []),
        ],
        1,
      ),
    }),
  };
}

function variables(table: Table): Variable[] {
  const has = (name: string) => table.columns.some((c) => c.name === name);
  return [
    {
      label: "Offline p_{T}",
      unit: "GeV",
      values: numericColumn(table, "sumPtReco"),
      edges: ptEdges,
    },
    { label: "L1 η", unit: "", values: jetEta(table), edges: etaEdges },
    ...Object.entries(pileups).flatMap(([name, { label, edges }]) => {
      const values = has(name) ? numericColumn(table, name) : null;
      return values?.every(Number.isFinite) ? [{ label, unit: "", values, edges }] : [];
    }),
  ];
}

/** Level-1 eta of the jets of a table. */
export function jetEta(table: Table): Float64Array {
  return numericColumn(table, "hwEta").map((hw) => hw * eta.width);
}

/** Richest first: a file with the proxy is read with it. */
export const jetSources: readonly ObjectSource[] = [
  jetSource("nTowers"),
  jetSource("nVertices"),
  jetSource(null),
];
