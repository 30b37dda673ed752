import { z } from "zod";
import { fillQuantities, offsetsOf, quantity, requireSameOwner } from "../orbit/quantities.ts";
import { addCrossing, featureSumsSize } from "../results/feature-sums.ts";
import { createFeatureMap, type FeatureAxis } from "./random-features.ts";
import { defineStage, stageName } from "./stage.ts";

const axis = z.strictObject({
  of: z.string().describe("quantity"),
  scale: z
    .number()
    .gt(0)
    .optional()
    .describe("width of the kernel (default: 0.5; 1 for counts and scores)"),
  log: z
    .boolean()
    .optional()
    .describe("compare ln(1 + value), scale too (default: pt, masses, HT, tower count)"),
});

/** Sums of random features of objects, whose means tell a distribution in all quantities at once. */
export const driftKind = defineStage({
  schema: z
    .strictObject({
      kind: z.literal("drift"),
      name: stageName,
      of: z
        .array(z.union([z.string(), axis]))
        .min(1)
        .max(16)
        .describe("quantities of the same objects, by name or with the width of the kernel"),
      features: z.int().min(2).max(128).default(32).describe("random features"),
      every: z.int().min(1).default(1).describe("look at one orbit of so many"),
      seed: z.int().min(0).default(0).describe("of the features; a reference needs the same"),
    })
    .describe("kernel test of several quantities together, against the reference"),
  create({ name, of, features, every, seed }, { scores }) {
    const axes = of.map((entry) => (typeof entry === "string" ? { of: entry } : entry));
    const names = axes.map((entry) => entry.of);
    const owner = requireSameOwner(`scout.${name}.of`, names, scores);
    const map = createFeatureMap(axes.map(kernelAxis), { features, seed });
    const key = `drift.${name}`;
    const crossing = new Float64Array(1 + features);
    const values = new Float64Array(names.length);
    return {
      name,
      run(orbits, { bins }) {
        bins[key] ??= new Float64Array(featureSumsSize(features));
        const sums = bins[key];
        let items = 0;
        for (const orbit of orbits) {
          if (orbit.orbit % every !== 0) continue;
          fillQuantities(orbit, names);
          const columns = names.map((of) => quantity(orbit, of));
          if (columns[0].n === 0) continue;
          const offsets = owner === "crossing" ? null : offsetsOf(orbit, owner);
          for (let r = 0; r < orbit.rows; r++) {
            const start = offsets ? offsets[orbit.bx[r] - 1] : r;
            const end = offsets ? offsets[orbit.bx[r]] : r + 1;
            if (start === end) continue;
            crossing.fill(0);
            for (let i = start; i < end; i++) {
              for (let k = 0; k < values.length; k++) values[k] = columns[k].values[i];
              if (map.add(values, crossing, 1)) crossing[0]++;
            }
            if (crossing[0] > 0) addCrossing(sums, crossing);
            items += crossing[0];
          }
        }
        return items;
      },
    };
  },
});

/** Quantities with a long tail. */
const isLong = (of: string) => /^(m?ht|towerCount|litTowers)$|\.(pt|ptL1|mass\w*)$/.test(of);
const isCount = (of: string) => !of.includes(".") && !isLong(of);

function kernelAxis({ of, scale, log }: z.output<typeof axis>): FeatureAxis {
  return {
    scale: scale ?? (isCount(of) ? 1 : 0.5),
    log: log ?? isLong(of),
    isPeriodic: /\.phi$/.test(of),
  };
}
