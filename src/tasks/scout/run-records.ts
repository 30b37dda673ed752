import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../base/errors.ts";
import type { RunFolder } from "../run-folder.ts";
import { blockName, type OrbitBlock } from "./orbit/block.ts";
import {
  addTallies,
  createTallies,
  type LumiRange,
  lumisOf,
  type Tallies,
  type TalliesJson,
  talliesJson,
} from "./results/tallies.ts";

/** What finished blocks leave, under `blocks/`: their orbits are counted in this alone. */
export interface BlockRecord {
  readonly run: number;
  /** Id and last orbit of each. */
  readonly blocks: readonly (readonly [id: number, lastOrbit: number])[];
  readonly lumis: LumiRange | null;
  readonly tallies: TalliesJson;
}

/** What is done, in a run folder. */
export interface Records {
  /** Sums of all blocks when the folder was opened. */
  readonly tallies: Tallies;
  /** Last orbit of each block that was done then, by id. */
  readonly done: ReadonlyMap<number, number>;
  readonly run: number | null;
  /** Says for good that a block is done. */
  write(block: OrbitBlock, tallies: Tallies): Promise<void>;
}

/** Blocks of a luminosity section that have records of their own. */
interface Section {
  readonly blocks: (readonly [number, number])[];
  readonly tallies: Tallies;
}

/** Sections behind the latest one whose blocks wait for others before they are merged. */
const openSections = 2;

const sectionName = (lumi: number) => `lumi-${`${lumi}`.padStart(6, "0")}.json`;

/** True for the file of a whole section, which may be written again; all others never change. */
export const isSection = (name: string) => name.startsWith("lumi-");

/**
 * Opens the records of a run; kept crossings without a record are half of a block, and removed.
 * Each block has a record of its own until its luminosity section is over; then those of the
 * section become one, so that a run of hours has some hundred files. The merged record is whole in
 * its place before the others go: one that is still there is known by its id.
 */
export function openRecords(folder: RunFolder): Records {
  const at = (name: string) => join(folder.path, name);
  mkdirSync(at("blocks"), { recursive: true });
  mkdirSync(at("events"), { recursive: true });
  const tallies = createTallies();
  const done = new Map<number, number>();
  const sections = new Map<number, Section>();
  let run: number | null = null;
  // merged ones first: what they hold counts no second time
  const names = readdirSync(at("blocks")).sort().reverse();
  for (const name of names) {
    const record = readRecord(at(`blocks/${name}`));
    run = record.run;
    const [[id, lastOrbit], ...others] = record.blocks;
    if (others.length === 0 && done.has(id)) rmSync(at(`blocks/${name}`));
    else {
      addTallies(tallies, record.tallies);
      for (const [block, last] of record.blocks) done.set(block, last);
      if (others.length === 0) wait(id, lastOrbit, addTallies(createTallies(), record.tallies));
    }
  }
  const kept = new Set([...done.keys()].map(blockName));
  for (const name of readdirSync(at("events")))
    if (!kept.has(name.replace(/\.(root|parquet)$/, ""))) rmSync(at(`events/${name}`));
  let merging: Promise<void> = Promise.resolve();

  /** Lets a block wait for its section to end; one of two sections keeps its own record. */
  function wait(id: number, lastOrbit: number, counted: Tallies): void {
    const lumis = lumisOf(counted);
    if (lumis === null || lumis.first !== lumis.last) return;
    const section = sections.get(lumis.first) ?? { blocks: [], tallies: createTallies() };
    sections.set(lumis.first, section);
    section.blocks.push([id, lastOrbit]);
    addTallies(section.tallies, counted);
  }

  async function mergeOver(): Promise<void> {
    const latest = Math.max(...sections.keys());
    for (const [lumi, section] of sections) {
      if (lumi > latest - openSections) continue;
      const path = `blocks/${sectionName(lumi)}`;
      const before = existsSync(at(path)) ? readRecord(at(path)) : null;
      if (before === null && section.blocks.length === 1) continue; // one already
      sections.delete(lumi);
      const record: BlockRecord = {
        run: run ?? 0,
        blocks: [...(before?.blocks ?? []), ...section.blocks],
        lumis: { first: lumi, last: lumi },
        tallies: talliesJson(
          before ? addTallies(section.tallies, before.tallies) : section.tallies,
        ),
      };
      await folder.write(path, `${JSON.stringify(record)}\n`);
      for (const [id] of section.blocks) rmSync(at(`blocks/${blockName(id)}.json`));
    }
  }

  return {
    ...{ tallies, done, run },
    async write(block, counted) {
      const { id, orbits } = block;
      run = block.run;
      const lastOrbit = orbits[orbits.length - 1].orbit;
      const record: BlockRecord = {
        ...{ run, blocks: [[id, lastOrbit]], lumis: lumisOf(counted) },
        tallies: talliesJson(counted),
      };
      await folder.write(`blocks/${blockName(id)}.json`, `${JSON.stringify(record)}\n`);
      wait(id, lastOrbit, counted);
      merging = merging.then(mergeOver);
      await merging;
    },
  };
}

/** @throws DataError for a file that is no record. */
function readRecord(path: string): BlockRecord {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as BlockRecord;
  } catch (cause) {
    throw new DataError(
      `${path}: is no record of blocks: ${(cause as Error).message}; remove it, and --resume does its blocks again`,
      { cause },
    );
  }
}
