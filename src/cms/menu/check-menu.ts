import type { TestVectors } from "../schemas/test-vectors.ts";
import type { CompiledMenu, GivenBits, MenuDecision } from "./compile-menu.ts";
import { testVectorCrossings } from "./crossings.ts";
import { bitmapOf, columnBitmap, countBits } from "./menu-bits.ts";
import type { Menu } from "./parse-menu.ts";

/** One algorithm against the bits of a file; counts of crossings. */
export interface AlgorithmCheck {
  readonly name: string;
  readonly bit: number;
  /** False where a condition was not given; then nothing is compared. */
  readonly isDecided: boolean;
  /** Fired here, and in the file. */
  readonly fired: number;
  readonly expected: number;
  /** Fired here only, and in the file only. */
  readonly extra: number;
  readonly missing: number;
}

/** Evaluates a menu on test vectors and compares each algorithm with its bit in the file. */
export function checkMenu(
  { menu, evaluate }: CompiledMenu,
  vectors: TestVectors,
  given: GivenBits = {},
): AlgorithmCheck[] {
  return compareMenu(menu, evaluate(testVectorCrossings(vectors), given), vectors);
}

/** Compares the algorithms of a menu, the first of a decision, with their bits in a file. */
export function compareMenu(
  { algorithms }: Menu,
  decision: MenuDecision,
  vectors: TestVectors,
): AlgorithmCheck[] {
  const undecided = new Set(decision.undecided);
  return algorithms.map(({ name, bit }, a) => {
    const own = bitmapOf(decision, a);
    const file = columnBitmap(vectors.algorithms, 16, bit);
    const both = countBits(own.map((word, w) => word & file[w]));
    const [fired, expected] = [countBits(own), countBits(file)];
    const isDecided = !undecided.has(a);
    return {
      ...{ name, bit, isDecided, fired, expected },
      extra: isDecided ? fired - both : 0,
      missing: isDecided ? expected - both : 0,
    };
  });
}

/** External signals of test vectors as bitmaps, from their names and bits (0 to 255). */
export function externalSignals(
  vectors: TestVectors,
  bits: Readonly<Record<string, number>>,
): Record<string, Uint32Array> {
  const bitmaps = Object.entries(bits).map(([name, bit]) => [
    name,
    columnBitmap(vectors.external, 8, bit),
  ]);
  return Object.fromEntries(bitmaps);
}
