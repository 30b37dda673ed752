import { CancelledError, FormatError } from "../../base/errors.ts";
import {
  type Basket,
  type BasketTable,
  keptBasket,
  openBasket,
  storedBasket,
  storedStarts,
} from "./basket.ts";
import { ColumnBuilder, type RootColumn } from "./column.ts";
import { decode } from "./decode.ts";
import { ahead, fetchPieces } from "./fetch.ts";
import type { DecompressMany } from "./file.ts";
import type { Described, EntryLayout } from "./layout.ts";
import type { ByteSource } from "./source.ts";

/** What is needed to read a branch. */
export interface ReadableBranch {
  readonly name: string;
  /** File, tree and branch, for messages. */
  readonly where: string;
  readonly described: Described & { readonly layout: EntryLayout };
  readonly table: BasketTable;
  /** The branch that holds the number of items, where there is one. */
  readonly counter: (() => ReadableBranch) | null;
}

/** Where bytes come from and how they are unpacked. */
export interface ReadFrom {
  readonly source: ByteSource;
  readonly decompress: DecompressMany;
  readonly signal?: AbortSignal | undefined;
  /** Unpacked baskets to keep between reads of neighboring ranges. */
  readonly cache?: Map<string, Basket> | undefined;
}

interface Wanted {
  readonly branch: number;
  readonly basket: number;
  readonly seek: number;
  readonly bytes: number;
  /** Place in the order of reading. */
  readonly order: number;
  /** The basket where it is unpacked already. */
  readonly known: Basket | null;
}

/** Compressed bytes of a step: while one is decoded, the next is unpacked, the one after read. */
export const windowBytes = 2 * 1024 * 1024;

/** Entries [start, stop) of branches; only baskets that overlap are fetched and unpacked. */
export async function readColumns(
  from: ReadFrom,
  branches: readonly ReadableBranch[],
  range: { start: number; stop: number },
): Promise<RootColumn[]> {
  const builders = branches.map((branch) => builderFor(branch, range.stop - range.start));
  const wanted = branches.flatMap((branch, i) => wantedBaskets(from, branch, i, range));
  wanted.sort((a, b) => a.order - b.order);
  const take = async (want: Wanted, stored: Basket) => {
    const branch = branches[want.branch];
    const { table, described } = branch;
    const first = table.entry[want.basket];
    const n = table.entry[want.basket + 1] - first;
    if (stored.entries !== n)
      throw new FormatError(
        `${stored.where}: ${stored.entries} entries, expected ${n}; the file is corrupt`,
      );
    const basket = needsStarts(stored, described)
      ? await withStarts(from, branch, stored, first)
      : stored;
    const part = {
      basket,
      from: Math.max(0, range.start - first),
      to: Math.min(n, range.stop - first),
    };
    decode(part, described.layout, builders[want.branch]);
    if (from.cache === undefined) return;
    const key = cacheKey(branch, want.basket);
    if (first + n > range.stop) from.cache.set(key, basket);
    else from.cache.delete(key);
  };
  const fetched = ahead(fetchWindows(from, wanted));
  for await (const window of ahead(unpackWindows(from, branches, fetched)))
    for (const [want, basket] of window) await take(want, basket);
  return builders.map((builder) => builder.column());
}

function builderFor({ name, described }: ReadableBranch, entries: number): ColumnBuilder {
  const { type, inner, jagged, layout } = described;
  const nested = layout.kind === "lists" || (layout.kind === "vector" && layout.depth === 2);
  return new ColumnBuilder({ name, type, inner, jagged, nested, entries });
}

function needsStarts({ starts, entries }: Basket, { layout }: Described): boolean {
  return starts === null && entries > 0 && typeof layout === "object" && layout.kind === "counted";
}

/** Baskets may leave the entry offsets to the branch that counts the items. @see ROOT::TIOFeatures */
async function withStarts(
  from: ReadFrom,
  { counter, described, where }: ReadableBranch,
  basket: Basket,
  start: number,
): Promise<Basket> {
  const { layout } = described;
  if (counter === null || layout.kind !== "counted")
    throw new FormatError(`${basket.where}: entries of varying size without offsets or counter`);
  const range = { start, stop: start + basket.entries };
  const [counts] = await readColumns({ ...from, cache: undefined }, [counter()], range);
  const bytes = layout.stored.bytes * layout.count;
  let end = 0;
  const starts = storedStarts(basket.entries, (i) => {
    const start = end;
    const size = Number(counts.values[i]) * bytes + layout.lead;
    if (!(size >= 0 && start + size <= basket.data.length))
      throw new FormatError(
        `${basket.where}, entry ${i}: ${counts.values[i]} items of ${bytes} bytes do not fit; ` +
          `the counter of ${where} is corrupt`,
      );
    end += size;
    return start;
  });
  // What the last entry does not hold belongs to none.
  return { ...basket, data: basket.data.subarray(0, end), starts };
}

const cacheKey = ({ name }: ReadableBranch, basket: number) => `${name}#${basket}`;

/** The baskets of a branch that overlap a range, mostly in the order of the file. */
function wantedBaskets(
  { cache }: ReadFrom,
  source: ReadableBranch,
  branch: number,
  { start, stop }: { start: number; stop: number },
): Wanted[] {
  const { table, name, where } = source;
  const { entry, seek, bytes } = table;
  const last = entry[entry.length - 1];
  if (stop > last)
    throw new FormatError(
      `${where}: entries ${start} to ${stop} asked for, branch "${name}" has ${last}`,
    );
  let order = 0;
  return seek.flatMap((at, basket) => {
    if (entry[basket] >= stop || entry[basket + 1] <= start) return [];
    order = Math.max(order, at); // columns fill in the order of entries
    const known = cache?.get(cacheKey(source, basket)) ?? keptIn(source, basket);
    return [{ branch, basket, seek: at, bytes: bytes[basket], order, known }];
  });
}

function keptIn({ table, where }: ReadableBranch, basket: number): Basket | null {
  const kept = table.kept[basket];
  return kept === null ? null : keptBasket(kept, `${where}, basket ${basket}`);
}

interface Fetched {
  readonly window: readonly Wanted[];
  /** As stored, of those that are not known already. */
  readonly bytes: readonly Uint8Array[];
}

async function* fetchWindows(
  { source, signal }: ReadFrom,
  wanted: readonly Wanted[],
): AsyncGenerator<Fetched> {
  for (let i = 0; i < wanted.length; ) {
    if (signal?.aborted) throw new CancelledError("reading was stopped");
    const window: Wanted[] = [];
    for (let bytes = 0; i < wanted.length && bytes < windowBytes; i++) {
      window.push(wanted[i]);
      bytes += wanted[i].bytes;
    }
    yield { window, bytes: await fetchPieces(source, window.filter(isUnknown)) };
  }
}

const isUnknown = ({ known }: Wanted) => known === null;

async function* unpackWindows(
  { decompress }: ReadFrom,
  branches: readonly ReadableBranch[],
  fetched: AsyncGenerator<Fetched>,
): AsyncGenerator<[Wanted, Basket][]> {
  for await (const { window, bytes } of fetched) {
    const stored = window.filter(isUnknown).map(({ branch, basket, seek }, i) => {
      const where = `${branches[branch].where}, basket ${basket}`;
      return storedBasket(bytes[i], where, seek);
    });
    const unpacked = await decompress(stored.map(({ packed }) => packed));
    let next = 0;
    yield window.map((want) => [want, want.known ?? openBasket(stored[next], unpacked[next++])]);
  }
}
