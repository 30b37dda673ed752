import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import type { ObjectKind, ScoutOrbit } from "./scout-orbit.ts";

/** Objects of a kind by crossing: compact, where offsets take a cache line a crossing. */
export interface RowCounts {
  /** False until they are counted. */
  isMade: boolean;
  /** [rows] */
  readonly objects: Uint16Array;
  /** Rows [pairs] with at least two, ascending. */
  readonly pairRows: Uint16Array;
  pairs: number;
}

export const createRowCounts = (): RowCounts => ({
  isMade: false,
  objects: new Uint16Array(crossingsPerOrbit),
  pairRows: new Uint16Array(crossingsPerOrbit),
  pairs: 0,
});

/** How many objects of a kind the crossings of an orbit have. */
export function rowCounts({ rows, bx, objects, counts }: ScoutOrbit, kind: ObjectKind): RowCounts {
  const made = counts[kind];
  if (made.isMade) return made;
  const { offsets } = objects[kind];
  let pairs = 0;
  for (let r = 0; r < rows; r++) {
    const n = offsets[bx[r]] - offsets[bx[r] - 1];
    made.objects[r] = n;
    if (n > 1) made.pairRows[pairs++] = r;
  }
  made.pairs = pairs;
  made.isMade = true;
  return made;
}
