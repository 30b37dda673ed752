import { ConfigError } from "../../../base/errors.ts";
import { float32 } from "../../../base/host-array.ts";
import { muonScales } from "../../../cms/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { createPredictor } from "../../../nn/index.ts";
import type { Runtime } from "../../../runtime/index.ts";
import { readModelColumns } from "../../recalibration/metadata.ts";
import type { ScoutOrbit } from "../orbit/scout-orbit.ts";

/** Calibrates the muons of some orbits, in place. */
export interface Recalibrator {
  /** @returns muons calibrated; the others keep their Level-1 values. */
  run(orbits: readonly ScoutOrbit[]): Promise<number>;
  dispose(): Promise<void>;
}

/** Inputs that hardware muons have, in the scales of the report's table. */
const inputNames = ["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"] as const;

/**
 * A recalibrator from an exported model of muons. Muons outside of the model's training (pt window,
 * ranges of the inputs, unknown charge) and results that are not finite keep Level-1 values. The
 * model sees hwPt - 1, since its pt is 0.5 GeV hwPtL1 and that of the trigger 0.5 GeV (hwPt - 1).
 * @throws ConfigError for a model of jets or with other inputs.
 */
export async function createRecalibrator(
  runtime: Runtime,
  model: Uint8Array,
  where = "recalibrate",
): Promise<Recalibrator> {
  const { object, inputName, inputs, outputs, config } = readModelColumns(where, model);
  const order = inputNames.map((name) => inputs.findIndex((input) => input.name === name));
  if (object !== "muons" || inputs.length !== inputNames.length || order.includes(-1))
    throw new ConfigError(
      `${where}: reads ${inputs.map((i) => i.name).join(", ")} of ${object}; scouting has ${inputNames.join(", ")} of muons: train with 'forty recalibrate muons' on such columns`,
    );
  const predictor = await createPredictor(runtime, model, { threads: 1 });
  const names = new Set(outputs.map(({ name }) => name));
  const width = inputNames.length;
  const [ptAt, phiAt, etaAt, signAt] = order;
  const { hwPtL1, hwPhiL1 } = muonScales;
  const [low, high] = [config.ptMin / hwPtL1.width + 1, config.ptMax / hwPtL1.width + 1];
  let matrix = new Float32Array(width);
  let places = new Uint32Array(1);
  let ends = new Uint32Array(1);

  /** Inputs of the muons that the model is for, with their places and where each orbit ends. */
  function gather(orbits: readonly ScoutOrbit[]): number {
    let n = 0;
    for (const [o, { gmt }] of orbits.entries()) {
      const { columns, offsets } = gmt.objects.muons;
      const { hwPt, hwPhi, hwEta, hwCharge, hwChargeValid } = columns;
      const muons = offsets[crossingsPerOrbit];
      for (let i = 0; i < muons; i++) {
        if (hwPt[i] <= low || hwPt[i] >= high) continue;
        if (hwPhi[i] > hwPhiL1.max || hwChargeValid[i] === 0) continue;
        const row = n * width;
        matrix[row + ptAt] = hwPt[i] - 1;
        matrix[row + phiAt] = hwPhi[i];
        matrix[row + etaAt] = hwEta[i];
        matrix[row + signAt] = hwCharge[i];
        places[n++] = i;
      }
      ends[o] = n;
    }
    return n;
  }

  return {
    async run(orbits) {
      const all = orbits.reduce(
        (n, { objects }) => n + objects.muons.offsets[crossingsPerOrbit],
        0,
      );
      if (places.length < all) {
        places = new Uint32Array(2 * all);
        matrix = new Float32Array(2 * all * width);
      }
      if (ends.length < orbits.length) ends = new Uint32Array(orbits.length);
      const n = gather(orbits);
      if (n === 0) return 0;
      const feed = float32(matrix.subarray(0, n * width), [n, width]);
      const results = await predictor.predict({ [inputName]: feed });
      const result = (name: string) =>
        names.has(name) ? (results[name].data as Float32Array) : null;
      const [pt, eta, phi] = [result("ptCalib"), result("etaCalib"), result("phiCalib")];
      let k = 0;
      let calibrated = 0;
      for (const [o, { objects }] of orbits.entries()) {
        const { muons } = objects;
        for (; k < ends[o]; k++) {
          if (!isUsable(k, pt) || !isUsable(k, eta) || !isUsable(k, phi)) continue;
          const i = places[k];
          if (pt) muons.pt[i] = pt[k];
          if (eta) muons.eta[i] = eta[k];
          if (phi) muons.phi[i] = phi[k] >= Math.PI ? phi[k] - 2 * Math.PI : phi[k];
          calibrated++;
        }
      }
      return calibrated;
    },
    dispose: () => predictor.dispose(),
  };
}

const isUsable = (k: number, values: Float32Array | null) =>
  values === null || Number.isFinite(values[k]);
