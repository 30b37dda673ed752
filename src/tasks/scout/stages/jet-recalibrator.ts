import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { fillQuantities, quantity } from "../orbit/quantities.ts";
import type { ScoutOrbit } from "../orbit/scout-orbit.ts";
import type { JetCalibration, JetRows } from "./jet-calibration.ts";

/** Calibrates the jets of some orbits in place, from their Level-1 integers. @returns how many. */
export type JetRecalibrator = (orbits: readonly ScoutOrbit[]) => Promise<number>;

/**
 * Jets with a calibrated pt that is positive and finite get it, all others keep Level 1's.
 * @param pileup - quantity of a crossing, or a number, that stands for the pile-up proxy.
 */
export function createJetRecalibrator(
  calibration: JetCalibration,
  pileup: string | number | null,
): JetRecalibrator {
  let rows = room(1024);

  function gather(orbits: readonly ScoutOrbit[]): number {
    let n = 0;
    for (const orbit of orbits) {
      const { offsets, columns } = orbit.calo.objects.jets;
      const { hwPt, hwEta, hwPhi } = columns;
      if (typeof pileup === "string") fillQuantities(orbit, [pileup]);
      const proxies = typeof pileup === "string" ? quantity(orbit, pileup).values : null;
      for (let r = 0; r < orbit.rows; r++) {
        const [start, end] = [offsets[orbit.bx[r] - 1], offsets[orbit.bx[r]]];
        const proxy = proxies?.[r] ?? Number(pileup ?? 0);
        for (let i = start; i < end; i++, n++) {
          rows.hwPt[n] = hwPt[i];
          rows.hwEta[n] = hwEta[i];
          rows.hwPhi[n] = hwPhi[i];
          rows.pileup[n] = proxy;
        }
      }
    }
    return n;
  }

  return async (orbits) => {
    const withJets = orbits.filter(({ hasCalo }) => hasCalo);
    const all = withJets.reduce((n, { objects }) => n + objects.jets.offsets[crossingsPerOrbit], 0);
    if (rows.hwPt.length < all) rows = room(2 * all);
    const n = gather(withJets);
    if (n === 0) return 0;
    const calibrated = await calibration.run({ ...rows, n });
    let [k, done] = [0, 0];
    for (const { objects } of withJets) {
      const { offsets, pt } = objects.jets;
      const last = offsets[crossingsPerOrbit];
      for (let i = 0; i < last; i++, k++) {
        if (!(calibrated[k] > 0 && Number.isFinite(calibrated[k]))) continue;
        pt[i] = calibrated[k];
        done++;
      }
    }
    return done;
  };
}

const room = (length: number): Omit<JetRows, "n"> => ({
  hwPt: new Int32Array(length),
  hwEta: new Int32Array(length),
  hwPhi: new Int32Array(length),
  pileup: new Float64Array(length),
});
