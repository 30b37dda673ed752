import { ConfigError, DataError, FormatError } from "../../base/errors.ts";
import { towerHwEtas } from "../simulate/calo-towers.ts";

/** A compression table of the jet calibration: index to bin. */
export interface CompressionLut {
  /** Bits of the address; `bins` has 2^addressBits entries. */
  readonly addressBits: number;
  readonly dataBits: number;
  readonly bins: Uint8Array;
}

/** One entry of the calibration table. */
export interface CalibrationEntry {
  /** Range and mean of the pt this entry is for, in steps of 1 GeV (hwPt >> 1). */
  readonly ptMin: number;
  readonly ptMax: number;
  readonly ptMean: number;
  /** The scale factor that was asked for. */
  readonly scale: number;
  /** 18 bits: signed addend (8) and multiplier (10), see `applyWord`. */
  readonly word: number;
}

/**
 * A Level-1 jet calibration: address = etaBin << ptBits | ptBin, where ptBin comes from hwPt >> 1
 * (at most 255) and etaBin from |mpEta|, the tower number without the gap at 29.
 */
export interface CalibrationLut {
  readonly pt: CompressionLut;
  readonly eta: CompressionLut;
  /** Entries by address. */
  readonly entries: readonly CalibrationEntry[];
}

const headerPattern = /^#<header>\s+v1\s+(\d+)\s+(\d+)\s+<\/header>/;

/**
 * Reads a compression table: a header with address and data bits, then "index bin" per line, each
 * index once and in order; the rest of a line after # is a comment. Throws `FormatError` with line.
 */
export function parseCompressionLut(text: string, path: string): CompressionLut {
  let bits: readonly [number, number] | null = null;
  const bins: number[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const where = `${path}:${i + 1}`;
    const header = headerPattern.exec(line);
    if (header !== null) bits = [Number(header[1]), Number(header[2])];
    const fields = fieldsOf(line);
    if (fields.length === 0) continue;
    if (bits === null)
      throw new FormatError(
        `${where}: data before the header "#<header> v1 nAddress nData </header>"`,
      );
    const [index, bin] = fields.map(Number);
    if (fields.length !== 2 || index !== bins.length)
      throw new FormatError(`${where}: expected "${bins.length} bin", got "${line.trim()}"`);
    if (!(Number.isInteger(bin) && bin >= 0 && bin < 2 ** bits[1]))
      throw new FormatError(`${where}: bin ${fields[1]} does not fit into ${bits[1]} bits`);
    bins.push(bin);
  }
  if (bits === null || bins.length !== 2 ** bits[0])
    throw new FormatError(
      `${path}: expected a header and 2^${bits?.[0] ?? "n"} entries, got ${bins.length}`,
    );
  return { addressBits: bits[0], dataBits: bits[1], bins: Uint8Array.from(bins) };
}

/**
 * Reads a calibration table in decimal form: per line etaBin ptMin ptMax ptMean address-etaBin
 * ptBin scale word and, as a check, the scale the word has at ptMean and its ratio to `scale`.
 * Throws `FormatError` where a line contradicts itself or the compression tables.
 */
export function parseCalibrationLut(
  text: string,
  path: string,
  { pt, eta }: Pick<CalibrationLut, "pt" | "eta">,
): CalibrationLut {
  const entries: CalibrationEntry[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const fields = fieldsOf(line);
    if (fields.length === 0) continue;
    const where = `${path}:${i + 1}`;
    const values = fields.map(Number);
    if (values.length !== 10 || values.some((v) => !Number.isFinite(v)))
      throw new FormatError(`${where}: expected 10 numbers, got "${line.trim()}"`);
    const [etaBin, ptMin, ptMax, ptMean, addressEta, ptBin, scale, word, applied] = values;
    if (etaBin !== addressEta || ((etaBin << pt.dataBits) | ptBin) !== entries.length)
      throw new FormatError(
        `${where}: eta bin ${etaBin} (${addressEta}), pt bin ${ptBin} at address ${entries.length}`,
      );
    if (pt.bins[ptMin] !== ptBin || pt.bins[ptMax] !== ptBin)
      throw new FormatError(
        `${where}: pt ${ptMin} .. ${ptMax} is in bins ${pt.bins[ptMin]} .. ${pt.bins[ptMax]} of the compression table, not ${ptBin}`,
      );
    if (!(Number.isInteger(word) && word >= 0 && word < 1 << 18))
      throw new FormatError(`${where}: word ${fields[7]} does not fit into 18 bits`);
    const entry = { ptMin, ptMax, ptMean, scale, word };
    if (Math.abs(appliedScale(entry) - applied) > 1e-6)
      throw new FormatError(
        `${where}: word ${word} scales pt ${ptMean} by ${appliedScale(entry).toFixed(6)}, not ${applied}`,
      );
    entries.push(entry);
  }
  const wanted = (Math.max(...eta.bins) + 1) << pt.dataBits;
  if (entries.length !== wanted)
    throw new FormatError(`${path}: expected ${wanted} entries, got ${entries.length}`);
  return { pt, eta, entries };
}

function fieldsOf(line: string): string[] {
  const content = line.split("#", 1)[0].trim();
  return content === "" ? [] : content.split(/\s+/);
}

/** The scale an entry's word has at its mean pt; 1 at pt 0. */
function appliedScale({ ptMean, word }: CalibrationEntry): number {
  const hwPt = 2 * ptMean;
  return hwPt === 0 ? 1 : applyWord(hwPt, word) / hwPt;
}

/**
 * The calibrated hwPt as firmware and emulator compute it: (hwPt * multiplier >> 9) + addend with
 * the multiplier in the lower 10 bits of the word and the signed addend above, at most 0xFFFF. A
 * negative result wraps to a large unsigned number there and saturates; here too.
 * @see cmssw L1Trigger/L1TCalorimeter/src/firmware/Stage2Layer2JetAlgorithmFirmwareImp1.cc
 */
export function applyWord(hwPt: number, word: number): number {
  const addend = (word << 14) >> 24; // bits 10 .. 17 with their sign
  const corrected = ((hwPt * (word & 0x3ff)) >> 9) + addend;
  return corrected < 0 ? 0xffff : Math.min(corrected, 0xffff);
}

/** The multiplier of scale 1, and the largest. */
const unity = 512;
const largestMultiplier = 0x3ff;

/**
 * The word that scales hwPt (1 .. 2047) best: the middle one of the multipliers that give the
 * integer nearest scale * hwPt; where none does because hwPt steps over it (above 511), the nearest
 * multiplier; from a scale of 2 on the largest multiplier and an addend, at most 127.
 */
export function encodeWord(hwPt: number, scale: number): number {
  if (hwPt === 0) return unity;
  const target = Math.round(scale * hwPt);
  // (hwPt m >> 9) = target  <=>  512 target <= hwPt m < 512 (target + 1)
  const first = Math.ceil((unity * target) / hwPt);
  const last = Math.min(largestMultiplier, Math.ceil((unity * (target + 1)) / hwPt) - 1);
  if (first <= last) return first + Math.ceil((last - first) / 2);
  if (first <= largestMultiplier) return Math.round(unity * scale);
  const plain = (hwPt * largestMultiplier) >> 9;
  return (Math.min(127, target - plain) << 10) | largestMultiplier;
}

/** |hwEta| to |mpEta| (1 .. 40): the number of the tower that the jet sits on, without 29. */
function createMpEta(): Uint8Array {
  const mpEta = new Uint8Array(129);
  let tower = 0;
  for (let hwEta = 0; hwEta < mpEta.length; hwEta++) {
    // the nearest center, so that off-center jets are placed too
    while (
      tower + 1 < towerHwEtas.length &&
      Math.abs(towerHwEtas[tower + 1] - hwEta) <= Math.abs(towerHwEtas[tower] - hwEta)
    )
      tower++;
    mpEta[hwEta] = tower + 1;
  }
  return mpEta;
}

/** Level-1 jets as hardware integers, each [n]. */
export interface HwJets {
  readonly hwPt: Int32Array;
  readonly hwEta: Int32Array;
}

/**
 * Calibrated hwPt [n], integer for integer as the trigger would. Throws `DataError` for integers
 * outside 0 .. 2047 and -128 .. 127.
 */
export function calibrateJets({ hwPt, hwEta }: HwJets, lut: CalibrationLut): Int32Array {
  if (hwEta.length !== hwPt.length)
    throw new DataError(`calibrateJets: ${hwPt.length} hwPt, but ${hwEta.length} hwEta`);
  const mpEta = createMpEta();
  const out = new Int32Array(hwPt.length);
  for (let i = 0; i < out.length; i++) {
    const pt = hwPt[i];
    const abs = Math.abs(hwEta[i]);
    if (!(pt >= 0 && pt <= 2047 && abs <= 128))
      throw new DataError(`calibrateJets: row ${i} has hwPt ${pt}, hwEta ${hwEta[i]}`);
    const ptBin = lut.pt.bins[Math.min(pt >> 1, lut.pt.bins.length - 1)];
    const etaBin = lut.eta.bins[mpEta[abs]];
    out[i] = applyWord(pt, lut.entries[(etaBin << lut.pt.dataBits) | ptBin].word);
  }
  return out;
}

/**
 * Makes a calibration table with the given compression from any scale factor of pt (GeV) and
 * |eta|, evaluated at the mean pt of each bin and the tower center. The first pt bin, 0 GeV, keeps
 * scale 1. Throws `ConfigError` where the function gives no positive finite scale.
 */
export function exportCalibrationLut(
  scaleAt: (pt: number, absEta: number) => number,
  { pt, eta }: Pick<CalibrationLut, "pt" | "eta">,
): CalibrationLut {
  const entries: CalibrationEntry[] = [];
  const etaBins = Math.max(...eta.bins) + 1;
  for (let etaBin = 0; etaBin < etaBins; etaBin++) {
    const absEta = towerHwEtas[Math.max(1, eta.bins.indexOf(etaBin, 1)) - 1] * 0.0435;
    for (let ptBin = 0; ptBin < 1 << pt.dataBits; ptBin++) {
      const ptMin = pt.bins.indexOf(ptBin);
      const ptMax = pt.bins.lastIndexOf(ptBin);
      const ptMean = Math.round((ptMin + ptMax) / 2);
      const scale = ptMax <= 0 ? 1 : scaleAt(ptMean, absEta);
      if (!(scale > 0 && Number.isFinite(scale)))
        throw new ConfigError(
          `exportCalibrationLut: scale ${scale} at pt ${ptMean} GeV, |eta| ${absEta.toFixed(3)}; expected a number > 0`,
        );
      entries.push({ ptMin, ptMax, ptMean, scale, word: encodeWord(2 * ptMean, scale) });
    }
  }
  return { pt, eta, entries };
}

/** The table in the decimal form that `parseCalibrationLut` reads. */
export function formatCalibrationLut({ pt, eta, entries }: CalibrationLut): string {
  const lines = [
    "# columns ",
    "# CaloToolMPEtaBin PtMin PtMax avgPt IEtaBin_forLUT_col1 PtBin_forLUT SF",
  ];
  for (const [address, entry] of entries.entries()) {
    const etaBin = address >> pt.dataBits;
    const ptBin = address & ((1 << pt.dataBits) - 1);
    const { ptMin, ptMax, ptMean, scale, word } = entry;
    const applied = appliedScale(entry);
    const numbers = [etaBin, ptMin, ptMax, ptMean, etaBin, ptBin, scale.toFixed(6)].join(" ");
    const check = `${word} ${applied.toFixed(6)} ${(applied / scale).toFixed(6)}`;
    const tower = Math.max(1, eta.bins.indexOf(etaBin, 1));
    const note = ptBin === 0 ? `   # ieta [${tower}], pt 0` : "";
    lines.push(`${numbers}    ${check}    ${note}`);
  }
  return `${lines.join("\n")}\n`;
}

/**
 * A compression that keeps soft jets apart, which that of 2024 does not: pt in steps of 1 GeV up to
 * 32 GeV, then 32 bins of equal width in log pt up to 256 GeV; every tower in |eta| by itself.
 */
export function fineCompression(): Pick<CalibrationLut, "pt" | "eta"> {
  const pt = Uint8Array.from({ length: 256 }, (_, i) =>
    i < 32 ? i : 32 + Math.floor((32 * Math.log(i / 32)) / Math.log(8)),
  );
  const towers = towerHwEtas.length;
  const eta = Uint8Array.from({ length: 64 }, (_, i) => Math.min(Math.max(i - 1, 0), towers - 1));
  return {
    pt: { addressBits: 8, dataBits: 6, bins: renumbered(pt) },
    eta: { addressBits: 6, dataBits: 6, bins: eta },
  };
}

/** The same groups, numbered without gaps. */
function renumbered(bins: Uint8Array): Uint8Array {
  const order = [...new Set(bins)];
  return bins.map((bin) => order.indexOf(bin));
}

/** A compression table in the form that `parseCompressionLut` reads. */
export function formatCompressionLut({ addressBits, dataBits, bins }: CompressionLut): string {
  const lines = Array.from(bins, (bin, i) => `${i} ${bin}`);
  return `#<header> v1 ${addressBits} ${dataBits} </header>\n${lines.join("\n")}\n`;
}

/** The table as firmware and CMSSW load it: a header, then "address word" per line. */
export function formatHardwareLut({ entries }: CalibrationLut): string {
  const addressBits = Math.ceil(Math.log2(entries.length));
  const lines = Array.from({ length: 2 ** addressBits }, (_, i) => `${i} ${entries[i]?.word ?? 0}`);
  return `#<header> v1 ${addressBits} 18 </header>\n${lines.join("\n")}\n`;
}
