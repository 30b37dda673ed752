import { parentPort, workerData } from "node:worker_threads";
import {
  compileMenu,
  parseMenu,
  type TriggerObjects,
  testVectorCrossings,
} from "../../src/cms/menu/index.ts";
import { parseTestVectors } from "../../src/cms/schemas/test-vectors.ts";

/** What a thread does: the whole menu on each input in turn. */
export interface MenuTask {
  readonly menu: string;
  /** Text vectors. */
  readonly vectors: readonly string[];
  /** True leaves the muons of every tenth crossing alone, all else empty. */
  readonly isSparse: boolean;
  readonly seconds: number;
}

export interface MenuOutcome {
  readonly compileMs: number;
  /** By input: its crossings, and how long each pass took, ascending. */
  readonly inputs: readonly { readonly crossings: number; readonly ms: readonly number[] }[];
}

const { menu, vectors, isSparse, seconds } = workerData as MenuTask;
const inputs = vectors
  .map((text) => testVectorCrossings(parseTestVectors(text)))
  .map((objects) => (isSparse ? sparse(objects) : objects));
const parsed = parseMenu(menu);
const start = performance.now();
const { evaluate } = compileMenu(parsed);
const compileMs = performance.now() - start;
for (let pass = 0; pass < 10; pass++) for (const objects of inputs) evaluate(objects);

parentPort?.postMessage("ready");
parentPort?.once("message", () => {
  const outcomes = inputs.map(({ crossings }) => ({ crossings, ms: [] as number[] }));
  const end = performance.now() + 1e3 * seconds;
  while (performance.now() < end)
    inputs.forEach((objects, k) => {
      const before = performance.now();
      evaluate(objects);
      outcomes[k].ms.push(performance.now() - before);
    });
  for (const { ms } of outcomes) ms.sort((a, b) => a - b);
  parentPort?.postMessage({ compileMs, inputs: outcomes } satisfies MenuOutcome);
});

/** A muon in every tenth crossing, taken from the crossings that have one. */
function sparse(objects: TriggerObjects): TriggerObjects {
  const { crossings, muons, scalars } = objects;
  const offsets = new Uint32Array(crossings + 1).map((_, e) => Math.ceil(e / 10));
  const none = new Uint32Array(crossings + 1);
  const empty = (of: "egs" | "taus" | "jets") => ({
    offsets: none,
    columns: objects[of]?.columns ?? {},
  });
  const zeros = Object.keys(scalars).map((name) => [name, new Int32Array(crossings)]);
  return {
    crossings,
    muons: { offsets, columns: muons?.columns ?? {} },
    ...{ egs: empty("egs"), taus: empty("taus"), jets: empty("jets") },
    scalars: Object.fromEntries(zeros),
  };
}
