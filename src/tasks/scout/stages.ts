import { ConfigError } from "../../base/errors.ts";
import { float32 } from "../../base/host-array.ts";
import { nearMiss } from "../../base/near-miss.ts";
import {
  bitmapOf,
  type CompiledMenu,
  compileMenu,
  countBits,
  firedAt,
  parseMenu,
  scalarNames,
} from "../../cms/menu/index.ts";
import { crossingsPerOrbit } from "../../cms/scouting/orbit-objects.ts";
import { orbitTriggerObjects } from "../../cms/scouting/trigger-objects.ts";
import { createPredictor } from "../../nn/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { type Binning, binOf, logBins, uniformBins } from "../../stats/index.ts";
import type { ScoutConfig, Stage } from "./config.ts";
import { fillQuantities, ownerOf, quantity } from "./quantities.ts";
import { createRecalibrator } from "./recalibrate.ts";
import { type ScoutOrbit, valuesOf } from "./scout-orbit.ts";
import { count, type Tallies } from "./tallies.ts";

/** Contents of the files that stages name, by path. */
export type Assets = Readonly<Record<string, Uint8Array>>;

/** A stage ready to run. */
export interface RunningStage {
  readonly name: string;
  /** Works on some orbits. @returns items done: muons, crossings, values. */
  run(orbits: readonly ScoutOrbit[], tallies: Tallies): number | Promise<number>;
  dispose?(): Promise<void>;
}

/** What stages so far make known to later ones. */
interface Known {
  readonly runtime: Runtime;
  readonly assets: Assets;
  readonly scores: string[];
  readonly selections: string[];
  menu: CompiledMenu | null;
}

/**
 * Stages in the order of the list, each with the quantities that it reads filled before it.
 * @throws ConfigError for names that no stage before gives, FormatError for unusable files.
 */
export async function createStages(
  config: ScoutConfig,
  assets: Assets,
  runtime: Runtime,
): Promise<RunningStage[]> {
  const known: Known = { runtime, assets, scores: [], selections: [], menu: null };
  const stages: RunningStage[] = [];
  for (const stage of config.stages) stages.push(await makers[stage.kind](stage as never, known));
  return stages;
}

type Of<K extends Stage["kind"]> = Extract<Stage, { kind: K }>;

const makers: {
  readonly [K in Stage["kind"]]: (
    stage: Of<K>,
    known: Known,
  ) => RunningStage | Promise<RunningStage>;
} = {
  recalibrate: recalibrateStage,
  score: scoreStage,
  menu: menuStage,
  select: selectStage,
  histogram: histogramStage,
  map: mapStage,
};

async function recalibrateStage(
  { model }: Of<"recalibrate">,
  { runtime, assets }: Known,
): Promise<RunningStage> {
  const { run, dispose } = await createRecalibrator(runtime, assets[model], model);
  return {
    name: "recalibrate",
    async run(orbits, tallies) {
      const calibrated = await run(orbits);
      count(tallies, "muons.calibrated", calibrated);
      return calibrated;
    },
    dispose,
  };
}

async function scoreStage(
  { name, model, inputs, missing }: Of<"score">,
  { runtime, assets, scores }: Known,
): Promise<RunningStage> {
  for (const input of inputs) requireCrossing(`scout.${name}.inputs`, input, scores);
  if (ownerIsKnown(name, scores)) throw new ConfigError(`scout.${name}: is a quantity already`);
  scores.push(name);
  const [{ name: inputName = "x" } = {}, session] = await inputOf(runtime, assets[model]);
  return {
    name,
    async run(orbits) {
      for (const orbit of orbits) fillQuantities(orbit, inputs);
      const rows = orbits.reduce((n, orbit) => n + orbit.rows, 0);
      if (rows === 0) return 0;
      const matrix = new Float32Array(rows * inputs.length);
      let start = 0;
      for (const orbit of orbits) {
        for (const [j, input] of inputs.entries()) {
          const { values } = quantity(orbit, input);
          for (let r = 0; r < orbit.rows; r++)
            matrix[(start + r) * inputs.length + j] = Number.isNaN(values[r]) ? missing : values[r];
        }
        start += orbit.rows;
      }
      const results = await session.predict({
        [inputName]: float32(matrix, [rows, inputs.length]),
      });
      const [{ data }] = Object.values(results);
      if (data.length !== rows)
        throw new ConfigError(
          `scout.${name}: ${model} gives ${data.length} values for ${rows} rows`,
        );
      start = 0;
      for (const orbit of orbits) {
        valuesOf(orbit, name).set((data as Float32Array).subarray(start, start + orbit.rows));
        start += orbit.rows;
      }
      return rows;
    },
    dispose: () => session.dispose(),
  };
}

async function inputOf(runtime: Runtime, model: Uint8Array) {
  const session = await runtime.load(model, { threads: 1 });
  const { inputs } = session;
  await session.dispose();
  return [inputs[0], await createPredictor(runtime, model, { threads: 1 })] as const;
}

function ownerIsKnown(name: string, scores: readonly string[]): boolean {
  try {
    ownerOf("", name, scores);
    return true;
  } catch {
    return false;
  }
}

/**
 * Menus decide on hardware integers, as the trigger does, calibrated or not. What the raw orbits do
 * not tell is 0: sums without the calorimeter, and muon showers, whose slots they do not keep.
 */
function menuStage({ algorithms }: Of<"menu">, known: Known): RunningStage {
  if (known.menu !== null)
    throw new ConfigError("scout.stages: one menu is enough; drop the other");
  const text = new TextDecoder().decode(known.assets[algorithms]);
  const menu = compileMenu(parseMenu(text, algorithms));
  known.menu = menu;
  const size = menu.menu.algorithms.length;
  const empty = new Uint16Array(crossingsPerOrbit);
  const none = Object.fromEntries(scalarNames.map((name) => [name, empty]));
  return {
    name: "menu",
    run(orbits, { bins }) {
      bins.menu ??= new Float64Array(size);
      for (const orbit of orbits) {
        const { gmt, calo, hasCalo } = orbit;
        const objects = orbitTriggerObjects({ gmt, calo });
        const scalars = { ...none, ...(hasCalo ? objects.scalars : {}) };
        orbit.decision = menu.evaluate({ ...objects, scalars });
        for (let a = 0; a < size; a++) bins.menu[a] += countBits(bitmapOf(orbit.decision, a));
      }
      return orbits.length * crossingsPerOrbit;
    },
  };
}

function selectStage(
  { name, algorithms, cuts, neighbors }: Of<"select">,
  { menu, scores, selections }: Known,
): RunningStage {
  const names = menu?.menu.algorithms.map((a) => a.name) ?? [];
  const places = algorithms.map((wanted) => {
    if (names.includes(wanted)) return names.indexOf(wanted);
    const guess = nearMiss(wanted, names);
    throw new ConfigError(
      `scout.${name}.algorithms: no algorithm "${wanted}" in the menu before; ${guess ? `did you mean "${guess}"?` : `it has ${names.length}`}`,
    );
  });
  for (const { of } of cuts) requireCrossing(`scout.${name}.cuts`, of, scores);
  if (selections.length === 32)
    throw new ConfigError("scout.stages: at most 32 selections; merge some");
  const bit = 1 << selections.length;
  selections.push(name);
  const needed = cuts.map(({ of }) => of);
  return {
    name,
    run(orbits, tallies) {
      let [rows, passed] = [0, 0];
      for (const orbit of orbits) {
        fillQuantities(orbit, needed);
        const { bx, decision, kept } = orbit;
        const limits = cuts.map(({ of, min, max }) => ({
          values: quantity(orbit, of).values,
          min: min ?? -Infinity,
          max: max ?? Infinity,
        }));
        for (let r = 0; r < orbit.rows; r++) {
          if (!limits.every(({ values, min, max }) => values[r] >= min && values[r] <= max))
            continue;
          const e = bx[r] - 1;
          if (places.length > 0 && !places.some((a) => decision && firedAt(decision, a, e)))
            continue;
          passed++;
          const last = Math.min(crossingsPerOrbit, bx[r] + neighbors);
          for (let b = Math.max(1, bx[r] - neighbors); b <= last; b++) kept[b] |= bit;
        }
        rows += orbit.rows;
      }
      count(tallies, `selected.${name}`, passed);
      return rows;
    },
  };
}

/** The binning of an axis of a configuration. */
export function binningOf(axis: {
  bins: number;
  low: number;
  high: number;
  log: boolean;
}): Binning {
  return (axis.log ? logBins : uniformBins)(axis.bins, axis.low, axis.high);
}

function histogramStage({ name, of, ...axis }: Of<"histogram">, { scores }: Known): RunningStage {
  ownerOf(`scout.${name}`, of, scores);
  const binning = binningOf(axis);
  const key = `histogram.${name}`;
  return {
    name,
    run(orbits, { bins }) {
      bins[key] ??= new Float64Array(axis.bins + 2);
      const sums = bins[key];
      let items = 0;
      for (const orbit of orbits) {
        fillQuantities(orbit, [of]);
        const { values, n } = quantity(orbit, of);
        for (let i = 0; i < n; i++) {
          const bin = binOf(binning, values[i]);
          if (bin >= 0) sums[bin]++;
        }
        items += n;
      }
      return items;
    },
  };
}

function mapStage({ name, x, y }: Of<"map">, { scores }: Known): RunningStage {
  const where = `scout.${name}`;
  const [ofX, ofY] = [ownerOf(where, x.of, scores), ownerOf(where, y.of, scores)];
  if (ofX !== ofY)
    throw new ConfigError(
      `${where}: ${x.of} is of ${ofX}, ${y.of} of ${ofY}; take two of the same`,
    );
  const [binsX, binsY] = [binningOf(x), binningOf(y)];
  const key = `map.${name}`;
  const stride = y.bins + 2;
  return {
    name,
    run(orbits, { bins }) {
      bins[key] ??= new Float64Array((x.bins + 2) * stride);
      const sums = bins[key];
      let items = 0;
      for (const orbit of orbits) {
        fillQuantities(orbit, [x.of, y.of]);
        const { values: xs, n } = quantity(orbit, x.of);
        const { values: ys } = quantity(orbit, y.of);
        for (let i = 0; i < n; i++) {
          const [row, column] = [binOf(binsX, xs[i]), binOf(binsY, ys[i])];
          if (row >= 0 && column >= 0) sums[row * stride + column]++;
        }
        items += n;
      }
      return items;
    },
  };
}

function requireCrossing(where: string, name: string, scores: readonly string[]): void {
  const owner = ownerOf(where, name, scores);
  if (owner !== "crossing")
    throw new ConfigError(`${where}: ${name} is of ${owner}; name a quantity of a crossing`);
}
