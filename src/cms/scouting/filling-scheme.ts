import { crossingsPerOrbit } from "./orbit-objects.ts";

const train = { bunches: 72, gap: 8 } as const;

/**
 * The LHC's nominal filling with 25 ns spacing, 2808 bunches in trains of 72:
 * 3 x {2 x [3 x (72b + 8e) + 30e] + [4 x (72b + 8e) + 31e]} + 3 x [3 x (72b + 8e) + 30e] + 81e,
 * the last gap for the beam dump (LHC Design Report I, CERN-2004-003).
 * @returns 1 where two bunches cross, by bx - 1 [3564].
 */
export function nominalFilling(): Uint8Array {
  const filled = new Uint8Array(crossingsPerOrbit);
  let at = 0;
  const batch = (trains: number, gap: number) => {
    for (let t = 0; t < trains; t++) {
      filled.fill(1, at, at + train.bunches);
      at += train.bunches + train.gap;
    }
    at += gap;
  };
  for (let quarter = 0; quarter < 4; quarter++) {
    batch(3, 30);
    batch(3, 30);
    if (quarter < 3) batch(4, 31);
    else batch(3, 30);
  }
  return filled;
}
