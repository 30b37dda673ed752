import type { WholeOrbit } from "../../../src/cms/scouting/from-events.ts";
import { createNodeRuntime } from "../../../src/runtime/index.ts";
import { parseScout, type ScoutSettings } from "../../../src/tasks/scout/config.ts";
import type { Assets } from "../../../src/tasks/scout/stages/stage.ts";
import { createProcessor } from "../../../src/tasks/scout/workers/process-block.ts";
import { blockOfOrbits } from "./samples.ts";

const runtime = createNodeRuntime({ threads: 1 });

/** Some orbits through stages; all crossings are kept where no stage selects. */
export async function processed(
  orbits: readonly WholeOrbit[],
  stages: ScoutSettings["stages"],
  { assets = {} as Assets, calo = false } = {},
) {
  const config = parseScout({ files: ["x.raw"], stages, output: "root", batchOrbits: 2 });
  const processor = await createProcessor(config, assets, runtime);
  const { tallies, kept } = await processor.process(blockOfOrbits(orbits, { calo }));
  await processor.dispose();
  const column = (name: string) => {
    const values = kept?.columns.find((c) => c.name === name)?.values;
    if (values === undefined) throw new Error(`no column ${name}`);
    return [...values];
  };
  const names = kept?.columns.map(({ name }) => name) ?? [];
  return { tallies, column, names };
}

/** The same orbits with tower counts, 0 ... 4032, which the simulation leaves at 0. */
export function withTowers(orbits: readonly WholeOrbit[]): readonly WholeOrbit[] {
  for (const { calo } of orbits) {
    const { offsets, columns } = calo.objects.sums;
    for (let e = 0; e < 3564; e++) {
      if (offsets[e + 1] === offsets[e]) continue;
      const towers = (37 * e) % 4033;
      columns.hwPhi[offsets[e] + 1] = towers & 0xff;
      columns.spare[offsets[e] + 1] = towers >> 8;
    }
  }
  return orbits;
}

export const textAsset = (text: string) => new TextEncoder().encode(text);
