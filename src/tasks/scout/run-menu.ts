import { writeFile } from "node:fs/promises";
import { ConfigError, DataError } from "../../base/errors.ts";
import {
  type AlgorithmCheck,
  addDecision,
  bitmapOf,
  compareMenu,
  compileMenu,
  countBits,
  createMenuTally,
  givenNames,
  largestOverlaps,
  type Menu,
  parseMenu,
  parsePrescales,
  prescaleMenu,
  type Rate,
  rateOf,
  tallyRates,
} from "../../cms/menu/index.ts";
import { loadDocument, renderPage } from "../../report/index.ts";
import { version } from "../version.ts";
import { type ChosenCurve, chooseCurve, hasBit, withSeeds } from "./menu/choice.ts";
import type { AlgorithmCounts, MenuCounts } from "./menu/counts.ts";
import { menuPage } from "./menu/page.ts";
import { isRaw, menuInputs, readText } from "./menu/run-inputs.ts";

export interface MenuRunOptions {
  /** Text vectors, raw orbits. */
  readonly files: readonly string[];
  /** JSON file of the menu; without it there are only `seeds`. */
  readonly algorithms?: string | undefined;
  /** More algorithms, each "NAME = expression". */
  readonly seeds?: readonly string[] | undefined;
  /** Compares with the bits of text vectors. */
  readonly check?: boolean | undefined;
  /** JSON or CSV file of prescales by algorithm; others are 1. */
  readonly prescales?: string | undefined;
  /** Pairs with the largest overlap to list (default 0). */
  readonly overlaps?: number | undefined;
  /** Seed whose rate is wanted against its threshold, with or without ":10,20" (GeV). */
  readonly threshold?: string | undefined;
  /** Colliding bunches (default 3564: the crossings are an orbit's). */
  readonly bunches?: number | undefined;
  /** HTML file to write. */
  readonly out?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Overlaps that a page lists where nobody said how many. */
const pageOverlaps = 20;

/**
 * Runs a trigger menu on text vectors and raw orbits: how often each algorithm fires, and what was
 * asked for beside. Algorithms with conditions that the objects do not tell stay undecided.
 * @throws ConfigError, DataError, FormatError for what cannot be used or read.
 */
export async function runMenu(options: MenuRunOptions): Promise<MenuCounts> {
  const { files, check = false, bunches = 3564, out, signal } = options;
  const { overlaps: wanted = out === undefined ? 0 : pageOverlaps } = options;
  if (check) requireBits(files);
  const menu = await chosenMenu(options);
  const names = menu.algorithms.map(({ name }) => name);
  const prescales =
    options.prescales === undefined
      ? names.map(() => 1)
      : parsePrescales(await readText(options.prescales), names, options.prescales);
  const curve = options.threshold === undefined ? null : chooseCurve(menu, options.threshold);
  const { evaluate } = compileMenu({
    ...menu,
    algorithms: [...menu.algorithms, ...(curve?.algorithms ?? [])],
  });
  const n = names.length;
  const factors = [...prescales, ...(curve?.algorithms ?? []).map(() => 1)];
  const isPrescaled = prescales.some((prescale) => prescale !== 1);
  const counters = new Float64Array(factors.length);
  const fired = new Float64Array(factors.length);
  const tally = createMenuTally(n, { overlaps: wanted > 0 });
  const checks: AlgorithmCheck[][] = [];
  const dropped: Record<string, number> = {};
  let orbits = 0;
  const onDropped = (reason: string, lost: number) => {
    dropped[reason] = (dropped[reason] ?? 0) + lost;
  };
  for await (const { objects, vectors } of menuInputs(files, onDropped, signal)) {
    const decision = evaluate(objects);
    for (let a = 0; a < fired.length; a++) fired[a] += countBits(bitmapOf(decision, a));
    addDecision(tally, isPrescaled ? prescaleMenu(decision, factors, counters) : decision);
    if (vectors === null) orbits++;
    else if (check) checks.push(compareMenu(trigger(menu), decision, vectors));
  }
  if (tally.crossings === 0) {
    const lost = Object.entries(dropped).map(([why, n]) => `: ${n} orbits dropped as ${why}`);
    throw new DataError(`menu: no crossings in ${files.join(", ")}${lost.join("")}`);
  }
  const rate = (count: number) => kiloHertz(rateOf(count, tally.crossings, { bunches }));
  const rates = tallyRates(tally, { bunches });
  const sums = sumOf(checks);
  const algorithms = menu.algorithms.map((algorithm, a): AlgorithmCounts => {
    const { rate, pure } = rates.algorithms[a];
    const [all, own] = [kiloHertz(rate), kiloHertz(pure)];
    return {
      name: algorithm.name,
      bit: hasBit(algorithm) ? algorithm.bit : null,
      isDecided: givenNames(algorithm.expression).length === 0,
      fired: fired[a],
      prescale: prescales[a],
      ...all,
      ...{ pureKHz: own.rateKHz, pureErrorKHz: own.errorKHz },
      ...(sums[a] && pick(sums[a])),
    };
  });
  const place = new Map(names.map((name, a) => [name, a]));
  const counts: MenuCounts = {
    ...{ menu: menu.name, crossings: tally.crossings, orbits, dropped, bunches, algorithms },
    total: kiloHertz(rates.total),
    fired: algorithms.filter((one) => one.fired > 0).length,
    undecided: algorithms.filter(({ isDecided }) => !isDecided).length,
    differing: sums.filter(({ extra, missing }) => extra + missing > 0).length,
    overlaps: largestOverlaps(tally, wanted).map(({ a, b, both, share }) => ({
      ...{ a: names[a], b: names[b], ...rate(both), share },
    })),
    curve: curve && { ...curvePoints(curve, (k) => rate(fired[n + k])) },
    shared: (a, b) => tally.overlaps?.[(place.get(a) ?? 0) * n + (place.get(b) ?? 0)] ?? 0,
  };
  if (out !== undefined) {
    const page = menuPage(counts, { version, ...options, signal: undefined });
    await writeFile(out, renderPage(page, { document: await loadDocument() }));
  }
  return counts;
}

/** What the trigger itself decides: without seeds of one's own, which come last. */
const trigger = (menu: Menu): Menu => ({ ...menu, algorithms: menu.algorithms.filter(hasBit) });

async function chosenMenu({ algorithms, seeds = [] }: MenuRunOptions): Promise<Menu> {
  if (algorithms === undefined && seeds.length === 0)
    throw new ConfigError(
      `menu: no algorithms; give --algorithms <file> or --seed "NAME = expression"`,
    );
  const menu =
    algorithms === undefined
      ? { name: "own seeds", algorithms: [] }
      : parseMenu(await readText(algorithms), algorithms);
  return withSeeds(menu, seeds);
}

function requireBits(files: readonly string[]): void {
  const raw = files.find(isRaw);
  if (raw !== undefined)
    throw new ConfigError(
      `--check: ${raw} holds raw orbits, without the bits of algorithms; give text vectors`,
    );
}

const kiloHertz = ({ rateHz, errorHz }: Rate) => ({
  rateKHz: rateHz / 1e3,
  errorKHz: errorHz / 1e3,
});

const pick = ({ expected, extra, missing }: AlgorithmCheck) => ({ expected, extra, missing });

/** Over all files. */
function sumOf(checks: readonly AlgorithmCheck[][]): AlgorithmCheck[] {
  return (checks[0] ?? []).map((check, a) => {
    const sum = (key: "expected" | "extra" | "missing") =>
      checks.reduce((n, file) => n + file[a][key], 0);
    return { ...check, expected: sum("expected"), extra: sum("extra"), missing: sum("missing") };
  });
}

function curvePoints(
  { name, own, thresholds }: ChosenCurve,
  rate: (k: number) => { readonly rateKHz: number; readonly errorKHz: number },
) {
  return { name, own, points: thresholds.map((threshold, k) => ({ threshold, ...rate(k) })) };
}
