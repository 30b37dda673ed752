import { z } from "zod";
import { createValueReader, ownerOf } from "../orbit/quantities.ts";
import { axisFinder, axisSettings } from "./axis.ts";
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
    const find = axisFinder(axis);
    const read = createValueReader(of);
    const key = `histogram.${name}`;
    return {
      name,
      run(orbits, { bins }) {
        bins[key] ??= new Float64Array(axis.bins + 2);
        const sums = bins[key];
        let items = 0;
        for (const orbit of orbits) {
          const { values, n } = read(orbit);
          addTo(sums, find(values, n), n);
          items += n;
        }
        return items;
      },
    };
  },
});

function addTo(sums: Float64Array, found: Int32Array, n: number): void {
  for (let i = 0; i < n; i++) if (found[i] >= 0) sums[found[i]]++;
}
