import { z } from "zod";
import { fillQuantities, quantity, requireSameOwner } from "../orbit/quantities.ts";
import { axisFinder, axisSettings } from "./axis.ts";
import { defineStage, stageName } from "./stage.ts";

const axis = z.strictObject({ of: z.string().describe("quantity"), ...axisSettings });

export const mapKind = defineStage({
  schema: z
    .strictObject({ kind: z.literal("map"), name: stageName, x: axis, y: axis })
    .describe("a histogram of two quantities of the same objects"),
  create({ name, x, y }, { scores }) {
    requireSameOwner(`scout.${name}`, [x.of, y.of], scores);
    const [findX, findY] = [x, y].map(axisFinder);
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
          addTo(sums, { rows: findX(xs, n), columns: findY(ys, n), stride }, n);
          items += n;
        }
        return items;
      },
    };
  },
});

interface Found {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly stride: number;
}

function addTo(sums: Float64Array, { rows, columns, stride }: Found, n: number): void {
  for (let i = 0; i < n; i++)
    if (rows[i] >= 0 && columns[i] >= 0) sums[rows[i] * stride + columns[i]]++;
}
