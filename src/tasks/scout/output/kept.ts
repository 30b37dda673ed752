import { l1Scales, wrapPhi } from "../../../cms/index.ts";
import { type ObjectKind, objectKinds, type ScoutOrbit } from "../orbit/scout-orbit.ts";

/** A column of kept crossings. */
export interface KeptColumn {
  readonly name: string;
  readonly type: "uint32" | "int32" | "float32" | "bool";
  readonly unit: string | null;
  /** Of the crossings [rows], or of the objects of `list` [objects]. */
  readonly values: Uint32Array | Int32Array | Float32Array | Uint8Array;
  /** "L1Mu", ...; null for columns of the crossing. */
  readonly list: string | null;
}

/** Kept crossings, one a row, in the layout of scouting NanoAOD. */
export interface KeptCrossings {
  readonly rows: number;
  /** First object of each crossing by list [rows + 1]. */
  readonly offsets: Readonly<Record<string, Uint32Array>>;
  readonly columns: readonly KeptColumn[];
}

/** A column while it fills: of crossings from (bx, row of the orbit or -1), of objects from i. */
interface Filling extends Omit<KeptColumn, "values"> {
  readonly values: number[];
  readonly of: (orbit: ScoutOrbit, at: number, row: number) => number;
}

const column = (
  name: string,
  of: Filling["of"],
  { type = "float32", unit = null, list = null }: Partial<Filling> = {},
): Filling => ({ name, of, type, unit, list, values: [] });

/** Names of the lists (cmssw L1TriggerScouting/NanoAOD). */
const lists = { muons: "L1Mu", jets: "L1Jet", egs: "L1EG", taus: "L1Tau" } as const;
const { pt, eta, phi } = l1Scales.muon;
type MuonColumn = keyof ScoutOrbit["gmt"]["objects"]["muons"]["columns"];
const muon = (orbit: ScoutOrbit, name: MuonColumn, i: number) =>
  orbit.gmt.objects.muons.columns[name][i];

/** `pt`, `eta`, `phi` of muons are Level 1's, at the station; `...Calib` what the stages saw. */
function muonColumns(list: string, hasIntegers: boolean): Filling[] {
  const integers = ["hwPt", "hwEtaAtVtx", "hwPhiAtVtx"] as const;
  const real = (name: string, of: Filling["of"], unit: string | null) =>
    column(`${list}_${name}`, of, { list, unit });
  return [
    real("pt", (o, i) => (muon(o, "hwPt", i) - pt.zero) * pt.width, "GeV"),
    real("eta", (o, i) => muon(o, "hwEta", i) * eta.width, null),
    real("phi", (o, i) => wrapPhi(muon(o, "hwPhi", i) * phi.width), "rad"),
    real("etaAtVtx", (o, i) => muon(o, "hwEtaAtVtx", i) * eta.width, null),
    real("phiAtVtx", (o, i) => wrapPhi(muon(o, "hwPhiAtVtx", i) * phi.width), "rad"),
    real("ptCalib", (o, i) => o.objects.muons.pt[i], "GeV"),
    real("etaCalib", (o, i) => o.objects.muons.eta[i], null),
    real("phiCalib", (o, i) => o.objects.muons.phi[i], "rad"),
    ...(["hwPt", "hwEta", "hwPhi", "hwCharge", "hwQual", "tfMuonIndex", "hwDXY"] as const).map(
      (name) => column(`${list}_${name}`, (o, i) => muon(o, name, i), { list, type: "int32" }),
    ),
    ...(hasIntegers ? integers : []).map((name) =>
      column(`${list}_${name}Calib`, (o, i) => o.calibrated?.muons?.[name][i] ?? muon(o, name, i), {
        ...{ list, type: "int32" },
      }),
    ),
  ];
}

/** `pt` is Level 1's; calibrated jets have `ptCalib` too. */
function caloColumns(
  kind: Exclude<ObjectKind, "muons">,
  list: string,
  calibrated: KeptOptions["calibrated"],
): Filling[] {
  const integers = ["hwPt", "hwEta", "hwPhi", kind === "jets" ? "hwQual" : "hwIso"];
  const gev = { list, unit: "GeV" };
  const jets = kind === "jets" ? calibrated?.jets : undefined;
  const level1 = (o: ScoutOrbit, i: number) => o.calo.objects[kind].columns.hwPt[i];
  return [
    column(`${list}_pt`, (o, i) => level1(o, i) * l1Scales.jet.pt.width, gev),
    ...(jets ? [column(`${list}_ptCalib`, (o, i) => o.objects.jets.pt[i], gev)] : []),
    ...(jets === "integers"
      ? [
          column(`${list}_hwPtCalib`, (o, i) => o.calibrated?.jets?.hwPt[i] ?? level1(o, i), {
            ...{ list, type: "int32" },
          }),
        ]
      : []),
    column(`${list}_eta`, (o, i) => o.objects[kind].eta[i], { list }),
    column(`${list}_phi`, (o, i) => o.objects[kind].phi[i], { list, unit: "rad" }),
    ...integers.map((name) => {
      const of: Filling["of"] = (o, i) =>
        (o.calo.objects[kind].columns as Readonly<Record<string, ArrayLike<number>>>)[name][i];
      return column(`${list}_${name}`, of, { list, type: "int32" });
    }),
  ];
}

export interface KeptOptions {
  readonly run: number;
  /** Names of the selections, in the order of their bits; none keeps every crossing listed. */
  readonly selections: readonly string[];
  /** Quantities of a crossing to write. */
  readonly quantities: readonly string[];
  /** What stages calibrate: values, or integers too. Muons have calibrated values in any case. */
  readonly calibrated?: Partial<Record<"muons" | "jets", "values" | "integers">>;
}

/** Collects kept crossings of orbits as they come by. */
export interface KeptBuilder {
  /** Adds the kept crossings of an orbit, in ascending bx. @returns how many. */
  add(orbit: ScoutOrbit): number;
  finish(): KeptCrossings;
}

/** A builder without crossings. */
export function createKept({
  run,
  selections,
  quantities,
  calibrated = {},
}: KeptOptions): KeptBuilder {
  const perCrossing = [
    column("run", () => run, { type: "uint32" }),
    column("luminosityBlock", (o) => o.lumi, { type: "uint32" }),
    column("bunchCrossing", (_, bx) => bx, { type: "uint32" }),
    column("orbitNumber", (o) => o.orbit, { type: "uint32" }),
    ...selections.map((name, s) =>
      column(name, (o, bx) => (o.kept[bx] >>> s) & 1, { type: "bool" }),
    ),
    ...quantities.map((name) =>
      column(name, (o, _, row) => (row < 0 ? Number.NaN : o.values[name][row])),
    ),
  ];
  const perObject = objectKinds.map((kind) => {
    const list = lists[kind];
    const columns =
      kind === "muons"
        ? muonColumns(list, calibrated.muons === "integers")
        : caloColumns(kind, list, calibrated);
    return { kind, list, columns, ends: [0] };
  });
  let rows = 0;

  function keep(orbit: ScoutOrbit, bx: number, row: number): void {
    rows++;
    for (const { values, of } of perCrossing) values.push(of(orbit, bx, row));
    for (const { kind, columns, ends } of perObject) {
      const { offsets } = orbit.objects[kind];
      const [start, end] = [offsets[bx - 1], offsets[bx]];
      ends.push(ends[ends.length - 1] + end - start);
      if (start === end) continue;
      for (const { values, of } of columns)
        for (let i = start; i < end; i++) values.push(of(orbit, i, row));
    }
  }

  return {
    add(orbit) {
      const before = rows;
      const { bx, kept } = orbit;
      if (selections.length === 0) for (let r = 0; r < orbit.rows; r++) keep(orbit, bx[r], r);
      else
        for (let b = 1, r = 0; b < kept.length; b++) {
          if (kept[b] === 0) continue;
          while (r < orbit.rows && bx[r] < b) r++;
          keep(orbit, b, r < orbit.rows && bx[r] === b ? r : -1);
        }
      return rows - before;
    },
    finish: () => ({
      rows,
      offsets: Object.fromEntries(
        perObject.map(({ list, ends }) => [list, Uint32Array.from(ends)]),
      ),
      columns: [...perCrossing, ...perObject.flatMap(({ columns }) => columns)].map(
        ({ of: _, values, ...rest }) => ({ ...rest, values: arrays[rest.type].from(values) }),
      ),
    }),
  };
}

const arrays = {
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  bool: Uint8Array,
} as const;
