import { z } from "zod";
import { binFinder } from "../../../stats/index.ts";
import { fillQuantities, quantity, requireSameOwner } from "../orbit/quantities.ts";
import { axisSettings, binningOf } from "./axis.ts";
import { defineStage, stageName } from "./stage.ts";

const axis = z.strictObject({ of: z.string().describe("quantity"), ...axisSettings });

export const mapKind = defineStage({
  schema: z
    .strictObject({ kind: z.literal("map"), name: stageName, x: axis, y: axis })
    .describe("a histogram of two quantities of the same objects"),
  create({ name, x, y }, { scores }) {
    requireSameOwner(`scout.${name}`, [x.of, y.of], scores);
    const [findX, findY] = [x, y].map((settings) => binFinder(binningOf(settings)));
    const key = `map.${name}`;
    const stride = y.bins + 2;
    return {
      name,
      run(orbits, { bins }) {
        bins[key] ??= new Float64Array((x.bins + 2) * stride);
        const sums = bins[key];
        let items = 0;
        for (const orbit of orbits) {
          fillQuantities(orbit, [x.of, y.of]);
          const { values: xs, n } = quantity(orbit, x.of);
          const { values: ys } = quantity(orbit, y.of);
          for (let i = 0; i < n; i++) {
            const row = findX(xs[i]);
            const column = findY(ys[i]);
            if (row >= 0 && column >= 0) sums[row * stride + column]++;
          }
          items += n;
        }
        return items;
      },
    };
  },
});
