import { CancelledError, FormatError } from "../../base/errors.ts";
import { type Basket, type BasketTable, keptBasket, openBasket, storedBasket } from "./basket.ts";
import { joinChunks, type RootColumn } from "./column.ts";
import { type Chunk, decode } from "./decode.ts";
import { fetchPieces } from "./fetch.ts";
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
}

/** Compressed bytes in work at a time. */
const windowBytes = 32 * 1024 * 1024;

/** Entries [start, stop) of branches; only baskets that overlap are fetched and unpacked. */
export async function readColumns(
  from: ReadFrom,
  branches: readonly ReadableBranch[],
  range: { start: number; stop: number },
): Promise<RootColumn[]> {
  const chunks: Chunk[][] = branches.map(() => []);
  const wanted = branches.flatMap((branch, i) => wantedBaskets(branch, i, range));
  wanted.sort((a, b) => a.seek - b.seek);
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
    const begin = Math.max(0, range.start - first);
    const end = Math.min(n, range.stop - first);
    chunks[want.branch][want.basket] = decode(basket, described.layout, begin, end);
    if (from.cache === undefined) return;
    const key = cacheKey(branches, want);
    if (first + n > range.stop) from.cache.set(key, basket);
    else from.cache.delete(key);
  };
  for (let i = 0; i < wanted.length; ) {
    if (from.signal?.aborted) throw new CancelledError("reading was stopped");
    const window: Wanted[] = [];
    for (let bytes = 0; i < wanted.length && (bytes === 0 || bytes < windowBytes); i++) {
      const cached = from.cache?.get(cacheKey(branches, wanted[i]));
      const kept = cached ?? keptIn(branches[wanted[i].branch], wanted[i].basket);
      if (kept !== null) await take(wanted[i], kept);
      else {
        window.push(wanted[i]);
        bytes += wanted[i].bytes;
      }
    }
    const baskets = await unpack(from, branches, window);
    for (let k = 0; k < window.length; k++) await take(window[k], baskets[k]);
  }
  return branches.map(({ name, described }, i) => {
    const { type, inner, jagged, layout } = described;
    const nested = layout.kind === "lists" || (layout.kind === "vector" && layout.depth === 2);
    const parts = Object.values(chunks[i]); // in the order of baskets, without gaps
    chunks[i] = [];
    return joinChunks({ name, type, inner }, parts, { jagged, nested });
  });
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
  const starts = new Int32Array(basket.entries + 1);
  for (let i = 0; i < basket.entries; i++) {
    const size = Number(counts.values[i]) * bytes + layout.lead;
    if (!(size >= 0 && starts[i] + size <= basket.data.length))
      throw new FormatError(
        `${basket.where}, entry ${i}: ${counts.values[i]} items of ${bytes} bytes do not fit; ` +
          `the counter of ${where} is corrupt`,
      );
    starts[i + 1] = starts[i] + size;
  }
  return { ...basket, starts };
}

const cacheKey = (branches: readonly ReadableBranch[], { branch, basket }: Wanted) =>
  `${branches[branch].name}#${basket}`;

function wantedBaskets(
  { table, name, where }: ReadableBranch,
  branch: number,
  { start, stop }: { start: number; stop: number },
): Wanted[] {
  const { entry, seek, bytes } = table;
  const last = entry[entry.length - 1];
  if (stop > last)
    throw new FormatError(
      `${where}: entries ${start} to ${stop} asked for, branch "${name}" has ${last}`,
    );
  return seek.flatMap((at, basket) =>
    entry[basket] < stop && entry[basket + 1] > start
      ? [{ branch, basket, seek: at, bytes: bytes[basket] }]
      : [],
  );
}

function keptIn({ table, where }: ReadableBranch, basket: number): Basket | null {
  const kept = table.kept[basket];
  return kept === null ? null : keptBasket(kept, `${where}, basket ${basket}`);
}

async function unpack(
  { source, decompress }: ReadFrom,
  branches: readonly ReadableBranch[],
  window: readonly Wanted[],
): Promise<Basket[]> {
  const bytes = await fetchPieces(source, window);
  const stored = window.map(({ branch, basket, seek }, i) =>
    storedBasket(bytes[i], `${branches[branch].where}, basket ${basket}`, seek),
  );
  const unpacked = await decompress(stored.map(({ packed }) => packed));
  return stored.map((basket, i) => openBasket(basket, unpacked[i]));
}
