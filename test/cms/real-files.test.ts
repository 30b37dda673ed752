import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { wrapPhi } from "../../src/cms/kinematics.ts";
import { jetStatistics, matchedShare } from "../../src/cms/matching/jet-statistics.ts";
import { matchJets } from "../../src/cms/matching/jets.ts";
import {
  directions,
  type Matches,
  type MuonCoordinates,
  matchedPairs,
  matchNearest,
  matchUnique,
} from "../../src/cms/matching/match.ts";
import {
  atCrossing,
  muonCharges,
  type ObjectCollection,
  objectCount,
  selectObjects,
  takeValues,
} from "../../src/cms/objects.ts";
import { withPhysical } from "../../src/cms/physical.ts";
import { l1Scales, physicalHw } from "../../src/cms/scales.ts";
import { collect, collectEventIds } from "../../src/cms/schemas/collect.ts";
import { detectSchema, planCollection, planEventIds } from "../../src/cms/schemas/detect.ts";
import { openRoot } from "../../src/data/root/file.ts";
import { openFileSource } from "../../src/data/root/source-node.ts";
import { quantile } from "../../src/stats/index.ts";

const folder = "../shared/data";
const present = existsSync(folder);
if (!present) console.warn(`skipped: ${folder} is not there`);

/** Opens a file, tells its format and reads what a callback asks for. */
async function withFile<T>(
  path: string,
  use: (file: {
    schema: string;
    load(name: string): Promise<ObjectCollection>;
    ids(): Promise<ReturnType<typeof collectEventIds>>;
  }) => Promise<T>,
): Promise<T> {
  const file = await openRoot(await openFileSource(`${folder}/${path}`));
  try {
    const keys = file.keys().filter(({ className }) => className === "TTree");
    const trees = await Promise.all(keys.map(({ path: tree }) => file.tree(tree)));
    const named = trees.map(({ branches }, i) => ({
      tree: keys[i].path,
      branches: branches.map(({ name }) => name),
    }));
    const schema = detectSchema(named, path);
    const read = async (plan: ReturnType<typeof planEventIds>) => {
      const tree = trees[named.findIndex((t) => t.tree === plan.tree)];
      return tree.read(Object.values(plan.branches));
    };
    return await use({
      schema: schema.name,
      load: async (name) => {
        const plan = planCollection(schema, name, named);
        return collect(plan, await read(plan));
      },
      ids: async () => {
        const plan = planEventIds(schema, named);
        return collectEventIds(plan, await read(plan));
      },
    });
  } finally {
    await file.close();
  }
}

const medianRatio = (level1: ObjectCollection, offline: ObjectCollection, matches: Matches) => {
  const pairs = matchedPairs(matches);
  const above = takeValues(Float64Array.from(level1.columns.pt), pairs.level1);
  return quantile(
    above.map((pt, k) => pt / offline.columns.pt[pairs.offline[k]]),
    0.5,
  );
};

describe.skipIf(!present)("run3_2024_l1nano_100ev.root", async () => {
  if (!present) return;
  const path = "l1-nano/run3_2024_l1nano_100ev.root";
  const { schema, ids, l1Mu, l1Jet, muons, jets, eg } = await withFile(path, async (file) => ({
    schema: file.schema,
    ids: await file.ids(),
    l1Mu: await file.load("L1Mu"),
    l1Jet: await file.load("L1Jet"),
    muons: await file.load("Muon"),
    jets: await file.load("Jet"),
    eg: await file.load("L1EG"),
  }));
  const level1Muons = atCrossing(l1Mu).collection;
  const level1Jets = atCrossing(l1Jet).collection;

  test("it has the objects of its description", () => {
    expect(schema).toBe("nanoaod");
    expect(ids.run.every((run) => Number(run) === 380963)).toBe(true);
    expect([l1Mu, level1Muons, l1Jet, level1Jets, muons, jets, eg].map(objectCount)).toEqual([
      227, 154, 883, 280, 170, 394, 1875,
    ]);
  });

  const match = (coordinates: MuonCoordinates) =>
    matchNearest(directions(muons), directions(level1Muons, coordinates));

  test("147 offline muons match at the vertex and 133 at the station", () => {
    expect(matchedPairs(match("vertex")).offline.length).toBe(147);
    expect(matchedPairs(match("station")).offline.length).toBe(133);
    expect(medianRatio(level1Muons, muons, match("vertex"))).toBeCloseTo(1.126, 3);
  });

  test("138 of the 147 charges agree", () => {
    const charges = muonCharges(level1Muons);
    const { offline, level1 } = matchedPairs(match("vertex"));
    const agree = offline.filter((i, k) => muons.columns.charge[i] === charges[level1[k]]);
    expect(agree.length).toBe(138);
  });

  test("one-to-one, 128 pairs are left", () => {
    const pairs = matchedPairs(matchUnique(directions(muons), directions(level1Muons, "vertex")));
    expect(pairs.offline.length).toBe(128);
    expect(new Set(pairs.level1).size).toBe(128);
  });

  test("142 offline jets above 15 GeV match", () => {
    const { collection: hard } = selectObjects(jets, (i) => jets.columns.pt[i] > 15);
    const withPt = (c: ObjectCollection) => ({ ...directions(c), pt: c.columns.pt });
    const matches = matchJets(withPt(hard), withPt(level1Jets));
    expect(matchedPairs(matches).offline.length).toBe(142);
    expect(medianRatio(level1Jets, hard, matches)).toBeCloseTo(0.944, 3);
    const statistics = jetStatistics(withPt(hard), withPt(level1Jets), matches);
    expect(statistics.all.matched + statistics.all.unmatched).toBe(objectCount(hard));
    expect(matchedShare(statistics.central).jets).toBeGreaterThan(0.3);
  });

  test("hardware integers and physical values agree through the scales", () => {
    const { pt, eta, phi } = l1Scales.muon;
    const { columns } = level1Muons;
    expect([...physicalHw(pt, columns.pt)]).toEqual([...columns.hwPt]);
    expect([...physicalHw(eta, columns.eta)]).toEqual([...columns.hwEta]);
    expect([...physicalHw(phi, columns.phi)]).toEqual([...columns.hwPhi]);
    expect([...physicalHw(l1Scales.jet.phiCmssw, l1Jet.columns.phi)]).toEqual([
      ...l1Jet.columns.hwPhi,
    ]);
    expect([...physicalHw(l1Scales.eg.pt, eg.columns.pt)]).toEqual([...eg.columns.hwPt]);
  });

  test("calorimeter azimuths are in CMSSW's steps of 0.0435, not 2 pi / 144", () => {
    const { phi: written, ...hardware } = l1Jet.columns;
    const bare = { ...l1Jet, columns: hardware };
    const worst = (scale: typeof l1Scales.jet.phi | typeof l1Scales.jet.phiCmssw) => {
      const { eta: _, ...rest } = bare.columns;
      const { phi } = withPhysical({ ...bare, columns: rest }, "jet", { phi: scale }).columns;
      return Math.max(...Array.from(phi, (x, i) => Math.abs(wrapPhi(x - written[i]))));
    };
    expect(worst(l1Scales.jet.phiCmssw)).toBeLessThan(0.0004); // 12 bits of mantissa are kept
    expect(worst(l1Scales.jet.phi)).toBeCloseTo(0.019, 3);
  });
});

test.skipIf(!present)("63 offline muons of 2018 find a Level-1 pt through TrigObj 13", async () => {
  const path = "l1-nano/doublemuon_2018a_nano_40ev.root";
  const [objects, muons] = await withFile(path, async ({ load }) => [
    await load("TrigObj"),
    await load("Muon"),
  ]);
  const { id, l1pt } = objects.columns;
  const { collection } = selectObjects(objects, (i) => id[i] === 13 && l1pt[i] > 0);
  const matches = matchNearest(directions(muons), directions(collection));
  expect([objectCount(muons), matchedPairs(matches).offline.length]).toEqual([84, 63]);
});

test.skipIf(!present)("L1 ntuples have their objects, muons with the charge itself", async () => {
  const path = "l1-ntuple/zerobias_2018_l1ntuple_200ev.root";
  const { schema, ids, counts, charges } = await withFile(path, async (file) => ({
    schema: file.schema,
    ids: await file.ids(),
    counts: await Promise.all(
      ["L1Mu", "L1EG", "L1Tau", "L1Jet", "L1EtSum"].map(async (n) =>
        objectCount(await file.load(n)),
      ),
    ),
    charges: muonCharges(await file.load("L1Mu")),
  }));
  expect(schema).toBe("l1ntuple");
  expect(counts).toEqual([60, 1381, 7404, 2031, 12000]);
  expect([...new Set(charges)].sort()).toEqual([-1, 1]);
  expect(ids.run.length).toBe(200);
  expect([
    Math.min(...Array.from(ids.bx, Number)),
    Math.max(...Array.from(ids.bx, Number)),
  ]).toEqual([55, 3510]);
});
