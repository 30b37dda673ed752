import { ConfigError } from "../../base/errors.ts";
import type { ScoutingFormat } from "./decoder.ts";
import { crossingsPerOrbit } from "./orbit-objects.ts";

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

/** Formats with source ids of their own. */
export type SourceFormat = keyof typeof scoutingSources;

/** The format that a source id implies; null for TCP sources and unknown ones. */
export function formatOfSource(source: number): SourceFormat | null {
  for (const [format, { first, last }] of Object.entries(scoutingSources))
    if (source >= first && source <= last) return format as SourceFormat;
  return null;
}

/** Source ids of calorimeter objects over TCP. */
export const caloTcpSources = { first: 22, last: 29 } as const;

/** True for a source of calorimeter objects over TCP. */
export const isCaloTcp = (source: number): boolean =>
  source >= caloTcpSources.first && source <= caloTcpSources.last;

/** Words of the largest block of a crossing: header, bx, orbit and all objects there can be. */
const largestBlocks = { gmt: 3 + 16 * 3, calo: 3 + 56, stubs: 3 + 2 * 255, towers: 3 + 82 * 72 };
const largestTcpBlock = 3 + 12;

/** Bytes of the largest orbit that a source can send; 0 for one that scouting does not have. */
export function largestPayload(source: number): number {
  const format = formatOfSource(source);
  const words = format !== null ? largestBlocks[format] : isCaloTcp(source) ? largestTcpBlock : 0;
  return 4 * crossingsPerOrbit * words;
}

/** What a source is called: "gmt", "calo", "stubs10", "caloTcp22", "towers", "source99". */
export function sourceName(source: number): string {
  const format = formatOfSource(source);
  if (format === "stubs") return `stubs${source}`;
  if (format !== null) return format;
  return `${isCaloTcp(source) ? "caloTcp" : "source"}${source}`;
}

/** Sector (0 to 11) of the stubs of a source. */
export function bmtfSector(source: number): number {
  const { first, last } = scoutingSources.stubs;
  if (!(source >= first && source <= last))
    throw new ConfigError(`bmtfSector: source ${source}, expected ${first} to ${last}`);
  return source - first;
}
