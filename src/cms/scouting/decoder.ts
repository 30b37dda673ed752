import { ConfigError, FormatError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import { type BlockFormat, decodeBlocks, encodeBlocks } from "./blocks.ts";
import { stubFormat } from "./bmtf-stubs.ts";
import { caloFormat } from "./calo.ts";
import { egFormat, jetFormat, sumFormat, tauFormat } from "./calo-tcp.ts";
import { towerFormat } from "./calo-towers.ts";
import { createFastStorage } from "./fast-storage.ts";
import { gmtFormat } from "./gmt.ts";
import { clearOrbit, createOrbitObjects, type OrbitObjects } from "./orbit-objects.ts";

/** The raw formats: calo by DMA; jets, egs, taus, sums the same by TCP, a source each. */
export const scoutingFormats = {
  gmt: gmtFormat,
  calo: caloFormat,
  jets: jetFormat,
  egs: egFormat,
  taus: tauFormat,
  sums: sumFormat,
  stubs: stubFormat,
  towers: towerFormat,
} as const;

export type ScoutingFormat = keyof typeof scoutingFormats;
/** The objects of an orbit in that format. */
export type OrbitOf<F extends ScoutingFormat> =
  (typeof scoutingFormats)[F] extends BlockFormat<infer K> ? OrbitObjects<K> : never;

export interface DecoderOptions {
  /** Room for objects of each kind (default: all that an orbit can have, at most 2^21). */
  readonly maxObjectsPerOrbit?: number;
  /** False keeps to plain JavaScript (default true). */
  readonly useWebAssembly?: boolean;
}

export interface OrbitDecoder<F extends ScoutingFormat> {
  /**
   * Storage of its own, to keep an orbit while the next is decoded. Its arrays may share one
   * buffer: slice them before they go to another thread.
   */
  create(): OrbitOf<F>;
  /**
   * Decodes the blocks of one orbit, little-endian, without copying where they are aligned to 4
   * bytes. Without `into`, the result is the same object at each call. `orbit` is the number that
   * all blocks must have. Throws `FormatError` with byte, expected and found; the result is then
   * empty.
   */
  decode(bytes: Uint8Array, into?: OrbitOf<F>, orbit?: number): OrbitOf<F>;
}

/**
 * A strict decoder of one format. Where WebAssembly is allowed, GMT and DMA blocks go through a
 * decoder made for the storage, about five times as fast; what it does not like goes to the
 * careful one, which says why. Throws `ConfigError` for an unknown format.
 */
export function createDecoder<F extends ScoutingFormat>(
  format: F,
  { maxObjectsPerOrbit, useWebAssembly = true }: DecoderOptions = {},
): OrbitDecoder<F> {
  const spec = formatOf(format);
  const isWhole = maxObjectsPerOrbit === undefined;
  const fast = useWebAssembly && isWhole ? createFastStorage(format, spec) : null;
  const create = () =>
    (fast?.create() ?? createOrbitObjects(spec.kinds, maxObjectsPerOrbit)) as OrbitOf<F>;
  const own = create();
  const wordsOf = createWordReader(format);
  return {
    create,
    decode(bytes, into = own, expected) {
      if (fast?.decode(bytes, into, expected)) return into;
      clearOrbit(into);
      decodeBlocks(spec, wordsOf(bytes), { into, expected });
      return into;
    },
  };
}

/** The bytes of an orbit: decode(encode(x)) = x, and the other way round where none was dropped. */
export function encodeOrbit<F extends ScoutingFormat>(format: F, orbit: OrbitOf<F>): Uint8Array {
  return encodeBlocks(formatOf(format), orbit);
}

function formatOf(name: ScoutingFormat): BlockFormat {
  if (Object.hasOwn(scoutingFormats, name)) return scoutingFormats[name] as unknown as BlockFormat;
  const names = Object.keys(scoutingFormats);
  throw new ConfigError(
    `createDecoder: no format "${name}"; ` +
      `${nearMiss(name, names) ? `did you mean "${nearMiss(name, names)}"?` : `there are ${names.join(", ")}`}`,
  );
}

/** Bytes as words, signed so that V8 keeps them integers; unaligned ones are copied. */
function createWordReader(format: string): (bytes: Uint8Array) => Int32Array {
  let copy = new Int32Array(0);
  return ({ buffer, byteOffset, length }) => {
    if (length % 4 !== 0)
      throw new FormatError(
        `${format}: the orbit has ${length} bytes, expected a multiple of 4; was it cut?`,
      );
    if (byteOffset % 4 === 0) return new Int32Array(buffer, byteOffset, length / 4);
    if (copy.length < length / 4) copy = new Int32Array(length / 4);
    new Uint8Array(copy.buffer).set(new Uint8Array(buffer, byteOffset, length));
    return copy.subarray(0, length / 4);
  };
}
