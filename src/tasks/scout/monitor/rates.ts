import { rateOf } from "../../../cms/menu/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import type { Snapshot } from "../results/snapshot.ts";

/** How often something fired or passed. */
export interface RateRow {
  readonly name: string;
  readonly count: number;
  /** Of all 3564 crossings of each orbit, with its binomial uncertainty. */
  readonly rateHz: number;
  readonly errorHz: number;
  /** Rate over that of the reference, null where that has none. */
  readonly ratio: { readonly value: number; readonly uncertainty: number } | null;
}

/** Rates of the selections and of the menu's algorithms, the most frequent first. */
export function rateTables(
  snapshot: Snapshot,
  reference: Snapshot | null,
): readonly { readonly title: string; readonly rows: readonly RateRow[] }[] {
  const selections = (s: Snapshot) =>
    Object.entries(s.selected).map(([name, count]) => ({ name, count }));
  const lists = [
    { title: "Selections", of: selections },
    { title: "Trigger menu", of: (s: Snapshot) => s.algorithms },
  ];
  return lists.flatMap(({ title, of }) => {
    const expected = new Map((reference ? of(reference) : []).map((r) => [r.name, r.count]));
    const rows = [...of(snapshot)]
      .sort((a, b) => b.count - a.count)
      .map(({ name, count }): RateRow => {
        const own = rate(count, snapshot.orbits);
        const other = rate(expected.get(name) ?? 0, reference?.orbits ?? 0);
        return { name, ...own, ratio: ratioOf(own, other) };
      });
    return rows.length > 0 ? [{ title, rows }] : [];
  });
}

type Rate = Pick<RateRow, "count" | "rateHz" | "errorHz">;

const rate = (count: number, orbits: number): Rate =>
  orbits > 0 ? rateOf(count, orbits * crossingsPerOrbit) : { count, rateHz: 0, errorHz: 0 };

function ratioOf(own: Rate, other: Rate): RateRow["ratio"] {
  if (!(other.rateHz > 0 && own.rateHz > 0)) return null;
  const value = own.rateHz / other.rateHz;
  const relative = Math.hypot(own.errorHz / own.rateHz, other.errorHz / other.rateHz);
  return { value, uncertainty: value * relative };
}
