import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";

/**
 * Lays the objects of several lists side by side, crossing by crossing, and fills their offsets.
 * @param copy - takes object i of list k to place n.
 * @returns the most that a crossing has.
 */
export function mergeObjects(
  lists: readonly { readonly offsets: Uint32Array }[],
  offsets: Uint32Array,
  copy: (k: number, i: number, n: number) => void,
): number {
  let n = 0;
  let most = 0;
  offsets[0] = 0;
  for (let b = 1; b <= crossingsPerOrbit; b++) {
    const start = n;
    for (let k = 0; k < lists.length; k++) {
      const own = lists[k].offsets;
      for (let i = own[b - 1]; i < own[b]; i++) copy(k, i, n++);
    }
    offsets[b] = n;
    most = Math.max(most, n - start);
  }
  return most;
}
