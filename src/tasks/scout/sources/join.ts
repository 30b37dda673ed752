import type { LabeledFrame } from "../../../cms/scouting/orbit-reader.ts";
import { sourceName } from "../../../cms/scouting/sources.ts";
import { blockOf, type OrbitBlock, type RawOrbit, requireRun } from "../orbit/block.ts";
import { createIdRanges } from "./id-ranges.ts";

export interface JoinOptions {
  readonly blockOrbits: number;
  /** Last orbit of the blocks that are done already, by id; they are not given again. */
  readonly done: ReadonlyMap<number, number>;
  /** The run that all orbits must be of; null takes that of the first. */
  readonly run: number | null;
  /** Sources that must have come before any block is given. */
  readonly sources: number;
  /** Told of orbits that are in no block: "late" (their block was given) or "twice". */
  readonly onDropped: (reason: string, orbits: number) => void;
  /**
   * Told how many more orbits between the first and the last of a source are in no block; fewer
   * where one fills a gap.
   */
  readonly onMissing: (source: string, orbits: number) => void;
}

/** Makes blocks of the orbits of several sources. */
export interface Join {
  /** Null before the first orbit. */
  readonly run: number | null;
  /** Blocks wait for this source from now on. */
  open(source: number): void;
  /** Blocks wait for this source no longer; it may open again. */
  close(source: number): void;
  /** @throws ConfigError for an orbit of another run. */
  add(frame: LabeledFrame): void;
  /** Whether a source is so far ahead of the slowest that it should wait for it. */
  isAhead(source: number): boolean;
  /** Takes the blocks that every open source has gone past, in ascending order. */
  ready(): OrbitBlock[];
  /** Takes all blocks: nothing more comes. */
  rest(): OrbitBlock[];
}

/** Blocks that a source may be ahead of the slowest one. */
const aheadBlocks = 2;

interface Source {
  isOpen: boolean;
  /** Largest orbit so far, -1 before the first. */
  last: number;
  /** Orbits from the smallest to the largest that are in no block. */
  missing: number;
  first: number;
}

/**
 * Joins sources by orbit number. A block is all orbits with the same floor(orbit / blockOrbits);
 * since those of a source mostly ascend, it is whole when every open source is past it. What comes
 * later is counted, never used: no orbit is in two blocks.
 */
export function createJoin(options: JoinOptions): Join {
  const { blockOrbits, done, onDropped, onMissing } = options;
  const sources = new Map<number, Source>();
  const waiting = new Map<number, Map<number, Draft>>();
  const given = createIdRanges();
  let { run } = options;

  const sourceOf = (id: number): Source => {
    const source = sources.get(id) ?? { isOpen: true, first: -1, last: -1, missing: 0 };
    sources.set(id, source);
    return source;
  };

  /** Counts an orbit of a source; `isUsed` where it is in a block. */
  function track(id: number, orbit: number, isUsed: boolean): void {
    const source = sourceOf(id);
    const before = source.missing;
    if (source.first < 0) source.first = source.last = orbit;
    else if (orbit > source.last) {
      source.missing += orbit - source.last - 1;
      source.last = orbit;
    } else if (orbit < source.first) {
      source.missing += source.first - orbit - 1;
      source.first = orbit;
    } else if (isUsed)
      source.missing--; // it was in a gap
    else return;
    if (!isUsed) source.missing++;
    if (source.missing !== before) onMissing(sourceName(id), source.missing - before);
  }

  /** Block that the slowest open source is in: all before it are whole. */
  function slowest(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { isOpen, last } of sources.values())
      if (isOpen) least = Math.min(least, blockOf(last, blockOrbits));
    return least;
  }

  function takeBefore(end: number): OrbitBlock[] {
    const ids = [...waiting.keys()].filter((id) => id < end).sort(ascending);
    return ids.map((id) => {
      const orbits = [...(waiting.get(id)?.values() ?? [])];
      orbits.sort((a, b) => a.orbit - b.orbit);
      waiting.delete(id);
      given.add(id);
      return { run: run ?? 0, id, orbits };
    });
  }

  const isComplete = () => sources.size >= options.sources;

  return {
    get run() {
      return run;
    },
    open(id) {
      sourceOf(id).isOpen = true;
    },
    close(id) {
      sourceOf(id).isOpen = false;
    },
    add({ run: of, orbit, source, lumi, payload }) {
      run ??= of;
      requireRun(of, run, sourceName(source));
      const id = blockOf(orbit, blockOrbits);
      const last = done.get(id);
      if (last !== undefined && orbit <= last) {
        const { first, last: reached } = sourceOf(source);
        if (first < 0 || orbit < first || orbit > reached) track(source, orbit, true);
        return;
      }
      if (last !== undefined || given.has(id)) {
        track(source, orbit, false);
        onDropped("late", 1);
        return;
      }
      const block = waiting.get(id) ?? new Map<number, Draft>();
      waiting.set(id, block);
      const draft = block.get(orbit) ?? { orbit, lumi };
      block.set(orbit, draft);
      if (put(draft, source, payload)) track(source, orbit, true);
      else onDropped("twice", 1);
    },
    isAhead(id) {
      const { last } = sourceOf(id);
      if (last < 0) return false;
      const least = isComplete() ? slowest() : Math.min(...waiting.keys());
      return blockOf(last, blockOrbits) > least + aheadBlocks;
    },
    ready: () => (isComplete() ? takeBefore(slowest()) : []),
    rest: () => takeBefore(Number.POSITIVE_INFINITY),
  };
}

/** An orbit that sources are added to. */
type Draft = { -readonly [K in keyof RawOrbit]: RawOrbit[K] };

/** False where the orbit has this source already. */
function put(draft: Draft, source: number, payload: Uint8Array): boolean {
  const name = sourceName(source);
  if (name === "gmt" || name === "calo") {
    if (draft[name] !== undefined) return false;
    draft[name] = payload;
    return true;
  }
  if (draft.others?.has(source)) return false;
  draft.others = new Map([...(draft.others ?? []), [source, payload]]);
  return true;
}

const ascending = (a: number, b: number) => a - b;
