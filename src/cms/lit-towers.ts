import { DataError } from "../base/errors.ts";
import type { ObjectCollection } from "./objects.ts";

/** Towers at |ieta| up to this count. */
const largestIEta = 4;

/**
 * The pile-up proxy of the official Level-1 scouting corrections: calorimeter towers with energy at
 * |ieta| <= 4 in each event [events], 0 .. 576.
 * @param towers - with columns ieta and iet, hardware integers, and bx where there are several.
 * @see missirol/cmssw-L1ScoutingTools, Reconstruction/plugins/L1TCaloTowerJetCorrectorC.cc
 */
export function litTowers({ events, offsets, columns }: ObjectCollection, bx = 0): Int32Array {
  const { ieta, iet, bx: crossing } = columns;
  if (ieta === undefined || iet === undefined)
    throw new DataError("litTowers: towers need the columns ieta and iet");
  const lit = new Int32Array(events);
  for (let e = 0; e < events; e++)
    for (let i = offsets[e]; i < offsets[e + 1]; i++)
      if (Math.abs(ieta[i]) <= largestIEta && iet[i] > 0 && (crossing?.[i] ?? bx) === bx) lit[e]++;
  return lit;
}
