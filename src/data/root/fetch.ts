import type { ByteSource } from "./source.ts";

/** A piece of the file. */
export interface Piece {
  readonly seek: number;
  readonly bytes: number;
}

/** Unused bytes that are cheaper to read along than to ask twice. */
const smallestGap = 64 * 1024;
const longestRead = 16 * 1024 * 1024;
/** Reads under way at a time: as many connections as browsers keep to a server. */
const atOnce = 6;

/** Pieces that lie close together, read as one. */
interface Run {
  readonly start: number;
  end: number;
  /** Numbers of the pieces. */
  readonly pieces: number[];
}

/** Reads many pieces, neighbors together. @returns their bytes in the order asked for. */
export async function fetchPieces(
  source: ByteSource,
  pieces: readonly Piece[],
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = new Array(pieces.length);
  const waiting = runsOf(pieces).values();
  const readOn = async () => {
    for (const { start, end, pieces: numbers } of waiting) {
      const block = await source.read(start, end - start);
      for (const i of numbers) {
        const from = pieces[i].seek - start;
        found[i] = block.subarray(from, from + pieces[i].bytes);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, readOn));
  return found;
}

function runsOf(pieces: readonly Piece[]): Run[] {
  const runs: Run[] = [];
  const order = pieces.map((_, i) => i).sort((a, b) => pieces[a].seek - pieces[b].seek);
  for (const i of order) {
    const { seek, bytes } = pieces[i];
    const run = runs.at(-1);
    if (run && seek <= run.end + smallestGap && seek + bytes - run.start <= longestRead) {
      run.end = Math.max(run.end, seek + bytes);
      run.pieces.push(i);
    } else runs.push({ start: seek, end: seek + bytes, pieces: [i] });
  }
  return runs;
}

/** The same items, each asked for while the one before is in use. */
export async function* ahead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (let item = await next; !item.done; item = await next) {
      next = items.next();
      next.catch(() => {}); // thrown where it is awaited
      yield item.value;
    }
  } finally {
    await items.return(undefined);
  }
}
