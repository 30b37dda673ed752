import { readFile } from "node:fs/promises";
import { DataError } from "../../base/errors.ts";
import { parseTestVectors } from "../../cms/index.ts";
import { type AlgorithmCheck, checkMenu, compileMenu, parseMenu } from "../../cms/menu/index.ts";

/** An algorithm over all files. */
export type AlgorithmCounts = AlgorithmCheck;

export interface MenuCounts {
  readonly menu: string;
  readonly crossings: number;
  readonly algorithms: readonly AlgorithmCounts[];
  /** Algorithms that fired, that could not be decided here, and that differ from the files' bits. */
  readonly fired: number;
  readonly undecided: number;
  readonly differing: number;
}

/**
 * Runs a trigger menu on global-trigger text vectors and compares it with their bits. Algorithms
 * with conditions that the objects do not tell (external ones) stay undecided.
 * @throws DataError, FormatError for files that cannot be read.
 */
export async function runMenu(files: readonly string[], algorithms: string): Promise<MenuCounts> {
  const menu = parseMenu(await readText(algorithms), algorithms);
  const compiled = compileMenu(menu);
  let crossings = 0;
  let sums: AlgorithmCheck[] | null = null;
  for (const file of files) {
    const vectors = parseTestVectors(await readText(file), file);
    crossings += vectors.crossing.length;
    const checks = checkMenu(compiled, vectors);
    const before: readonly AlgorithmCheck[] | null = sums;
    sums = checks.map((check, a) => (before ? added(before[a], check) : check));
  }
  const all = sums ?? [];
  return {
    menu: menu.name,
    crossings,
    algorithms: all,
    fired: all.filter(({ fired }) => fired > 0).length,
    undecided: all.filter(({ isDecided }) => !isDecided).length,
    differing: all.filter(({ extra, missing }) => extra + missing > 0).length,
  };
}

function added(a: AlgorithmCheck, b: AlgorithmCheck): AlgorithmCheck {
  return {
    ...a,
    fired: a.fired + b.fired,
    expected: a.expected + b.expected,
    extra: a.extra + b.extra,
    missing: a.missing + b.missing,
  };
}

async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: Error) => {
    throw new DataError(`${path}: cannot be read: ${cause.message}; check the path`, { cause });
  });
}
