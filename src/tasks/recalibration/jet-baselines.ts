import { float32, type HostArray } from "../../base/host-array.ts";
import { createJetFit, fillJetFit, solveJetFit } from "../../cms/jet-calibration/baseline.ts";
import {
  correctJets,
  createJetCorrector,
  formatJetCorrections,
  type JetCorrectionRow,
} from "../../cms/jet-calibration/jec.ts";
import {
  type CalibrationLut,
  calibrateJets,
  exportCalibrationLut,
  fineCompression,
  formatCalibrationLut,
  formatCompressionLut,
  formatHardwareLut,
} from "../../cms/jet-calibration/lut.ts";
import { l1Scales } from "../../cms/scales.ts";
import { towerHwEtas } from "../../cms/simulate/calo-towers.ts";
import { numericColumn, selectRows, type Table } from "../../data/index.ts";
import { quantile } from "../../stats/index.ts";
import type { Prediction } from "./evaluate.ts";
import { type Dataset, take } from "./prepare.ts";
import type { GivenCalibrations } from "./run-calibrations.ts";
import { jetEta } from "./source-jets.ts";

/** Predictions to compare with, and files that go into the run's folder by name. */
export interface Baselines {
  readonly predictions: readonly Prediction[];
  readonly files: Readonly<Record<string, string>>;
}

/**
 * What users know: the response in bins of eta and pile-up by the function of the official
 * corrections, fitted to the training part; and the calibrations that were given. Where a given one
 * has no value (the official corrector drops such jets) the L1 pt stays.
 */
export function jetBaselines(data: Dataset, given: GivenCalibrations): Baselines {
  const { train, test } = data.parts;
  const jets = jetColumns(data.table);
  const level1 = take(jets.pt, test);
  const corrected = (name: string, rows: JetCorrectionRow[]): Prediction => {
    const pt = correctJets(
      { pt: level1, eta: take(jets.eta, test), pileup: take(jets.pileup, test) },
      createJetCorrector(rows),
    );
    return { name, values: { pt: pt.map((x, i) => (Number.isNaN(x) ? level1[i] : x)) } };
  };
  const fitted = train.length > 0 ? fitResponse(data, jets) : null;
  return {
    predictions: [
      ...(fitted ? [corrected("Binned response", fitted)] : []),
      ...(given.corrections ? [corrected(given.corrections.name, given.corrections.rows)] : []),
      ...(given.lut ? [tablePrediction(given.lut.name, data, given.lut.table)] : []),
    ],
    files: fitted ? { "corrections.txt": formatJetCorrections(fitted) } : {},
  };
}

function fitResponse({ parts, offline }: Dataset, jets: ReturnType<typeof jetColumns>) {
  const of = (values: Float64Array) => take(values, parts.train);
  const fit = createJetFit();
  const target = of(offline.pt as Float64Array);
  fillJetFit(fit, { pt: of(jets.pt), eta: of(jets.eta), pileup: of(jets.pileup) }, target);
  return solveJetFit(fit);
}

/** L1 pt (GeV), eta and pile-up proxy of all rows; 0 where the file has no proxy. */
function jetColumns(table: Table) {
  const hasTowers = table.columns.some((c) => c.name === "nTowers");
  return {
    pt: numericColumn(table, "hwPt").map((hw) => hw * l1Scales.jet.pt.width),
    eta: jetEta(table),
    pileup: hasTowers ? numericColumn(table, "nTowers") : new Float64Array(table.rows),
  };
}

/** A calibration table applied to the test part, integer for integer. */
function tablePrediction(name: string, { table, parts }: Dataset, lut: CalibrationLut): Prediction {
  const test = selectRows(table, parts.test);
  const hw = (column: string) => Int32Array.from(numericColumn(test, column));
  const hwPt = calibrateJets({ hwPt: hw("hwPt"), hwEta: hw("hwEta") }, lut);
  return { name, values: { pt: Float64Array.from(hwPt, (x) => x * l1Scales.jet.pt.width) } };
}

/** Azimuths that a table averages over. */
const azimuths = [0, 36, 72, 108];

/**
 * The network as a calibration table that the trigger can load: its mean over both signs of eta and
 * over azimuth, at the median pile-up of the test part. In fine bins, and in those of a table that
 * was given.
 * @param predict - calibrated pt [n] of model inputs [n, columns].
 */
export async function networkTables(
  predict: (inputs: HostArray) => Promise<Float64Array>,
  data: Dataset,
  given: GivenCalibrations,
): Promise<Baselines> {
  const scaleAt = await gridScales(predict, data);
  const fine = exportCalibrationLut(scaleAt, fineCompression());
  const like = given.lut && exportCalibrationLut(scaleAt, given.lut.table);
  return {
    predictions: [
      tablePrediction("Exported table", data, fine),
      ...(like ? [tablePrediction(`Exported table, bins of ${given.lut?.name}`, data, like)] : []),
    ],
    files: { ...lutFiles("", fine), ...(like ? lutFiles("given_bins_", like) : {}) },
  };
}

function lutFiles(prefix: string, lut: CalibrationLut): Record<string, string> {
  return {
    [`${prefix}calibration_lut.txt`]: formatCalibrationLut(lut),
    [`${prefix}calibration_lut_hw.txt`]: formatHardwareLut(lut),
    [`${prefix}pt_compress_lut.txt`]: formatCompressionLut(lut.pt),
    [`${prefix}eta_compress_lut.txt`]: formatCompressionLut(lut.eta),
  };
}

/** The factor of the network at every pt (GeV) and tower center in |eta| of a table. */
async function gridScales(
  predict: (inputs: HostArray) => Promise<Float64Array>,
  data: Dataset,
): Promise<(pt: number, absEta: number) => number> {
  const { names, pileup } = gridInputs(data);
  const hwPts = Array.from({ length: 256 }, (_, i) => Math.max(1, 2 * i));
  const perCell = 2 * azimuths.length;
  const rows: number[] = [];
  for (const hwEta of towerHwEtas)
    for (const hwPt of hwPts)
      for (const signed of [hwEta, -hwEta])
        for (const hwPhi of azimuths)
          for (const name of names)
            rows.push({ hwPt, hwEta: signed, hwPhi }[name as "hwPt"] ?? pileup);
  const shape = [rows.length / names.length, names.length];
  const calibrated = await predict(float32(Float32Array.from(rows), shape));
  const scales = new Map<string, number>();
  let row = 0;
  for (const hwEta of towerHwEtas)
    for (const hwPt of hwPts) {
      let sum = 0;
      for (let k = 0; k < perCell; k++) sum += calibrated[row++];
      const scale = sum / perCell / (hwPt * l1Scales.jet.pt.width);
      const cell = cellName(hwPt >> 1, hwEta * l1Scales.jet.eta.width);
      scales.set(cell, Math.max(scale, leastScale));
    }
  return (pt, absEta) => scales.get(cellName(pt, absEta)) ?? Number.NaN;
}

/** The smallest factor that a word of the table can hold. */
const leastScale = 1 / 512;

const cellName = (pt: number, eta: number) => `${pt} ${eta.toFixed(3)}`;

function gridInputs({ source, table, parts }: Dataset) {
  const names = source.inputs.map((c) => c.name);
  const proxy = names.find((name) => name === "nTowers" || name === "nVertices");
  const values = proxy ? take(numericColumn(table, proxy), parts.test) : [0];
  return { names, pileup: quantile(values, 0.5) };
}
