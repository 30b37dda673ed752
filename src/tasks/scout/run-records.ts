import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
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

/** What a finished block leaves, under `blocks/`: its orbits are in this and in no other file. */
export interface BlockRecord {
  readonly run: number;
  readonly id: number;
  readonly firstOrbit: number;
  readonly lastOrbit: number;
  readonly lumis: LumiRange | null;
  readonly tallies: TalliesJson;
}

/** Says for good that a block is done. */
export async function writeRecord(
  folder: RunFolder,
  { run, id, orbits }: OrbitBlock,
  tallies: Tallies,
): Promise<void> {
  const record: BlockRecord = {
    ...{ run, id, firstOrbit: orbits[0].orbit, lastOrbit: orbits[orbits.length - 1].orbit },
    lumis: lumisOf(tallies),
    tallies: talliesJson(tallies),
  };
  await folder.write(`blocks/${blockName(id)}.json`, `${JSON.stringify(record)}\n`);
}

/** What is done already. */
export interface DoneBlocks {
  /** Sums of all blocks. */
  readonly tallies: Tallies;
  /** Last orbit of each block, by id. */
  readonly done: ReadonlyMap<number, number>;
  readonly run: number | null;
}

/** Reads all records; kept crossings without a record are half of a block, and removed. */
export function readRecords(folder: RunFolder): DoneBlocks {
  const tallies = createTallies();
  const done = new Map<number, number>();
  let run: number | null = null;
  const at = (name: string) => join(folder.path, name);
  mkdirSync(at("blocks"), { recursive: true });
  mkdirSync(at("events"), { recursive: true });
  for (const name of readdirSync(at("blocks")).sort()) {
    const record = JSON.parse(readFileSync(at(`blocks/${name}`), "utf8")) as BlockRecord;
    addTallies(tallies, record.tallies);
    done.set(record.id, record.lastOrbit);
    run = record.run;
  }
  const names = new Set([...done.keys()].map(blockName));
  for (const name of readdirSync(at("events")))
    if (!names.has(name.replace(/\.(root|parquet)$/, ""))) rmSync(at(`events/${name}`));
  return { tallies, done, run };
}
