import { z } from "zod";
import { ConfigError } from "../../../base/errors.ts";
import {
  bitmapOf,
  compileMenu,
  countBits,
  parseMenu,
  scalarNames,
} from "../../../cms/menu/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { orbitTriggerObjects } from "../../../cms/scouting/trigger-objects.ts";
import { count } from "../results/tallies.ts";
import { withCalibrated } from "./hardware-integers.ts";
import { defineStage } from "./stage.ts";

/**
 * Menus decide on hardware integers, as the trigger does: those of Level 1, or calibrated ones where
 * a stage before rounds them. What the raw orbits do not tell is 0: sums without the calorimeter, and
 * muon showers, whose slots they do not keep. Sums are Level 1's also where jets are calibrated.
 */
export const menuKind = defineStage({
  schema: z
    .strictObject({
      kind: z.literal("menu"),
      algorithms: z.string().describe("JSON file of the trigger menu"),
    })
    .describe("decide all algorithms of a trigger menu, on hardware integers"),
  files: ({ algorithms }) => [{ path: algorithms, is: "text" }],
  create({ algorithms }, context) {
    if (context.menu !== null)
      throw new ConfigError("scout.stages: one menu is enough; drop the other");
    const text = new TextDecoder().decode(context.assets[algorithms]);
    const menu = compileMenu(parseMenu(text, algorithms));
    context.menu = menu;
    const names = menu.menu.algorithms.map(({ name }) => name);
    const empty = new Uint16Array(crossingsPerOrbit);
    const none = Object.fromEntries(scalarNames.map((name) => [name, empty]));
    return {
      name: "menu",
      run(orbits, tallies) {
        for (const orbit of orbits) {
          const { gmt, calo, hasCalo } = orbit;
          const objects = withCalibrated(orbitTriggerObjects({ gmt, calo }), orbit.calibrated);
          const scalars = { ...none, ...(hasCalo ? objects.scalars : {}) };
          orbit.decision = menu.evaluate({ ...objects, scalars });
          for (const [a, name] of names.entries()) {
            const fired = countBits(bitmapOf(orbit.decision, a));
            if (fired > 0) count(tallies, `fired.${name}`, fired);
          }
        }
        return orbits.length * crossingsPerOrbit;
      },
    };
  },
});
