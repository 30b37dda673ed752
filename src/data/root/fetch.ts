import type { ByteSource } from "./source.ts";

/** A piece of the file. */
export interface Piece {
  readonly seek: number;
  readonly bytes: number;
}

/** Unused bytes that are cheaper to read along than to ask twice. */
const smallestGap = 64 * 1024;
const longestRead = 16 * 1024 * 1024;

/** Reads many pieces, neighbors together. @returns their bytes in the order asked for. */
export async function fetchPieces(
  source: ByteSource,
  pieces: readonly Piece[],
): Promise<Uint8Array[]> {
  const order = pieces.map((_, i) => i).sort((a, b) => pieces[a].seek - pieces[b].seek);
  const found: Uint8Array[] = new Array(pieces.length);
  for (let i = 0; i < order.length; ) {
    const start = pieces[order[i]].seek;
    let end = start + pieces[order[i]].bytes;
    let next = i + 1;
    for (; next < order.length; next++) {
      const { seek, bytes } = pieces[order[next]];
      if (seek > end + smallestGap || seek + bytes - start > longestRead) break;
      end = Math.max(end, seek + bytes);
    }
    const block = await source.read(start, end - start);
    for (; i < next; i++) {
      const { seek, bytes } = pieces[order[i]];
      found[order[i]] = block.subarray(seek - start, seek - start + bytes);
    }
  }
  return found;
}
