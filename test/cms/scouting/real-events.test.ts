import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { atCrossing, type ObjectCollection, objectCount } from "../../../src/cms/objects.ts";
import { collect } from "../../../src/cms/schemas/collect.ts";
import { detectSchema, planCollection } from "../../../src/cms/schemas/detect.ts";
import { createDecoder, encodeOrbit } from "../../../src/cms/scouting/decoder.ts";
import { orbitFromEvents } from "../../../src/cms/scouting/from-events.ts";
import { openRoot } from "../../../src/data/root/file.ts";
import { openFileSource } from "../../../src/data/root/source-node.ts";
import { contents } from "./random-orbits.ts";

const folder = "../shared/data";
const present = existsSync(folder);
if (!present) console.warn(`skipped: ${folder} is not there`);

/** Level-1 objects of the triggered crossings of a file. */
async function level1Of(path: string): Promise<Record<string, ObjectCollection>> {
  const file = await openRoot(await openFileSource(`${folder}/${path}`));
  try {
    const keys = file.keys().filter(({ className }) => className === "TTree");
    const trees = await Promise.all(keys.map(({ path: tree }) => file.tree(tree)));
    const named = trees.map(({ branches }, i) => ({
      tree: keys[i].path,
      branches: branches.map(({ name }) => name),
    }));
    const schema = detectSchema(named, path);
    const loaded: Record<string, ObjectCollection> = {};
    for (const name of ["L1Mu", "L1Jet", "L1EG", "L1Tau", "L1EtSum"]) {
      const plan = planCollection(schema, name, named);
      const tree = trees[named.findIndex((t) => t.tree === plan.tree)];
      const collection = collect(plan, await tree.read(Object.values(plan.branches)));
      loaded[name] = atCrossing(collection).collection;
    }
    return loaded;
  } finally {
    await file.close();
  }
}

test
  .skipIf(!present)
  .each(["l1-ntuple/zerobias_2018_l1ntuple_200ev.root", "l1-nano/run3_2024_l1nano_100ev.root"])(
  "%s: events become crossings and come back from the raw formats",
  async (path) => {
    const events = await level1Of(path);
    const bx = Array.from({ length: events.L1Mu.events }, (_, e) => 10 * e + 1);
    const { gmt, calo } = orbitFromEvents(events, { orbit: 9, bx });
    expect(contents(createDecoder("gmt").decode(encodeOrbit("gmt", gmt)))).toEqual(contents(gmt));
    expect(contents(createDecoder("calo").decode(encodeOrbit("calo", calo)))).toEqual(
      contents(calo),
    );
    const { muons } = gmt.objects;
    const good = events.L1Mu.columns.hwPt.filter(
      (pt: number, i: number) => pt > 0 && events.L1Mu.columns.hwQual[i] > 0,
    );
    expect([...muons.columns.hwPt.subarray(0, muons.offsets[3564])]).toEqual([...good]);
    expect(calo.objects.jets.offsets[3564]).toBeGreaterThan(0.9 * objectCount(events.L1Jet));
    expect(calo.blocks.count).toBe(events.L1Mu.events);
  },
);
