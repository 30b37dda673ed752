import type { BlockFormat } from "./blocks.ts";
import { fastCalo, fastGmt } from "./fast-decoders.ts";
import { type Allocate, createOrbitObjects, type OrbitObjects } from "./orbit-objects.ts";

/** Storage in WebAssembly memory, and the decoder that fills it. */
interface FastOrbit {
  readonly input: Uint8Array;
  run(from: number, to: number, orbit: number): number;
}

export interface FastStorage {
  create(): OrbitObjects;
  /** False where the careful decoder has to do it: unknown storage, or anything unusual. */
  decode(bytes: Uint8Array, into: OrbitObjects, expected: number | undefined): boolean;
}

/** The largest orbit of each format with a fast decoder: 3564 blocks of the largest size. */
const largest = {
  gmt: { bytes: 3564 * (12 + 16 * 12), build: fastGmt },
  calo: { bytes: 3564 * 236, build: fastCalo },
} as const;

const pageBytes = 65536;
const align = (bytes: number) => (bytes + 15) & ~15;

/** Storage of a format in WebAssembly; null for formats without, and where it is not allowed. */
export function createFastStorage(name: string, { kinds }: BlockFormat): FastStorage | null {
  if (!Object.hasOwn(largest, name) || typeof WebAssembly !== "object") return null;
  const { bytes: inputBytes, build } = largest[name as keyof typeof largest];
  const orbits = new WeakMap<OrbitObjects, FastOrbit>();
  let size = 0;
  createOrbitObjects(kinds, undefined, (type, length) => {
    size += align(length * type.BYTES_PER_ELEMENT);
    return new type(1);
  });
  let module: WebAssembly.Module | undefined;
  const create = () => {
    const pages = Math.ceil((size + inputBytes) / pageBytes);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    let next = 0;
    const allocate: Allocate = (type, length) => {
      const array = new type(memory.buffer as ArrayBuffer, next, length);
      next += align(length * type.BYTES_PER_ELEMENT);
      return array;
    };
    const orbit = createOrbitObjects(kinds, undefined, allocate);
    module ??= build(orbit as never);
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const input = new Uint8Array(memory.buffer, next, inputBytes);
    orbits.set(orbit, { input, run: exports.run as FastOrbit["run"] });
    return orbit;
  };
  try {
    create();
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof EvalError) return null;
    throw error;
  }
  return {
    create,
    decode(bytes, into, expected) {
      const fast = orbits.get(into);
      const { length } = bytes;
      if (fast === undefined || length > inputBytes || length < 12 || length % 4 !== 0)
        return false;
      const { input, run } = fast;
      input.set(bytes);
      const first = input[8] | (input[9] << 8) | (input[10] << 16) | ((input[11] & 0x7f) << 24);
      const from = input.byteOffset;
      const result = run(from, from + length, expected ?? first);
      if (result < 0) return false;
      into.blocks.count = result & 0xfff;
      into.dropped = result >>> 12;
      into.orbit = expected ?? first;
      return true;
    },
  };
}
