import { z } from "zod";
import { ConfigError } from "../../../base/errors.ts";
import { nearMiss } from "../../../base/near-miss.ts";
import { firedAt } from "../../../cms/menu/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { fillQuantities, quantity, requireCrossing } from "../orbit/quantities.ts";
import { count } from "../results/tallies.ts";
import { defineStage, stageName } from "./stage.ts";

export const selectKind = defineStage({
  schema: z
    .strictObject({
      kind: z.literal("select"),
      name: stageName,
      algorithms: z
        .array(z.string())
        .default([])
        .describe("algorithms of the menu, one of which must fire (default: none asked for)"),
      cuts: z
        .array(
          z.strictObject({
            of: z.string().describe("quantity of a crossing"),
            min: z.number().nullable().default(null).describe("smallest value (default: none)"),
            max: z.number().nullable().default(null).describe("largest value (default: none)"),
          }),
        )
        .default([])
        .describe("ranges, ends included, that all must hold"),
      neighbors: z
        .int()
        .min(0)
        .max(10)
        .default(0)
        .describe("crossings before and behind to keep too, within the orbit"),
    })
    .describe("crossings to keep; without any, those with objects are kept"),
  create({ name, algorithms, cuts, neighbors }, { menu, scores, selections }) {
    const names = menu?.menu.algorithms.map((a) => a.name) ?? [];
    const places = algorithms.map((wanted) => {
      if (names.includes(wanted)) return names.indexOf(wanted);
      const guess = nearMiss(wanted, names);
      throw new ConfigError(
        `scout.${name}.algorithms: no algorithm "${wanted}" in the menu before; ${guess ? `did you mean "${guess}"?` : `it has ${names.length}`}`,
      );
    });
    for (const { of } of cuts) requireCrossing(`scout.${name}.cuts`, of, scores);
    if (selections.length === 32)
      throw new ConfigError("scout.stages: at most 32 selections; merge some");
    const bit = 1 << selections.length;
    selections.push(name);
    const needed = cuts.map(({ of }) => of);
    return {
      name,
      run(orbits, tallies) {
        let [rows, passed] = [0, 0];
        for (const orbit of orbits) {
          fillQuantities(orbit, needed);
          const { bx, decision, kept } = orbit;
          const limits = cuts.map(({ of, min, max }) => ({
            values: quantity(orbit, of).values,
            min: min ?? -Infinity,
            max: max ?? Infinity,
          }));
          for (let r = 0; r < orbit.rows; r++) {
            if (!limits.every(({ values, min, max }) => values[r] >= min && values[r] <= max))
              continue;
            const e = bx[r] - 1;
            if (places.length > 0 && !places.some((a) => decision && firedAt(decision, a, e)))
              continue;
            passed++;
            const last = Math.min(crossingsPerOrbit, bx[r] + neighbors);
            for (let b = Math.max(1, bx[r] - neighbors); b <= last; b++) kept[b] |= bit;
          }
          rows += orbit.rows;
        }
        count(tallies, `selected.${name}`, passed);
        return rows;
      },
    };
  },
});
