import { DataError } from "../../base/errors.ts";
import type { NumericArray } from "../objects.ts";
import { type Directions, type Matches, type MatchOptions, matchNearest } from "./match.ts";

/** Offline jets matched by the report's rule, seen from both sides. */
export interface JetMatches extends Matches {
  /** Offline jets that chose each Level-1 jet [level1]. */
  readonly multiplicity: Uint16Array;
  /** Their summed pt in GeV [level1], the target of the recalibration; 0 where there is none. */
  readonly matchedPt: Float64Array;
}

/** Jets: directions and transverse momentum in GeV [jets]. */
export interface Jets extends Directions {
  readonly pt: NumericArray;
}

/**
 * The report's rule (Losapio 2021, section 2b): every offline jet goes to the nearest Level-1 jet
 * of its event closer than maxDeltaR; several may share one, whose target is their summed pt.
 */
export function matchJets(
  offline: Jets,
  level1: Directions,
  options: MatchOptions = {},
): JetMatches {
  const matches = matchNearest(offline, level1, options);
  const { partner } = matches;
  if (offline.pt.length !== partner.length)
    throw new DataError(
      `matchJets: pt has ${offline.pt.length} values for ${partner.length} offline jets`,
    );
  const objects = level1.offsets[level1.offsets.length - 1];
  const multiplicity = new Uint16Array(objects);
  const matchedPt = new Float64Array(objects);
  for (let i = 0; i < partner.length; i++) {
    if (partner[i] < 0) continue;
    multiplicity[partner[i]]++;
    matchedPt[partner[i]] += offline.pt[i];
  }
  return { ...matches, multiplicity, matchedPt };
}
