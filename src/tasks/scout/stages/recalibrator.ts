import { ConfigError } from "../../../base/errors.ts";
import { muonScales } from "../../../cms/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import type { Runtime } from "../../../runtime/index.ts";
import type { ScoutOrbit } from "../orbit/scout-orbit.ts";
import { createCalibrationModel } from "./calibration-model.ts";

export interface RecalibratorOptions {
  /** Path of the model, for messages. */
  readonly where?: string;
  /** Level-1 pt, GeV, ends excluded (default: as the model tells). */
  readonly ptMin?: number | null;
  readonly ptMax?: number | null;
}

/** Calibrates the muons of some orbits, in place. */
export interface Recalibrator {
  /** @returns muons calibrated; the others keep their Level-1 values. */
  run(orbits: readonly ScoutOrbit[]): Promise<number>;
  dispose(): Promise<void>;
}

/** Inputs that hardware muons have, in the scales of the report's table. */
const inputNames = ["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"] as const;

/** Outputs that are used, of those that the model has. */
const outputNames = ["ptCalib", "etaCalib", "phiCalib"] as const;

const turn = 2 * Math.PI;

/** Rows per run of the model: its activations, 128 bytes a row each, stay in the second cache. */
const blockRows = 4096;

/**
 * A recalibrator from an exported model of muons, or the design of one. Muons outside of the model's training (pt window,
 * ranges of the inputs, unknown charge) and results that are not finite keep Level-1 values. The
 * model sees hwPt - 1, since its pt is 0.5 GeV hwPtL1 and that of the trigger 0.5 GeV (hwPt - 1).
 * @throws ConfigError for a model of jets or with other inputs.
 */
export async function createRecalibrator(
  runtime: Runtime,
  model: Uint8Array,
  { where = "recalibrate", ptMin = null, ptMax = null }: RecalibratorOptions = {},
): Promise<Recalibrator> {
  const calibration = await createCalibrationModel(runtime, model, {
    ...{ where, object: "muons", known: inputNames, ptMin, ptMax, blockRows },
    hint: "train with 'forty recalibrate muons' on such columns",
  });
  const { columns } = calibration;
  const order = inputNames.map((name) => columns.indexOf(name));
  if (order.includes(-1))
    throw new ConfigError(
      `${where}: reads ${columns.join(", ")} alone, not all of ${inputNames.join(", ")}; train with 'forty recalibrate muons' on such columns`,
    );
  const has = outputNames.map((name) => calibration.outputs.includes(name));
  const width = inputNames.length;
  const [ptAt, phiAt, etaAt, signAt] = order;
  const { hwPtL1, hwPhiL1 } = muonScales;
  const [low, high] = [calibration.ptMin, calibration.ptMax].map((pt) => pt / hwPtL1.width + 1);
  let matrix = new Float32Array(0);
  let places = new Uint32Array(0);
  let results: Float32Array[] = [];
  /** Takes what the model has no output for. */
  let unused = new Float64Array(0);

  function makeRoom(orbits: readonly ScoutOrbit[]): void {
    let muons = 0;
    for (const { objects } of orbits) muons += objects.muons.offsets[crossingsPerOrbit];
    if (muons <= places.length) return;
    places = new Uint32Array(2 * muons);
    matrix = new Float32Array(2 * muons * width);
    results = outputNames.map(() => new Float32Array(2 * muons));
    unused = new Float64Array(orbits[0].objects.muons.pt.length);
  }

  /** Adds inputs of the muons that the model is for, and their places, from row `from` on. */
  function gather({ gmt }: ScoutOrbit, from: number): number {
    const { columns, offsets } = gmt.objects.muons;
    const { hwPt, hwPhi, hwEta, hwCharge, hwChargeValid } = columns;
    const muons = offsets[crossingsPerOrbit];
    const [rows, list] = [matrix, places]; // the optimizer keeps what cannot change in registers
    let n = from;
    for (let i = 0; i < muons; i++) {
      const pt = hwPt[i];
      const phi = hwPhi[i];
      if (pt <= low || pt >= high || phi > hwPhiL1.max || hwChargeValid[i] === 0) continue;
      const row = n * width;
      rows[row + ptAt] = pt - 1;
      rows[row + phiAt] = phi;
      rows[row + etaAt] = hwEta[i];
      rows[row + signAt] = hwCharge[i];
      list[n++] = i;
    }
    return n;
  }

  /** Puts results of rows `from` ... `to` - 1 in their places. @returns how many are numbers. */
  function scatter({ objects }: ScoutOrbit, from: number, to: number): number {
    const { muons } = objects;
    const [pt, eta, phi] = [muons.pt, muons.eta, muons.phi].map((c, q) => (has[q] ? c : unused));
    const [newPt, newEta, newPhi] = results;
    const list = places;
    let calibrated = 0;
    for (let k = from; k < to; k++) {
      const p = newPt[k];
      const e = newEta[k];
      const f = newPhi[k];
      if (!Number.isFinite(p + e + f)) continue; // float32 numbers: their sum does not overflow
      const i = list[k];
      pt[i] = p;
      eta[i] = e;
      phi[i] = f - turn * Math.floor(f / turn + 0.5);
      calibrated++;
    }
    return calibrated;
  }

  return {
    async run(orbits) {
      makeRoom(orbits);
      const ends: number[] = [];
      let n = 0;
      for (const orbit of orbits) {
        n = gather(orbit, n);
        ends.push(n);
      }
      if (n === 0) return 0;
      const into = outputNames.flatMap((name, q) =>
        has[q] ? [[name, results[q].subarray(0, n)]] : [],
      );
      await calibration.run(matrix.subarray(0, n * width), n, Object.fromEntries(into));
      let calibrated = 0;
      orbits.forEach((orbit, o) => {
        calibrated += scatter(orbit, ends[o - 1] ?? 0, ends[o]);
      });
      return calibrated;
    },
    dispose: calibration.dispose,
  };
}
