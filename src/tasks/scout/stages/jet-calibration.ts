import { ConfigError } from "../../../base/errors.ts";
import {
  correctJets,
  createJetCorrector,
  parseJetCorrections,
} from "../../../cms/jet-calibration/jec.ts";
import {
  calibrateJets,
  parseCalibrationLut,
  parseCompressionLut,
} from "../../../cms/jet-calibration/lut.ts";
import { l1Scales } from "../../../cms/scales.ts";
import { createCalibrationModel } from "./calibration-model.ts";
import type { Assets, StageContext } from "./stage.ts";

/** Level-1 jets of some orbits. */
export interface JetRows {
  readonly n: number;
  /** Hardware integers, [n] and more. */
  readonly hwPt: Int32Array;
  readonly hwEta: Int32Array;
  readonly hwPhi: Int32Array;
  /** What stands for the pile-up proxy. */
  readonly pileup: Float64Array;
}

/** Calibrated pt of jets, GeV [n]; what is not positive keeps Level 1's. */
export interface JetCalibration {
  run(jets: JetRows): ArrayLike<number> | Promise<ArrayLike<number>>;
  dispose?(): Promise<void>;
}

export interface JetCalibrationSettings {
  /** The one that is not null. */
  readonly model: string | null;
  readonly corrections: string | null;
  readonly lut: readonly string[] | null;
  /** Level-1 pt, GeV, ends excluded; null: as the model tells. */
  readonly ptMin: number | null;
  readonly ptMax: number | null;
  /** Whether a pile-up proxy is given. */
  readonly hasPileup: boolean;
}

const scales = l1Scales.jet;
const hint =
  'only a stream of towers tells it (pileup "litTowers"): name another quantity of the crossing, or a number, that stands for it by pileup, or take a calibration without';

/** @throws ConfigError where an input is missing, FormatError for unusable files. */
export async function createJetCalibration(
  settings: JetCalibrationSettings,
  { assets, runtime }: Pick<StageContext, "assets" | "runtime">,
): Promise<JetCalibration> {
  const { model, corrections, lut } = settings;
  if (corrections !== null) return byText(corrections, assets, settings);
  if (lut !== null) return byTable(lut, assets);
  return byModel(model as string, { assets, runtime }, settings);
}

const textOf = (assets: Assets, path: string) => new TextDecoder().decode(assets[path]);

function byText(path: string, assets: Assets, { hasPileup }: JetCalibrationSettings) {
  const rows = parseJetCorrections(textOf(assets, path), path);
  const dependent = rows.some(({ pileupMin, pileupMax }) => pileupMin > 0 || pileupMax >= 0);
  if (dependent && !hasPileup)
    throw new ConfigError(`${path}: depends on nTowers, the lit towers at |hwEta| <= 4; ${hint}`);
  const corrector = createJetCorrector(rows);
  return {
    run: ({ n, hwPt, hwEta, pileup }: JetRows) =>
      correctJets(
        {
          pt: Float64Array.from(hwPt.subarray(0, n), (hw) => hw * scales.pt.width),
          eta: Float64Array.from(hwEta.subarray(0, n), (hw) => hw * scales.eta.width),
          pileup: pileup.subarray(0, n),
        },
        corrector,
      ),
  };
}

function byTable([decimal, pt, eta]: readonly string[], assets: Assets): JetCalibration {
  const table = parseCalibrationLut(textOf(assets, decimal), decimal, {
    pt: parseCompressionLut(textOf(assets, pt), pt),
    eta: parseCompressionLut(textOf(assets, eta), eta),
  });
  return {
    run({ n, hwPt, hwEta }) {
      const jets = { hwPt: hwPt.subarray(0, n), hwEta: hwEta.subarray(0, n) };
      return Float64Array.from(calibrateJets(jets, table), (hw) => hw * scales.pt.width);
    },
  };
}

/** Proxies of pile-up that `forty recalibrate jets` knows. */
const proxies = ["nTowers", "nVertices"];

async function byModel(
  where: string,
  { assets, runtime }: Pick<StageContext, "assets" | "runtime">,
  { hasPileup, ptMin, ptMax }: JetCalibrationSettings,
): Promise<JetCalibration> {
  const known = ["hwPt", "hwEta", "hwPhi", ...(hasPileup ? proxies : [])];
  const model = await createCalibrationModel(runtime, assets[where], {
    ...{ where, object: "jets", known, ptMin, ptMax },
    hint: `as to a proxy of pile-up, ${hint}`,
  });
  const columns = model.columns.map((name) => (proxies.includes(name) ? "pileup" : name));
  const [low, high] = [model.ptMin, model.ptMax].map((pt) => pt / scales.pt.width);
  return {
    async run(jets) {
      const inside = Array.from({ length: jets.n }, (_, i) => i).filter(
        (i) => jets.hwPt[i] > low && jets.hwPt[i] < high,
      );
      const calibrated = new Float64Array(jets.n);
      if (inside.length === 0) return calibrated;
      const matrix = new Float32Array(inside.length * columns.length);
      for (const [j, name] of columns.entries()) {
        const values = jets[name as "hwPt" | "hwEta" | "hwPhi" | "pileup"];
        for (const [row, i] of inside.entries()) matrix[row * columns.length + j] = values[i];
      }
      const { ptCalib } = await model.run(matrix, inside.length);
      for (const [row, i] of inside.entries()) calibrated[i] = ptCalib[row];
      return calibrated;
    },
    dispose: model.dispose,
  };
}
