import { openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createDecoder } from "../../src/cms/scouting/decoder.ts";
import { type OrbitFrame, writeOrbitFile } from "../../src/cms/scouting/orbit.ts";
import { type ScoutSettings, scout } from "../../src/tasks/scout/index.ts";
import { makeOrbits } from "./orbits.ts";

export interface RunSize {
  readonly folder: string;
  readonly orbits: number;
  /** Mean of muons per crossing. */
  readonly occupancy: number;
  /** Different orbits; they repeat under other numbers. */
  readonly different: number;
}

/** Orbits/s of a run from a file. */
export interface RunRates {
  /** From the start of the first thread to the report. */
  readonly all: number;
  /** Between the first and the last look at a run at work. */
  readonly steady: number;
}

/** Writes a raw file of muons. @returns its path. */
export function writeStream({ folder, orbits, occupancy, different }: RunSize): string {
  const payloads = makeOrbits(different, occupancy, false).orbits.map(
    ({ gmt }) => gmt as Uint8Array,
  );
  const places = payloads.map(orbitWords);
  const frames = (function* (): Generator<OrbitFrame> {
    for (let k = 0; k < orbits; k++) {
      const payload = payloads[k % different].slice();
      const view = new DataView(payload.buffer);
      for (const at of places[k % different]) view.setUint32(at, k + 1, true);
      yield { orbit: k + 1, source: 1, payload };
    }
  })();
  const path = join(folder, "stream.raw");
  const file = openSync(path, "w");
  writeSync(file, writeOrbitFile([...frames], { run: 1, lumi: 1 }));
  return path;
}

/** Where a GMT payload has its orbit number: the third word of each block. */
function orbitWords(payload: Uint8Array): number[] {
  const { blocks, objects } = createDecoder("gmt").decode(payload);
  const { offsets } = objects.muons;
  let at = 8;
  return Array.from(blocks.bx.subarray(0, blocks.count), (bx) => {
    const place = at;
    at += 12 * (1 + offsets[bx] - offsets[bx - 1]);
    return place;
  });
}

/** Runs `forty scout run` on a file. */
export async function timeRun(
  settings: ScoutSettings,
  file: string,
  out: string,
): Promise<RunRates> {
  const looks: { seconds: number; orbits: number }[] = [];
  const start = performance.now();
  const metrics = await scout({
    settings: { ...settings, files: [file] },
    out,
    onSnapshot: ({ seconds, orbits }) => looks.push({ seconds, orbits }),
  });
  const all = metrics.orbits / ((performance.now() - start) / 1e3);
  rmSync(out, { recursive: true, force: true });
  const working = looks.filter(({ orbits }) => orbits > 0).slice(0, -1);
  const [first, last] = [working[0], working[working.length - 1]];
  const steady =
    working.length > 1 ? (last.orbits - first.orbits) / (last.seconds - first.seconds) : NaN;
  return { all, steady };
}
