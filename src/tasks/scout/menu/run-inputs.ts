import { readFile } from "node:fs/promises";
import { DataError, isFortyError } from "../../../base/errors.ts";
import { parseTestVectors, type TestVectors } from "../../../cms/index.ts";
import { scalarNames, type TriggerObjects, testVectorCrossings } from "../../../cms/menu/index.ts";
import { crossingsPerOrbit } from "../../../cms/scouting/orbit-objects.ts";
import { orbitTriggerObjects } from "../../../cms/scouting/trigger-objects.ts";
import { createDecoders, createScoutOrbit, decodeInto } from "../orbit/scout-orbit.ts";
import { readBlocks } from "../sources/run-blocks.ts";
import { isRawName } from "../sources/run-raw.ts";

/** Crossings to decide: those of an orbit, or of a file of text vectors with its bits. */
export interface MenuInput {
  /** Valid until the next is asked for. */
  readonly objects: TriggerObjects;
  readonly vectors: TestVectors | null;
}

/**
 * The crossings of text vectors, and of raw files (.raw, .raw.gz) joined by orbit number. Raw orbits
 * do not tell muon showers, and without the calorimeter no sums: these are 0.
 * Orbits that cannot be decoded are told as dropped.
 * @throws DataError, FormatError for files that cannot be read.
 */
export async function* menuInputs(
  files: readonly string[],
  onDropped: (reason: string, orbits: number) => void,
  signal?: AbortSignal,
): AsyncGenerator<MenuInput, void> {
  for (const file of files.filter((name) => !isRaw(name))) {
    const vectors = parseTestVectors(await readText(file), file);
    yield { objects: testVectorCrossings(vectors), vectors };
  }
  const raw = files.filter(isRaw);
  if (raw.length === 0) return;
  const config = { folder: null, tcp: null, senders: 1, idleSeconds: 1, blockOrbits: 16 };
  const blocks = readBlocks({
    config: { ...config, files: raw },
    done: new Map(),
    onDropped,
    signal,
  });
  const decoders = createDecoders();
  const into = createScoutOrbit(decoders);
  const empty = new Uint16Array(crossingsPerOrbit);
  const none = Object.fromEntries(scalarNames.map((name) => [name, empty]));
  for await (const { orbits } of blocks)
    for (const orbit of orbits) {
      try {
        decodeInto(into, orbit, decoders);
      } catch (error) {
        if (!isFortyError(error)) throw error;
        onDropped("decode", 1);
        continue;
      }
      const objects = orbitTriggerObjects(into);
      const scalars = { ...none, ...(into.hasCalo ? objects.scalars : {}) };
      yield { objects: { ...objects, scalars }, vectors: null };
    }
}

/** Raw orbits, not text vectors, by the name of the file. */
export const isRaw = (path: string) => isRawName(path.split(/[\\/]/).at(-1) ?? "");

export async function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: Error) => {
    throw new DataError(`${path}: cannot be read: ${cause.message}; check the path`, { cause });
  });
}
