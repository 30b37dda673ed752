import { ConfigError } from "../../base/errors.ts";
import type { ScoutingFormat } from "./decoder.ts";

/**
 * Source ids of scouting (cmssw DataFormats/L1ScoutingRawData/interface/SDSNumbering.h). Which
 * TCP source sends which objects is configuration, so those (22 to 29) have no format here.
 */
export const scoutingSources = {
  gmt: { first: 1, last: 1 },
  calo: { first: 2, last: 2 },
  stubs: { first: 10, last: 21 },
  towers: { first: 32, last: 32 },
} as const satisfies Partial<Record<ScoutingFormat, { first: number; last: number }>>;

/** The format that a source id implies; null for TCP sources and unknown ones. */
export function formatOfSource(source: number): ScoutingFormat | null {
  for (const [format, { first, last }] of Object.entries(scoutingSources))
    if (source >= first && source <= last) return format as ScoutingFormat;
  return null;
}

/** Sector (0 to 11) of the stubs of a source. */
export function bmtfSector(source: number): number {
  const { first, last } = scoutingSources.stubs;
  if (!(source >= first && source <= last))
    throw new ConfigError(`bmtfSector: source ${source}, expected ${first} to ${last}`);
  return source - first;
}
