import { FormatError } from "../../base/errors.ts";
import type { Chunk } from "./column.ts";
import { type ColumnValues, elements, type NumberType } from "./element.ts";
import type { ElementRequest } from "./rntuple-elements.ts";
import type { FieldPlan, Representations } from "./rntuple-fields.ts";
import type { NtupleCluster } from "./rntuple-pages.ts";

/** Entries [start, stop) of a cluster, counted within it. */
export interface ChunkRange {
  readonly cluster: NtupleCluster;
  readonly start: number;
  readonly stop: number;
}

/** Reads in steps: each asks for elements and goes on when it is given them. */
export type ChunkSteps = Generator<ElementRequest, Chunk, ColumnValues>;

const text = new TextDecoder();

/** Values of a field in a part of a cluster, from the outermost offsets to the values. */
export function* readChunk(plan: FieldPlan, range: ChunkRange, where: string): ChunkSteps {
  const { cluster, start, stop } = range;
  const ask = (columns: Representations, part: Elements) =>
    elementRequest(columns, { cluster, where }, part);
  let part: Elements = { from: start, to: stop, total: cluster.entries };
  const counts: Uint32Array[] = [];
  for (const level of plan.levels) {
    const ends = yield ask(level, withBefore(part));
    const lists = splitLists(ends, part, where);
    counts.push(lists.counts);
    part = { from: lists.from, to: lists.to, total: null };
  }
  const perItem = plan.inner.reduce((n, size) => n * size, 1);
  part = {
    from: part.from * perItem,
    to: part.to * perItem,
    total: part.total === null ? null : part.total * perItem,
  };
  const stored = yield ask(plan.values, plan.kind === "numbers" ? part : withBefore(part));
  let values: ColumnValues | string[];
  if (plan.kind === "numbers") values = convert(stored, plan.type as NumberType);
  else {
    const lists = splitLists(stored, part, where);
    if (plan.kind === "sizes") values = convert(lists.counts, plan.type as NumberType);
    else {
      const characters = yield ask(plan.characters, { ...lists, total: null });
      values = toTexts(characters, lists.counts);
    }
  }
  return {
    entries: stop - start,
    values,
    counts: counts[0] ?? null,
    innerCounts: counts[1] ?? null,
  };
}

interface Elements {
  readonly from: number;
  readonly to: number;
  readonly total: number | null;
}

/** One element more in front: the end of the list before is the start of the first. */
function withBefore({ from, to, total }: Elements): Elements {
  return { from: to > from ? Math.max(0, from - 1) : from, to, total };
}

/** The column that holds the elements in this cluster. */
function elementRequest(
  columns: Representations,
  { cluster, where }: { cluster: NtupleCluster; where: string },
  part: Elements,
): ElementRequest {
  for (const column of columns) {
    const pages = cluster.pages[column.id];
    if (pages) return { column, pages, ...part, where };
  }
  const isNew = columns.some((column) => column.isDeferred);
  if (isNew || part.to === part.from) return { column: columns[0], pages: [], ...part, where };
  throw new FormatError(`${where}: no pages in any representation`);
}

/** Lengths of the lists [from, to) and where their items lie, from the ends of the lists. */
function splitLists(
  ends: ColumnValues,
  { from, to }: Elements,
  where: string,
): { counts: Uint32Array; from: number; to: number } {
  const counts = new Uint32Array(to - from);
  const before = ends.length - counts.length; // 1 where there is an end before the first list
  const first = before === 1 ? Number(ends[0]) : 0;
  let last = first;
  for (let i = 0; i < counts.length; i++) {
    const end = Number(ends[i + before]);
    if (!(end >= last && end - last < 2 ** 32))
      throw new FormatError(`${where}: list ${from + i} runs from item ${last} to ${end}`);
    counts[i] = end - last;
    last = end;
  }
  return { counts, from: first, to: last };
}

/** Numbers in the array of another type; the same array where it has that type. */
function convert(values: ColumnValues, type: NumberType): ColumnValues {
  const out = elements[type].make(0);
  if (values.constructor === out.constructor) return values;
  const converted = elements[type].make(values.length);
  const isBig = converted instanceof BigInt64Array || converted instanceof BigUint64Array;
  for (let i = 0; i < values.length; i++)
    converted[i] = isBig ? BigInt(values[i]) : Number(values[i]);
  return converted;
}

function toTexts(characters: ColumnValues, counts: Uint32Array): string[] {
  const bytes = new Uint8Array(characters.buffer, characters.byteOffset, characters.length);
  let at = 0;
  return Array.from(counts, (n) => {
    at += n;
    return text.decode(bytes.subarray(at - n, at));
  });
}
