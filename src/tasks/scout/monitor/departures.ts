import { type Alarm, findAlarms } from "../results/alarms.ts";
import type { Snapshot } from "../results/snapshot.ts";
import type { Tallies } from "../results/tallies.ts";
import { areSame, sameTurnOn } from "./compare.ts";

/** Bins of a snapshot by the name that alarms have, and the edges they lie between. */
interface NamedBins {
  readonly counts: readonly number[];
  readonly edges: readonly number[];
}

/**
 * What of a snapshot departs from its reference: distributions in shape, turn-ons in height too;
 * `alarm` is the chance of any false one. What has other bins or thresholds is not compared.
 */
export function departures(snapshot: Snapshot, reference: Snapshot, alarm: number): Alarm[] {
  const [data, expected] = [createSide(snapshot), createSide(reference)];
  const others = binsOf(reference);
  for (const [name, { counts, edges }] of Object.entries(binsOf(snapshot))) {
    const other = others[name];
    if (!other || !areSame(edges, other.edges) || counts.length !== other.counts.length) continue;
    data.bins[name] = Float64Array.from(counts);
    expected.bins[name] = Float64Array.from(other.counts);
  }
  for (const own of snapshot.turnOns) {
    const other = sameTurnOn(own, reference.turnOns);
    if (!other) continue;
    addTurnOn(data, own);
    addTurnOn(expected, other);
  }
  return findAlarms(data, expected, alarm);
}

/** Tallies with what tells the variance of occupancies, as yet without bins. */
function createSide({ squares, seen }: Snapshot): Tallies {
  const named = Object.entries({ squares, seen }).flatMap(([prefix, byKind]) =>
    Object.entries(byKind).map(([kind, n]) => [`${prefix}.${kind}`, n] as const),
  );
  return { counts: Object.fromEntries(named), bins: {} };
}

function addTurnOn({ bins }: Tallies, { name, passed, total }: Snapshot["turnOns"][number]): void {
  bins[`turnOn.${name}.passed`] = Float64Array.from(passed);
  bins[`turnOn.${name}.all`] = Float64Array.from(total);
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
