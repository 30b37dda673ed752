import { FormatError } from "../../base/errors.ts";
import {
  clearOrbit,
  crossingsPerOrbit,
  type ObjectKinds,
  type OrbitObjects,
} from "./orbit-objects.ts";

/** A raw format: an orbit is a sequence of blocks of 32-bit words, one for a crossing. */
export interface BlockFormat<K extends ObjectKinds = ObjectKinds> {
  readonly name: string;
  readonly kinds: K;
  /** Header, bx, orbit; without header, as sums over TCP come, only the last two. */
  readonly headerWords: 2 | 3;
  /** Bits of the header that are no counts. */
  readonly headerRest: number;
  /** Words behind the header words, -1 where the counts cannot be. */
  bodyWords(header: number): number;
  /** What is wrong with the counts. */
  countProblem(header: number): string;
  /**
   * Unpacks words `at` to before `end` into crossing bx: takes offsets[bx - 1], sets offsets[bx],
   * adds to `dropped`; null, or what is wrong.
   */
  unpack(
    words: Int32Array,
    span: { readonly at: number; readonly end: number; readonly bx: number },
    into: OrbitObjects<K>,
  ): string | null;
  /** The counts of a crossing as header bits, given its header without them. */
  counts(source: OrbitObjects<K>, bx: number, header: number): number;
  /** Writes the words of a crossing from `at` on. */
  pack(source: OrbitObjects<K>, bx: number, words: Int32Array, at: number): void;
}

const maxOrbit = 0x7fffffff;

/**
 * Decodes one orbit. Throws `FormatError` for blocks that are cut, too long, of another orbit,
 * with counts that cannot be, or not in strictly ascending bx of 1 to 3564; the orbit is then
 * empty. `expected` is the orbit number all blocks must have, by default that of the first.
 */
export function decodeBlocks<K extends ObjectKinds>(
  format: BlockFormat<K>,
  words: Int32Array,
  { into, expected }: { into: OrbitObjects<K>; expected: number | undefined },
): void {
  const { blocks } = into;
  const { headerWords, headerRest } = format;
  const kinds = Object.keys(format.kinds).map((name) => ({
    offsets: into.objects[name].offsets,
    room: Object.values(into.objects[name].columns)[0].length,
    perCrossing: format.kinds[name].perCrossing,
    name,
  }));
  const span = { at: 0, end: 0, bx: 0 };
  const orbit = expected ?? (words.length < headerWords ? -1 : words[headerWords - 1] & maxOrbit);
  let [at, count, lastBx] = [0, 0, 0];
  const fail = (what: string) => {
    clearOrbit(into);
    return new FormatError(`${format.name} orbit ${orbit}: block at byte ${4 * at}: ${what}`);
  };
  into.dropped = 0;
  while (at < words.length) {
    span.at = at + headerWords;
    if (span.at > words.length) throw fail(cut(words.length - at, headerWords));
    const header = headerWords === 3 ? words[at] : 0;
    const bx = words[span.at - 2];
    const orbitWord = words[span.at - 1];
    const size = format.bodyWords(header);
    span.end = span.at + size;
    span.bx = bx;
    if ((orbitWord & maxOrbit) !== orbit)
      throw fail(`orbit ${orbitWord & maxOrbit}, expected ${orbit}; split the stream by orbit`);
    if (bx < 1 || bx > crossingsPerOrbit)
      throw fail(
        `bx ${bx >>> 0}, expected 1 to ${crossingsPerOrbit}; is this a ${format.name} stream?`,
      );
    if (bx <= lastBx) throw fail(`bx ${bx} behind bx ${lastBx}; blocks must ascend, none twice`);
    if (size < 0) throw fail(format.countProblem(header));
    if (span.end > words.length) throw fail(cut(words.length - at, span.end - at));
    for (const { offsets, room, perCrossing, name } of kinds) {
      const n = offsets[lastBx];
      for (let b = lastBx + 1; b < bx; b++) offsets[b] = n;
      if (n + Math.min(perCrossing, size) > room)
        throw fail(`${n} ${name} so far, room for ${room}; raise maxObjectsPerOrbit`);
    }
    blocks.bx[count] = bx;
    blocks.header[count] = header & headerRest;
    blocks.flag[count] = orbitWord >>> 31;
    blocks.count = count;
    const problem = format.unpack(words, span, into);
    if (problem !== null) throw fail(problem);
    count++;
    lastBx = bx;
    at = span.end;
  }
  for (const { offsets } of kinds) offsets.fill(offsets[lastBx], lastBx + 1);
  blocks.count = count;
  into.orbit = orbit;
}

const cut = (left: number, needed: number) =>
  `${4 * left} bytes left, the block has ${4 * needed}; was the orbit cut?`;

/** Gives the blocks of an orbit another orbit number, in place, up to one whose counts cannot be. */
export function renumberBlocks(
  { headerWords, bodyWords }: Pick<BlockFormat, "headerWords" | "bodyWords">,
  words: Int32Array,
  orbit: number,
): void {
  for (let at = 0; at + headerWords <= words.length; ) {
    const size = bodyWords(headerWords === 3 ? words[at] : 0);
    if (size < 0) return;
    at += headerWords;
    words[at - 1] = orbit | (words[at - 1] & ~maxOrbit);
    at += size;
  }
}

/** The bytes of an orbit: the inverse of `decodeBlocks` where it dropped nothing. */
export function encodeBlocks<K extends ObjectKinds>(
  format: BlockFormat<K>,
  source: OrbitObjects<K>,
): Uint8Array {
  const { blocks, orbit } = source;
  const { headerWords } = format;
  const headers = new Int32Array(blocks.count);
  let length = 0;
  for (let b = 0; b < blocks.count; b++) {
    headers[b] = blocks.header[b] | format.counts(source, blocks.bx[b], blocks.header[b]);
    length += headerWords + Math.max(0, format.bodyWords(headers[b]));
  }
  const words = new Int32Array(length);
  let at = 0;
  for (let b = 0; b < blocks.count; b++) {
    const bx = blocks.bx[b];
    const size = format.bodyWords(headers[b]);
    if (size < 0)
      throw new FormatError(
        `${format.name} orbit ${orbit}: bx ${bx}: ${format.countProblem(headers[b])}`,
      );
    if (headerWords === 3) words[at] = headers[b];
    at += headerWords;
    words[at - 2] = bx;
    words[at - 1] = orbit | (blocks.flag[b] << 31);
    format.pack(source, bx, words, at);
    at += size;
  }
  return new Uint8Array(words.buffer);
}
