import { FormatError } from "../../base/errors.ts";
import { decompressBlock } from "./compression.ts";

/** Compressed bytes with ROOT's block headers, and what they unpack to. */
export interface PackedBytes {
  readonly bytes: Uint8Array;
  /** Bytes when unpacked; equal to `bytes.length` where they are not compressed. */
  readonly size: number;
  /** File, branch and basket, for messages. */
  readonly where: string;
}

/** Unpacks many pieces, in order; the place where a pool of worker threads comes in. */
export type DecompressMany = (pieces: readonly PackedBytes[]) => Promise<Uint8Array[]>;

const blockHeader = 9;

/** Unpacks one piece after the other in this thread. Throws `FormatError` naming the piece. */
export const decompressHere: DecompressMany = async (pieces) => {
  const unpacked: Uint8Array[] = [];
  for (const piece of pieces) unpacked.push(await decompressOne(piece));
  return unpacked;
};

/** Unpacks one piece. Throws `FormatError` where the blocks do not hold what the key says. */
export async function decompressOne(piece: PackedBytes): Promise<Uint8Array> {
  const { bytes, size, where } = piece;
  if (size <= bytes.length) return bytes.subarray(0, size);
  checkBlocks(piece);
  try {
    return await decompressBlock(bytes, size);
  } catch (cause) {
    throw new FormatError(`${where}: ${(cause as Error).message}`, { cause });
  }
}

/** Block sizes must add up before anything is allocated: a flipped bit may claim gigabytes. */
function checkBlocks({ bytes, size, where }: PackedBytes): void {
  const u24 = (at: number) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
  let unpacked = 0;
  let at = 0;
  while (unpacked < size && at + blockHeader <= bytes.length) {
    unpacked += u24(at + 6);
    at += blockHeader + u24(at + 3);
  }
  if (unpacked !== size || at > bytes.length)
    throw new FormatError(
      `${where}: compressed blocks give ${unpacked} bytes from ${at}, expected ${size} from ` +
        `${bytes.length}; the file is corrupt`,
    );
}
