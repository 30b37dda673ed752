import { to0to2Pi } from "../kinematics.ts";
import { l1Scales } from "../scales.ts";
import { testVectorSums } from "../schemas/test-vector-layout.ts";
import { caloSlots, linkWords } from "./calo-words.ts";
import type { OrbitOf } from "./decoder.ts";
import { crossingsPerOrbit } from "./orbit-objects.ts";
import { clampTo, echo, type Filling, stepsOf } from "./orbit-simulation.ts";

/** Falling spectra, P(pt > x) = (ptMin / x)^index with ptMin in GeV, and the reach in eta. */
const spectra = {
  jets: { ptMin: 10, index: 3, etaMax: 5, scales: l1Scales.jet, isolations: 1 },
  egs: { ptMin: 3, index: 2.8, etaMax: 2.5, scales: l1Scales.eg, isolations: 4 },
  taus: { ptMin: 4, index: 2.8, etaMax: 2.5, scales: l1Scales.tau, isolations: 4 },
} as const;
type Kind = keyof typeof spectra;

/** HT and its missing companion take jets above this, GeV. */
const htJetPt = 30;

/**
 * An object as one number, so that sorting brings crossings in order and, in each, the hardest
 * first: crossing (12 bits), 2047 - hwPt (11), hwEta (8), hwPhi (8), hwIso (2).
 */
const crossingStep = 2 ** 29;
const hwPtOf = (low: number) => 2047 - (low >>> 18);
const hwPhiOf = (low: number) => (low >>> 2) & 0xff;

/** Fills an empty orbit, a block for each crossing, which keeps its hardest twelve of a kind. */
export function fillCalo(into: OrbitOf<"calo">, filling: Filling): void {
  const { blocks, objects } = into;
  blocks.count = crossingsPerOrbit;
  for (let e = 0; e < crossingsPerOrbit; e++) blocks.bx[e] = e + 1;
  blocks.header.fill(0);
  blocks.flag.fill(0);
  const jets = makeKeys("jets", filling);
  write(jets, objects.jets);
  write(makeKeys("egs", filling), objects.egs);
  write(makeKeys("taus", filling), objects.taus);
  const { sums, links } = objects;
  const words = links.columns.word;
  for (let e = 0; e <= crossingsPerOrbit; e++) {
    sums.offsets[e] = linkWords * e;
    links.offsets[e] = (words.length / crossingsPerOrbit) * e;
  }
  words.fill(0);
  addSums(jets, sums);
}

/** All objects of a kind and their echoes, sorted. */
function makeKeys(kind: Kind, filling: Filling): Float64Array {
  const { rng, config, scatter } = filling;
  const { ptMin, index, etaMax, scales, isolations } = spectra[kind];
  const { pt, eta, phi } = scales;
  const directions = stepsOf(phi) * isolations;
  const keys: number[] = [];
  scatter(rng, config[kind], (crossing) => {
    const value = ptMin * Math.exp(rng.exponential() / index); // exp(E) is Pareto
    const hwPt = Math.min(pt.max, Math.floor(value / pt.width + 0.5));
    const draw = directions * rng.uniform(); // azimuth and isolation, and eta behind the point
    const whole = Math.floor(draw);
    const reach = (etaMax * (2 * (draw - whole) - 1)) / eta.width;
    const hwEta = clampTo(eta, Math.floor(reach + 0.5));
    const low = ((2047 - hwPt) << 18) | ((hwEta & 0xff) << 10) | (whole * (4 / isolations));
    keys.push(crossing * crossingStep + low);
    echo(filling, crossing, (other) => keys.push(other * crossingStep + low));
  });
  return Float64Array.from(keys).sort();
}

function write(keys: Float64Array, list: OrbitOf<"calo">["objects"][Kind]): void {
  const { offsets } = list;
  const { hwPt, hwEta, hwPhi, spare, slot } = list.columns;
  const isolation = "hwIso" in list.columns ? list.columns.hwIso : null;
  let [i, n] = [0, 0];
  for (let e = 0; e < crossingsPerOrbit; e++) {
    const start = e * crossingStep;
    for (let k = 0; i < keys.length && keys[i] < start + crossingStep; i++, k++) {
      if (k >= caloSlots) continue;
      const low = (keys[i] - start) | 0;
      hwPt[n] = hwPtOf(low);
      hwEta[n] = low >>> 10; // wraps to a sign
      hwPhi[n] = hwPhiOf(low);
      if (isolation) isolation[n] = low & 3;
      spare[n] = 0;
      slot[n++] = k;
    }
    offsets[e + 1] = n;
  }
  if (!("hwDisplaced" in list.columns)) return;
  list.columns.hwDisplaced.fill(0, 0, n);
  list.columns.hwQual.fill(0, 0, n);
}

/** ET, HT and the missing ones (types 0 to 3) of the jets of each crossing. */
function addSums(jets: Float64Array, { columns }: OrbitOf<"calo">["objects"]["sums"]): void {
  for (const column of Object.values(columns)) column.fill(0);
  const { pt, phi } = l1Scales.sum;
  const steps = stepsOf(phi);
  const cos = Float64Array.from({ length: steps }, (_, k) => Math.cos(k * phi.width));
  const sin = Float64Array.from({ length: steps }, (_, k) => Math.sin(k * phi.width));
  for (let i = 0, end = 0; i < jets.length; i = end) {
    const crossing = Math.floor(jets[i] / crossingStep);
    const start = crossing * crossingStep;
    for (end = i; end < jets.length && jets[end] < start + crossingStep; ) end++;
    for (const [scalar, missing, minimum] of sumTypes) {
      let [sum, x, y] = [0, 0, 0];
      for (let k = i; k < end; k++) {
        const low = (jets[k] - start) | 0;
        const hwPt = hwPtOf(low);
        if (hwPt < minimum) break; // the others are softer
        sum += hwPt;
        x -= hwPt * cos[hwPhiOf(low)];
        y -= hwPt * sin[hwPhiOf(low)];
      }
      const at = linkWords * crossing;
      columns.hwPt[at + scalar] = Math.min(pt.max, sum);
      columns.hwPt[at + missing] = clampTo(pt, Math.round(Math.sqrt(x * x + y * y)));
      columns.hwPhi[at + missing] = Math.floor(to0to2Pi(Math.atan2(y, x)) / phi.width) % steps;
    }
  }
}

/** Words of a scalar sum and its missing companion, and the least hwPt of a jet in them. */
const sumTypes = (
  [
    [0, 2, 0],
    [1, 3, htJetPt / l1Scales.sum.pt.width],
  ] as const
).map(([scalar, missing, minimum]) => [wordOf(scalar), wordOf(missing), minimum] as const);

function wordOf(type: (typeof testVectorSums)[number]): number {
  return testVectorSums.indexOf(type);
}
