import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, DataError } from "../../../base/errors.ts";
import { parseScout, type ScoutConfig } from "../config.ts";
import { makeSnapshot, type Snapshot } from "../results/snapshot.ts";
import { addTallies, createTallies, type LumiRange, type Tallies } from "../results/tallies.ts";
import { type BlockRecord, isSection } from "../run-records.ts";

/** Sums of the blocks of a run by luminosity section. */
export interface LumiSums {
  /**
   * All blocks with a section in the range, as a snapshot; its `lumis` say what they hold.
   * @throws DataError where the range has none.
   */
  snapshot(range: LumiRange): Promise<Snapshot>;
}

interface Sum {
  readonly run: number;
  readonly lumis: LumiRange;
  readonly blocks: Set<number>;
  readonly tallies: Tallies;
}

/** Times to look again where records are merged meanwhile. */
const looks = 5;

/**
 * Reads each record once and holds one sum for the blocks of the same sections: memory grows with
 * the sections, not with the blocks. A merged record takes the place of what is known of its
 * section.
 */
export function sumLumis(folder: string): LumiSums {
  const sums = new Map<string, Sum>();
  /** Files by the section they went into. */
  const read = new Map<string, string>();
  let reading: Promise<void> = Promise.resolve();

  async function readNew(): Promise<void> {
    for (let look = 0; look < looks; look++) if (await readAll()) return;
  }

  /** @returns false where a file has gone since it was listed: its blocks are in another one. */
  async function readAll(): Promise<boolean> {
    const names = await readdir(join(folder, "blocks")).catch(() => []);
    let isWhole = true;
    for (const name of names.sort().reverse()) {
      if (!/^[^.].*\.json$/.test(name)) continue;
      const path = join(folder, "blocks", name);
      const version = isSection(name) ? `${name} ${await changeOf(path)}` : name;
      if (read.has(version)) continue;
      const record = await readRecord(path);
      if (record) add(version, record);
      else isWhole = false;
    }
    return isWhole;
  }

  function add(name: string, { run, lumis, blocks, tallies }: BlockRecord): void {
    const key = lumis ? `${lumis.first}-${lumis.last}` : "";
    read.set(name, key);
    if (!lumis) return;
    const isMerged = blocks.length > 1;
    let sum = sums.get(key);
    if (isMerged && sum) {
      // what was read of the section is in the record, or is read again
      for (const [file, section] of read) if (section === key && file !== name) read.delete(file);
      sum = undefined;
    }
    sum ??= { run, lumis, blocks: new Set(), tallies: createTallies() };
    sums.set(key, sum);
    if (!isMerged && sum.blocks.has(blocks[0][0])) return; // merged, and not yet removed
    for (const [id] of blocks) sum.blocks.add(id);
    addTallies(sum.tallies, tallies);
  }

  return {
    async snapshot({ first, last }) {
      reading = reading.catch(() => {}).then(readNew); // one after the other: none is read twice
      await reading;
      const inside = [...sums.values()].filter(
        ({ lumis }) => lumis.first <= last && lumis.last >= first,
      );
      if (inside.length === 0)
        throw new DataError(
          `monitor: no finished block in luminosity sections ${first} to ${last}; ${knownRange(sums)}`,
        );
      const tallies = createTallies();
      for (const sum of inside) addTallies(tallies, sum.tallies);
      return makeSnapshot(await readConfig(folder), tallies, {
        ...{ seconds: 0, isDone: true, run: inside[0].run, workers: 0, lagSeconds: 0 },
        ...{ alarms: [], windowOrbits: 0, windowSeconds: 0 },
      });
    },
  };
}

function knownRange(sums: ReadonlyMap<string, Sum>): string {
  const all = [...sums.values()].map(({ lumis }) => lumis);
  if (all.length === 0) return "none is finished yet";
  const [first, last] = [Math.min(...all.map((l) => l.first)), Math.max(...all.map((l) => l.last))];
  return `there are ${first} to ${last}`;
}

const changeOf = (path: string) =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

async function readRecord(path: string): Promise<BlockRecord | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as BlockRecord;
  } catch {
    return null; // merged since, or not ours
  }
}

/** The configuration of a run folder. @throws DataError where it holds no run of `forty scout run`. */
export async function readConfig(folder: string): Promise<ScoutConfig> {
  const path = join(folder, "config.json");
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new DataError(`${path}: cannot be read: ${cause.message}; is it a run?`, { cause });
  });
  const { task, version, inputs, ...settings } = JSON.parse(text) as Record<string, unknown>;
  if (task !== "scout")
    throw new DataError(`${folder}: is a run of ${task}, not of 'forty scout run'`);
  return parseScout(settings);
}

/** "3-7", "3" or "3-" (to the end) as luminosity sections. @throws ConfigError for all else. */
export function parseLumis(text: string): LumiRange {
  const match = /^(\d{1,9})(-(\d{1,9})?)?$/.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] ? (match[3] ? Number(match[3]) : Number.POSITIVE_INFINITY) : first;
  if (!match || last < first)
    throw new ConfigError(
      `monitor: lumis: expected sections such as 3-7, got ${JSON.stringify(text)}`,
    );
  return { first, last };
}
