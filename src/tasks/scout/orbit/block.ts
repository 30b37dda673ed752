import { ConfigError } from "../../../base/errors.ts";

/** One orbit as the sources gave it. */
export interface RawOrbit {
  readonly orbit: number;
  readonly lumi: number;
  /** Blocks of the global muon trigger, and of the calorimeter trigger. */
  readonly gmt?: Uint8Array;
  readonly calo?: Uint8Array;
  /** Blocks of all other sources by id: stubs, calorimeter over TCP, towers. */
  readonly others?: ReadonlyMap<number, Uint8Array>;
}

/**
 * Orbits that are dealt, processed and written together: those with the same
 * floor(orbit / blockOrbits), whatever order or file they came in. So the number of an orbit alone
 * says which block it is counted in, in every attempt.
 */
export interface OrbitBlock {
  readonly run: number;
  readonly id: number;
  /** In ascending orbit numbers. */
  readonly orbits: readonly RawOrbit[];
}

/** Block of an orbit. */
export const blockOf = (orbit: number, blockOrbits: number) => Math.floor(orbit / blockOrbits);

/** Name of the files of a block, in the order of the blocks. */
export const blockName = (id: number) => `${id}`.padStart(10, "0");

/**
 * The same block with all bytes in memory that threads share: it goes to a thread without a copy, and
 * is still here if that thread dies. Nobody writes to it.
 * @param take - gives memory of so many bytes or more.
 */
export function shareBlock(
  { run, id, orbits }: OrbitBlock,
  take = (bytes: number) => new SharedArrayBuffer(bytes),
): OrbitBlock {
  const total = orbits.reduce((sum, orbit) => sum + bytesOf(orbit), 0);
  const buffer = take(total);
  let at = 0;
  const moved = (bytes: Uint8Array) => {
    const copy = new Uint8Array(buffer, at, bytes.length);
    copy.set(bytes);
    at += bytes.length;
    return copy;
  };
  const shared = orbits.map(({ gmt, calo, others, ...rest }) => ({
    ...rest,
    ...(gmt && { gmt: moved(gmt) }),
    ...(calo && { calo: moved(calo) }),
    ...(others && { others: new Map([...others].map(([id, bytes]) => [id, moved(bytes)])) }),
  }));
  return { run, id, orbits: shared };
}

/** Bytes of all sources of an orbit. */
export function bytesOf({ gmt, calo, others }: RawOrbit): number {
  let sum = (gmt?.length ?? 0) + (calo?.length ?? 0);
  for (const { length } of others?.values() ?? []) sum += length;
  return sum;
}

/** `ConfigError` where orbits come from another run: their numbers would collide. */
export function requireRun(run: number, expected: number, where: string): void {
  if (run !== expected)
    throw new ConfigError(`${where}: run ${run} behind run ${expected}; process one run at a time`);
}
