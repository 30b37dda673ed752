import { z } from "zod";
import { binOf } from "../../../stats/index.ts";
import { fillQuantities, quantity, requireSameOwner } from "../orbit/quantities.ts";
import { axisSettings, binningOf } from "./axis.ts";
import { defineStage, stageName } from "./stage.ts";

/**
 * Objects by the quantity `against`, all and those whose `of` reaches the threshold. With Level-1
 * against recalibrated pt it shows where a threshold of the trigger turns on in calibrated pt.
 */
export const turnOnKind = defineStage({
  schema: z
    .strictObject({
      kind: z.literal("turnOn"),
      name: stageName,
      of: z.string().describe("quantity that passes a threshold, such as muon.ptL1"),
      threshold: z.number().describe("smallest value that passes, in the unit of the quantity"),
      against: z.string().describe("quantity on the axis, of the same objects, such as muon.pt"),
      ...axisSettings,
    })
    .describe("share of objects above a threshold in one quantity, against another"),
  create({ name, of, threshold, against, ...axis }, { scores }) {
    requireSameOwner(`scout.${name}`, [of, against], scores);
    const binning = binningOf(axis);
    return {
      name,
      run(orbits, { bins }) {
        const [all, passed] = ["all", "passed"].map((part) => {
          const key = `turnOn.${name}.${part}`;
          bins[key] ??= new Float64Array(axis.bins + 2);
          return bins[key];
        });
        let items = 0;
        for (const orbit of orbits) {
          fillQuantities(orbit, [of, against]);
          const { values: xs, n } = quantity(orbit, against);
          const { values } = quantity(orbit, of);
          for (let i = 0; i < n; i++) {
            const bin = binOf(binning, xs[i]);
            if (bin < 0) continue;
            all[bin]++;
            if (values[i] >= threshold) passed[bin]++;
          }
          items += n;
        }
        return items;
      },
    };
  },
});
