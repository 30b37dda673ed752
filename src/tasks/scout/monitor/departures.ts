import { type Alarm, findAlarms } from "../results/alarms.ts";
import type { Snapshot } from "../results/snapshot.ts";
import { createTallies } from "../results/tallies.ts";
import { areSame } from "./compare.ts";

/** Bins of a snapshot by the name that alarms have, and the edges they lie between. */
interface NamedBins {
  readonly counts: readonly number[];
  readonly edges: readonly number[];
}

/**
 * What of a snapshot departs in shape from its reference; `alarm` is the chance of any false one.
 * Distributions whose bins differ are not compared.
 */
export function departures(snapshot: Snapshot, reference: Snapshot, alarm: number): Alarm[] {
  const [data, expected] = [createTallies(), createTallies()];
  const others = binsOf(reference);
  for (const [name, { counts, edges }] of Object.entries(binsOf(snapshot))) {
    const other = others[name];
    if (!other || !areSame(edges, other.edges) || counts.length !== other.counts.length) continue;
    data.bins[name] = Float64Array.from(counts);
    expected.bins[name] = Float64Array.from(other.counts);
  }
  return findAlarms(data, expected, alarm);
}

function binsOf({ histograms, maps, occupancy }: Snapshot): Record<string, NamedBins> {
  const named: [string, NamedBins][] = [
    ...histograms.map(({ name, edges, underflow, counts, overflow }): [string, NamedBins] => [
      `histogram.${name}`,
      { edges, counts: [underflow, ...counts, overflow] },
    ]),
    ...maps.map(({ name, x, y, counts }): [string, NamedBins] => [
      `map.${name}`,
      { edges: [...x.edges, ...y.edges], counts },
    ]),
    ...Object.entries(occupancy).map(([kind, counts]): [string, NamedBins] => [
      `occupancy.${kind}`,
      { edges: [], counts },
    ]),
  ];
  return Object.fromEntries(named);
}
