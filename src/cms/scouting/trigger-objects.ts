import type { TriggerObjects } from "../menu/crossings.ts";
import type { OrbitOf } from "./decoder.ts";
import { crossingsPerOrbit } from "./orbit-objects.ts";

/** Decoded sources of one orbit. */
export interface OrbitSources {
  readonly gmt?: OrbitOf<"gmt">;
  readonly calo?: OrbitOf<"calo">;
}

/**
 * Name of the value of each sum word, of its azimuth where it is a vector, and of what rides in
 * its upper bits (cmssw EventFilter/L1ScoutingRawToDigi, shifts.h, ESums).
 */
const sumWords = [
  { value: "ett", above: "ettem", bits: 12, minBias: "minBiasHFP0" },
  { value: "htt", above: "towerCount", bits: 13, minBias: "minBiasHFM0" },
  { value: "etm", above: "etmPhi", bits: 8, minBias: "minBiasHFP1" },
  { value: "htm", above: "htmPhi", bits: 8, minBias: "minBiasHFM1" },
  { value: "etmhf", above: "etmhfPhi", bits: 8 },
  { value: "htmhf", above: "htmhfPhi", bits: 8 },
] as const;

/** The sums of an orbit by name, each [3564]; 0 in crossings without them. */
export function caloScalars({ objects: { sums } }: OrbitOf<"calo">): Record<string, Uint16Array> {
  const { offsets, columns } = sums;
  const scalars: Record<string, Uint16Array> = {};
  sumWords.forEach((sum, k) => {
    const value = new Uint16Array(crossingsPerOrbit);
    const above = new Uint16Array(crossingsPerOrbit);
    const minBias = new Uint16Array(crossingsPerOrbit);
    for (let e = 0; e < crossingsPerOrbit; e++) {
      const i = offsets[e] + k;
      if (i >= offsets[e + 1]) continue;
      value[e] = columns.hwPt[i];
      above[e] = (columns.hwPhi[i] | (columns.spare[i] << 8)) & ((1 << sum.bits) - 1);
      minBias[e] = columns.spare[i] >>> 8;
    }
    scalars[sum.value] = value;
    scalars[sum.above] = above;
    if ("minBias" in sum) scalars[sum.minBias] = minBias;
  });
  return scalars;
}

/**
 * The 3564 crossings of an orbit as the global trigger takes them: crossing e is bx e + 1. Objects
 * share the decoder's memory: valid until the next orbit is decoded into it.
 */
export function orbitTriggerObjects({ gmt, calo }: OrbitSources): TriggerObjects {
  return {
    crossings: crossingsPerOrbit,
    ...(gmt && { muons: gmt.objects.muons }),
    ...(calo && { egs: calo.objects.egs, taus: calo.objects.taus, jets: calo.objects.jets }),
    scalars: calo ? caloScalars(calo) : {},
  };
}
