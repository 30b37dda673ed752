import { createRng, type Rng } from "../../../src/base/rng.ts";
import type { TriggerCollection, TriggerObjects } from "../../../src/cms/menu/crossings.ts";

/** Objects of crossings written out: one list of objects a crossing, columns by name. */
export function collection(
  crossings: readonly (readonly Readonly<Record<string, number>>[])[],
  columns: readonly string[],
): TriggerCollection {
  const offsets = new Uint32Array(crossings.length + 1);
  crossings.forEach((objects, e) => {
    offsets[e + 1] = offsets[e] + objects.length;
  });
  const all = crossings.flat();
  const values = columns.map((c) => [c, Int32Array.from(all, (object) => object[c] ?? 0)]);
  return { offsets, columns: Object.fromEntries(values) };
}

export const muonColumns = [
  ...["hwPt", "hwEtaAtVtx", "hwPhiAtVtx", "hwQual", "hwIso", "hwCharge", "hwChargeValid"],
  ...["tfMuonIndex", "hwPtUnconstrained", "hwDXY"],
];
export const caloColumns = ["hwPt", "hwEta", "hwPhi", "hwIso", "hwDisplaced"];

/** Random crossings with few distinct values, so that cuts pass and fail about equally. */
export function randomCrossings(crossings: number, seed: number): TriggerObjects {
  const rng = createRng(seed);
  const lists = (most: number, make: (rng: Rng) => Record<string, number>) =>
    Array.from({ length: crossings }, () =>
      Array.from({ length: rng.integer(most + 1) }, () => make(rng)),
    );
  const calo = (r: Rng) => ({
    hwPt: 1 + r.integer(120),
    hwEta: r.integer(130) - 65,
    hwPhi: r.integer(144),
    hwIso: r.integer(4),
    hwDisplaced: r.integer(2),
  });
  const muon = (r: Rng) => ({
    hwPt: 1 + r.integer(60),
    hwEtaAtVtx: r.integer(440) - 220,
    hwPhiAtVtx: r.integer(576),
    hwQual: r.integer(16),
    hwCharge: r.integer(2),
    hwChargeValid: r.uniform() < 0.9 ? 1 : 0,
    tfMuonIndex: r.integer(108),
    hwPtUnconstrained: r.integer(40),
    hwDXY: r.integer(4),
  });
  const scalar = (most: number) => Int32Array.from({ length: crossings }, () => rng.integer(most));
  return {
    crossings,
    muons: collection(lists(5, muon), muonColumns),
    egs: collection(lists(4, calo), caloColumns),
    taus: collection(lists(4, calo), caloColumns),
    jets: collection(lists(7, calo), caloColumns),
    scalars: { etm: scalar(200), etmPhi: scalar(144), htt: scalar(600) },
  };
}

/**
 * The first `used` crossings far apart among n, in pairs of neighbors; all others are empty, and
 * scalars are 0 there.
 */
export function spread(dense: TriggerObjects, n: number, used = dense.crossings): TriggerObjects {
  const step = Math.floor((2 * n) / (used + 2));
  const places = Array.from({ length: used }, (_, k) => (k >>> 1) * step + (k & 1));
  const lists = (from: TriggerCollection): TriggerCollection => {
    const offsets = new Uint32Array(n + 1);
    for (let e = 0; e < n; e++) {
      const k = places.indexOf(e);
      offsets[e + 1] = offsets[e] + (k < 0 ? 0 : from.offsets[k + 1] - from.offsets[k]);
    }
    return { offsets, columns: from.columns };
  };
  const { muons, egs, taus, jets } = dense;
  const collections = Object.entries({ muons, egs, taus, jets }).flatMap(([name, from]) =>
    from === undefined ? [] : [[name, lists(from)]],
  );
  const scalars = Object.entries(dense.scalars).map(([name, values]) => {
    const wide = new Int32Array(n);
    places.forEach((e, k) => {
      wide[e] = values[k];
    });
    return [name, wide];
  });
  return { crossings: n, ...Object.fromEntries(collections), scalars: Object.fromEntries(scalars) };
}
