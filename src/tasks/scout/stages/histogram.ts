import { z } from "zod";
import { binFinder } from "../../../stats/index.ts";
import { fillQuantities, ownerOf, quantity } from "../orbit/quantities.ts";
import { axisSettings, binningOf } from "./axis.ts";
import { defineStage, stageName } from "./stage.ts";

export const histogramKind = defineStage({
  schema: z
    .strictObject({
      kind: z.literal("histogram"),
      name: stageName,
      of: z.string().describe("quantity of a crossing or of an object"),
      ...axisSettings,
    })
    .describe("a spectrum of a quantity"),
  create({ name, of, ...axis }, { scores }) {
    ownerOf(`scout.${name}`, of, scores);
    const find = binFinder(binningOf(axis));
    const key = `histogram.${name}`;
    return {
      name,
      run(orbits, { bins }) {
        bins[key] ??= new Float64Array(axis.bins + 2);
        const sums = bins[key];
        let items = 0;
        for (const orbit of orbits) {
          fillQuantities(orbit, [of]);
          const { values, n } = quantity(orbit, of);
          fillBins(find, values.subarray(0, n), sums);
          items += n;
        }
        return items;
      },
    };
  },
});

function fillBins(find: (x: number) => number, values: Float64Array, sums: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    const bin = find(values[i]);
    if (bin >= 0) sums[bin]++;
  }
}
