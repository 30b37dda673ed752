import { nearMiss } from "../../base/near-miss.ts";

/** Closed ranges of hardware integers. */
export type Windows = readonly (readonly [low: number, high: number])[];

/** What one object must fulfil: its column lies in one of the windows. */
export interface ObjectCut {
  readonly name: string;
  readonly column: string;
  readonly windows: Windows;
}

/** What the objects of a function must fulfil together; limits in physical units, both included. */
export interface CorrelationCut {
  readonly name: string;
  readonly kind: CorrelationKind;
  readonly min: number;
  readonly max: number;
  /** Of CHGCOR. */
  readonly sign?: "os" | "ls";
}

/** Why a name is no cut. */
export interface BadCut {
  readonly problem: string;
}

const correlationKinds = {
  ...{ CHGCOR: "sign", DETA: "max", DPHI: "min", DR: "max", MASS: "min", MASSUPT: "min" },
  ...{ ORMDETA: "max", ORMDPHI: "max", ORMDR: "max" },
} as const;
export type CorrelationKind = keyof typeof correlationKinds;

const muonKinds = ["ETA", "PHI", "QLTY", "ISO", "INDEX", "UPT", "IP", "CHG"] as const;
const objectKinds = {
  MU: muonKinds,
  EG: ["ETA", "PHI", "ISO"],
  TAU: ["ETA", "PHI", "ISO"],
  JET: ["ETA", "PHI", "DISP"],
} as const;
type CutObject = keyof typeof objectKinds;

const muonColumns: Readonly<Record<(typeof muonKinds)[number], string>> = {
  ETA: "hwEtaAtVtx",
  PHI: "hwPhiAtVtx",
  QLTY: "hwQual",
  ISO: "hwIso",
  INDEX: "tfMuonIndex",
  UPT: "hwPtUnconstrained",
  IP: "hwDXY",
  CHG: "hwCharge",
};
const caloColumns = { ETA: "hwEta", PHI: "hwPhi", ISO: "hwIso", DISP: "hwDisplaced" };

/** 2p52 is 2.52. */
const number = (text: string) => Number(text.replace("p", "."));
const digits = "(\\d+(?:p\\d+)?)";
const matched = (pattern: string, text: string) => new RegExp(`^${pattern}$`, "i").exec(text);

/** Eta cuts by name with their limits in eta, at edges of bins, where a menu says more than the name. */
export type EtaCuts = Readonly<
  Record<string, { readonly minimum: number; readonly maximum: number }>
>;

/**
 * A cut on one object from its name, such as JET-ETA_2p52: the object, the kind, the value. Where
 * the name leaves the integer open, see docs/menu.md for the rule.
 */
export function objectCut(type: string, name: string, etaCuts: EtaCuts = {}): ObjectCut | BadCut {
  const kinds: readonly string[] = objectKinds[type as CutObject] ?? [];
  if (kinds.length === 0) return { problem: `${type} takes no cuts` };
  const parts = /^([A-Z]+)-([A-Z]+)_(.+)$/.exec(name);
  const kind = parts?.[2] ?? "";
  if (parts?.[1] !== type || !kinds.includes(kind))
    return unknown(
      name,
      kinds.map((k) => `${type}-${k}_`),
      parts ? `${parts[1]}-${kind}_` : name,
    );
  const value = parts[3];
  const isMuon = type === "MU";
  const column = isMuon
    ? muonColumns[kind as keyof typeof muonColumns]
    : caloColumns[kind as keyof typeof caloColumns];
  const windows = Object.hasOwn(etaCuts, name)
    ? etaLimits(etaCuts[name], isMuon)
    : decoders[kind as keyof typeof decoders](value, isMuon);
  return typeof windows === "string"
    ? { problem: `"${name}": ${windows}` }
    : { name, column, windows };
}

/** A cut between objects from its name, such as MASS_MIN_30 or DPHI_DPHI_MIN2p094_MAX3p142. */
export function correlationCut(name: string, allowed: readonly string[]): CorrelationCut | BadCut {
  const kind = /^[A-Z]+(?=_)/.exec(name)?.[0] ?? name;
  if (!allowed.includes(kind))
    return unknown(
      name,
      allowed.map((k) => `${k}_`),
      `${kind}_`,
    );
  const single = correlationKinds[kind as CorrelationKind];
  const base = { name, kind: kind as CorrelationKind, min: 0, max: Number.POSITIVE_INFINITY };
  const value = name.replace(new RegExp(`^(${kind}_)+`), "");
  if (single === "sign") {
    if (value === "OS") return { ...base, sign: "os" };
    if (value === "SS" || value === "LS") return { ...base, sign: "ls" };
    return { problem: `"${name}": expected CHGCOR_OS or CHGCOR_SS` };
  }
  const range = matched(`${digits}to${digits}`, value);
  if (range) return { ...base, min: number(range[1]), max: number(range[2]) };
  const limits = matched(`(?:min_?${digits})?_?(?:max_?${digits})?`, value);
  if (limits)
    return {
      ...base,
      min: limits[1] === undefined ? 0 : number(limits[1]),
      max: limits[2] === undefined ? base.max : number(limits[2]),
    };
  if (!matched(digits, value))
    return { problem: `"${name}": expected a number, MIN_x, MAX_x or AtoB after ${kind}_` };
  return { ...base, [single]: number(value) };
}

function unknown(name: string, prefixes: readonly string[], start: string): BadCut {
  const guess = nearMiss(start, prefixes);
  return {
    problem: `unknown cut "${name}"; ${guess ? `did you mean ${guess}...?` : `there are ${prefixes.join(", ")}`}`,
  };
}

/** From the value in a name to hardware integers, or what is expected instead. */
type Decoder = (value: string, isMuon: boolean) => Windows | string;
const decoders: Readonly<Record<string, Decoder>> = {
  ETA: etaWindows,
  PHI: phiWindows,
  QLTY(value) {
    const least = { OPEN: 4, DBLE: 8, SNGL: 12 }[value] ?? (/^\d+$/.test(value) ? +value : null);
    if (least !== null && least < 16) return [[least, 15]];
    return lut(value, 16) ?? "expected OPEN, DBLE, SNGL, a quality 0 to 15 or 0x...";
  },
  ISO: (value) => lut(value, 4) ?? "expected a mask of the four isolation values, as 0xC",
  INDEX(value) {
    const range = matched("(\\d+)_(\\d+)", value);
    if (range) return [[+range[1], +range[2]]];
    return trackFinders[value] ?? `expected ${Object.keys(trackFinders).join(", ")} or A_B`;
  },
  UPT(value) {
    const range = matched(`${digits}(?:to${digits})?`, value);
    const hw = (gev: string) => Math.ceil(number(gev)) + 1;
    return range
      ? [[hw(range[1]), range[2] === undefined ? 255 : hw(range[2])]]
      : "expected GeV, as UPT_10";
  },
  IP: (value) =>
    (/^[0-3]+$/.test(value) ? [...value].map((v) => [+v, +v] as const) : lut(value, 4)) ??
    "expected the accepted values, as IP_123",
  CHG(value) {
    const bit = { POS: 0, NEG: 1 }[value];
    return bit === undefined ? "expected POS or NEG" : [[bit, bit]];
  },
  DISP: (value) => (value === "LLP" ? [[1, 1]] : "expected LLP"),
};

/** Muon index ranges of the track finders (cmssw L1Trigger/L1TMuon, tfMuonIndex). */
const trackFinders: Readonly<Record<string, Windows>> = {
  BMTF: [[36, 71]],
  OMTF_POS: [[18, 35]],
  OMTF_NEG: [[72, 89]],
  EMTF_POS: [[0, 17]],
  EMTF_NEG: [[90, 107]],
};

/** Values k whose bit is set in a hexadecimal mask. */
function lut(value: string, size: number): Windows | null {
  const mask = /^0x[0-9a-f]+$/i.test(value) ? Number(value) : Number.NaN;
  if (!(mask < 2 ** size)) return null;
  return Array.from({ length: size }, (_, k) => [k, k] as const).filter(([k]) => (mask >> k) & 1);
}

const caloWidth = 0.087 / 2;
const muonWidth = 0.087 / 8;
/** |eta| where the regions of the track finders end, at edges of muon bins. */
const regions: Readonly<Record<string, readonly [number, number]>> = {
  BMTF: [0.005, 0.799],
  OMTF: [0.799, 1.245],
  EMTF: [1.245, 2.45],
};

/**
 * Calorimeter bin n covers n to n + 1 widths, and the edge nearest to the named value counts;
 * muon bin n is centered at n widths, and the bin that holds the named value counts.
 */
function etaWindows(value: string, isMuon: boolean): Windows | string {
  const plain = value.replace(/_HASHFIX$/, "").replace(/^CEN_/, "");
  const side = /_(POS|NEG)$/.exec(plain)?.[1];
  const rest = plain.replace(/_(POS|NEG)(?=$|_er)/, "");
  const sideOf = side ?? /_(POS|NEG)_er/.exec(plain)?.[1];
  const range = regionRange(rest, isMuon) ?? (isMuon ? muonRange(rest) : caloRange(rest)) ?? null;
  if (range === null)
    return "expected a value as 2p52, FWD_2p52, 1p392_2p958 or a region, _POS, _NEG";
  const [low, high] = range;
  const positive = [low, high] as const;
  const negative = isMuon ? ([-high, -low] as const) : ([-high - 1, -low - 1] as const);
  if (sideOf === "POS") return [positive];
  if (sideOf === "NEG") return [negative];
  return low <= (isMuon ? 1 : 0) ? [[negative[0], high]] : [negative, positive];
}

/** Where the minimum is above the maximum, what lies outside is accepted, as in the trigger. */
function etaLimits({ minimum, maximum }: EtaCuts[string], isMuon: boolean): Windows {
  const [width, center, half] = isMuon ? [muonWidth, 0.5, 256] : [caloWidth, 0, 128];
  const low = Math.round(minimum / width + center);
  const high = Math.round(maximum / width + center) - 1;
  if (minimum <= maximum) return [[low, high]];
  return [
    [-half, high],
    [low, half - 1],
  ];
}

function regionRange(value: string, isMuon: boolean): readonly [number, number] | null {
  const parts = matched(`([BOE]MTF)(?:_er${digits})?`, value);
  if (!isMuon || parts === null) return null;
  const [low, high] = regions[parts[1]];
  const end = parts[2] === undefined ? Math.round(high / muonWidth - 0.5) : muonBin(parts[2]);
  return [Math.round(low / muonWidth + 0.5), end];
}

const muonBin = (value: string) => Math.round(number(value) / muonWidth);
function muonRange(value: string): readonly [number, number] | null {
  const parts = matched(`(?:${digits}_)?${digits}`, value);
  if (parts) return [parts[1] === undefined ? 0 : muonBin(parts[1]), muonBin(parts[2])];
  const forward = matched(`FWD_${digits}`, value);
  return forward && [muonBin(forward[1]), muonBin("2p45")];
}

const caloEdge = (value: string) => Math.round(number(value) / caloWidth);
function caloRange(value: string): readonly [number, number] | null {
  const parts = matched(`(?:${digits}_)?${digits}`, value);
  if (parts) return [parts[1] === undefined ? 0 : caloEdge(parts[1]), caloEdge(parts[2]) - 1];
  const forward = matched(`FWD_${digits}`, value);
  return forward && [caloEdge(forward[1]), caloEdge("5p0") - 1];
}

/** TOP120: 120 degrees around pi/2; BOTTOM120: around 3 pi/2. */
function phiWindows(value: string, isMuon: boolean): Windows | string {
  const parts = matched(`(TOP|BOTTOM)(\\d+)`, value);
  if (parts === null) return "expected TOP or BOTTOM and a width in degrees, as TOP120";
  const perDegree = (isMuon ? 576 : 144) / 360;
  const [center, half] = [parts[1] === "TOP" ? 90 : 270, +parts[2] / 2];
  return [[Math.round((center - half) * perDegree), Math.round((center + half) * perDegree) - 1]];
}
