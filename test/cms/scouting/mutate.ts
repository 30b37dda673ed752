import { FormatError } from "../../../src/base/errors.ts";
import type { Rng } from "../../../src/base/rng.ts";
import {
  createDecoder,
  encodeOrbit,
  type ScoutingFormat,
  scoutingFormats,
} from "../../../src/cms/scouting/decoder.ts";
import { randomOrbit } from "./random-orbits.ts";

/** Bytes around the orbit that nobody may read: valid blocks would follow there. */
const guardBytes = 64;

/** Values that counts, bx and orbits go wrong to. */
const nasty = [0, 1, 8, 9, 12, 13, 255, 3564, 3565, 0x7fffffff, 0x80000000, 0xffffffff];

/** One to three changes: flipped bits, nasty words, copied or dropped stretches, a cut. */
function mutate(bytes: Uint8Array, rng: Rng): Uint8Array {
  let out = bytes.slice();
  for (let k = 1 + rng.integer(3); k > 0 && out.length > 0; k--) {
    const at = rng.integer(out.length);
    const word = at & ~3;
    switch (rng.integer(5)) {
      case 0:
        out[at] ^= 1 << rng.integer(8);
        break;
      case 1:
        if (word + 4 <= out.length)
          new DataView(out.buffer).setUint32(word, nasty[rng.integer(nasty.length)], true);
        break;
      case 2: {
        const length = Math.min(4 * (1 + rng.integer(8)), out.length - word);
        out.copyWithin(4 * rng.integer(out.length / 4), word, word + length);
        break;
      }
      case 3: {
        const length = 4 * (1 + rng.integer(8));
        const [head, tail] = [out.slice(0, word), out.slice(word + length)];
        out = new Uint8Array(head.length + tail.length);
        out.set(head);
        out.set(tail, head.length);
        break;
      }
      default:
        out = out.slice(0, rng.integer(8) === 0 ? at : word);
    }
  }
  return out;
}

export interface FuzzOutcome {
  readonly errors: number;
  readonly right: number;
  /** Orbits with words dropped, which need not come back. */
  readonly dropped: number;
}

/**
 * Decodes mutated orbits with both decoders of a format, each between other guard bytes. Throws
 * where the outcome is neither a `FormatError` nor data, the same from both, that gives the same
 * bytes again where nothing was dropped.
 */
export function fuzz(rng: Rng, orbits: number): FuzzOutcome {
  const formats = Object.keys(scoutingFormats) as ScoutingFormat[];
  const setups = formats.map((format) => {
    const hasRoomForAll = format === "gmt" || format === "calo";
    const fast = createDecoder(format, hasRoomForAll ? {} : { maxObjectsPerOrbit: 4096 });
    const plain = createDecoder(format, {
      useWebAssembly: false,
      ...(hasRoomForAll ? {} : { maxObjectsPerOrbit: 4096 }),
    });
    const into = plain.create();
    const seeds = Array.from({ length: 16 }, () =>
      encodeOrbit(format, randomOrbit(format, rng, { blocks: 4, perBlock: 4, into })),
    );
    return { format, decoders: [fast, plain], seeds };
  });
  const outcome = { errors: 0, right: 0, dropped: 0 };
  for (let i = 0; i < orbits; i++) {
    const { format, decoders, seeds } = setups[i % setups.length];
    const bytes = mutate(seeds[rng.integer(seeds.length)], rng);
    const results = decoders.map((decoder, k) => {
      const guard = k === 0 ? 0 : 0xff;
      const guarded = new Uint8Array(bytes.length + 2 * guardBytes).fill(guard);
      guarded.set(bytes, guardBytes);
      try {
        const view = guarded.subarray(guardBytes, guardBytes + bytes.length);
        const orbit = decoder.decode(view);
        return { bytes: encodeOrbit(format, orbit), dropped: orbit.dropped };
      } catch (error) {
        if (error instanceof FormatError) return { error: error.message, dropped: 0 };
        throw error;
      }
    });
    const [a, b] = results;
    const fail = (what: string) => new Error(`fuzz: ${format} orbit ${i}: ${what}`);
    if (a.error !== b.error || !sameBytes(a.bytes, b.bytes))
      throw fail("it depends on the decoder or on what lies around");
    if (a.bytes === undefined) outcome.errors++;
    else if (a.dropped > 0) outcome.dropped++;
    else if (sameBytes(a.bytes, bytes)) outcome.right++;
    else throw fail("the bytes do not come back");
  }
  return outcome;
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a?.length === b?.length && a?.every((x, i) => x === b?.[i]) === true);
}
