import { ConfigError, FormatError } from "../../../base/errors.ts";
import type { OrbitBlock, RawOrbit } from "../orbit/block.ts";

/** "FOB1", little endian. */
const magic = 0x31424f46;
/** Bytes before the table of orbits. */
const headBytes = 28;
/** Bytes of an orbit in the table. */
const rowBytes = 16;
/** Length of a source that an orbit does not have. */
const absent = 0xffff_ffff;
/** Words of the head that hold the checksum. */
const sumWords = [5, 6] as const;

const sources = ["gmt", "calo"] as const;
const padded = (bytes: number) => (bytes + 3) & ~3;

/**
 * A block as bytes, little endian: magic, total length, number of orbits, run, id, two words of
 * checksum; a row of orbit number, luminosity section and the lengths of both sources per orbit;
 * then all payloads, each filled up with zeros to 4 bytes.
 */
export function encodeBlock({ run, id, orbits }: OrbitBlock): Uint8Array {
  const other = orbits.find(({ others }) => others !== undefined);
  if (other !== undefined)
    throw new ConfigError(
      `broker: orbit ${other.orbit} has other sources than GMT and calorimeter by DMA, which no broker takes; process them without one`,
    );
  const lengths = orbits.flatMap((orbit) => sources.map((s) => orbit[s]?.length));
  const payload = lengths.reduce<number>((sum, length) => sum + padded(length ?? 0), 0);
  const bytes = new Uint8Array(headBytes + rowBytes * orbits.length + payload);
  const words = new Uint32Array(bytes.buffer, 0, (headBytes + rowBytes * orbits.length) / 4);
  words.set([magic, bytes.length, orbits.length, run, id]);
  let at = words.byteLength;
  orbits.forEach((orbit, k) => {
    const row = (headBytes + rowBytes * k) / 4;
    words.set([orbit.orbit, orbit.lumi], row);
    sources.forEach((source, s) => {
      const data = orbit[source];
      words[row + 2 + s] = data?.length ?? absent;
      bytes.set(data ?? [], at);
      at += padded(data?.length ?? 0);
    });
  });
  words.set(checksum(bytes), sumWords[0]);
  return bytes;
}

/**
 * The block that `encodeBlock` made these bytes of; its payloads share one copy of them.
 * @throws FormatError for bytes that are anything else.
 */
export function decodeBlock(given: Uint8Array): OrbitBlock {
  const bytes = new Uint8Array(given); // at the start of a buffer of its own: words are aligned
  if (bytes.length < headBytes || bytes.length % 4 !== 0)
    throw new FormatError(`block: ${bytes.length} bytes are no whole block`);
  const words = new Uint32Array(bytes.buffer);
  const [start, length, count, run, id] = words;
  if (start !== magic)
    throw new FormatError(`block: starts with 0x${start.toString(16)}; is another program there?`);
  if (length !== bytes.length)
    throw new FormatError(`block ${id}: ${bytes.length} bytes, of ${length} told`);
  if (count === 0 || count > (length - headBytes) / rowBytes)
    throw new FormatError(`block ${id}: ${count} orbits in ${length} bytes`);
  const sums = checksum(bytes);
  if (sumWords.some((word, k) => words[word] !== sums[k]))
    throw new FormatError(`block ${id}: the checksum is wrong; it was damaged on its way`);
  const orbits: RawOrbit[] = [];
  let at = headBytes + rowBytes * count;
  for (let k = 0; k < count; k++) {
    const row = (headBytes + rowBytes * k) / 4;
    const [orbit, lumi] = [words[row], words[row + 1]];
    if (k > 0 && orbit <= orbits[k - 1].orbit)
      throw new FormatError(`block ${id}: orbit ${orbit} behind orbit ${orbits[k - 1].orbit}`);
    const raw: { orbit: number; lumi: number; gmt?: Uint8Array; calo?: Uint8Array } = {
      ...{ orbit, lumi },
    };
    sources.forEach((source, s) => {
      const size = words[row + 2 + s];
      if (size === absent) return;
      if (size > length - at)
        throw new FormatError(`block ${id}: ${size} bytes of ${source} past the end`);
      raw[source] = bytes.subarray(at, at + size);
      at += padded(size);
      if (bytes.subarray(at - padded(size) + size, at).some((byte) => byte !== 0))
        throw new FormatError(`block ${id}: ${size} bytes of ${source} are cut short`);
    });
    orbits.push(raw);
  }
  if (at !== length) throw new FormatError(`block ${id}: ${length - at} bytes too many`);
  return { run, id, orbits };
}

/** Two sums over all words but those of the checksum: of the words, and of these sums. */
function checksum(bytes: Uint8Array): [number, number] {
  const words = new Uint32Array(bytes.buffer, 0, bytes.length / 4);
  let [a, b] = [1, 0];
  const add = (from: number, to: number) => {
    for (let k = from; k < to; k++) {
      a = (a + words[k]) | 0;
      b = (b + a) | 0;
    }
  };
  add(0, sumWords[0]);
  add(sumWords[1] + 1, words.length);
  return [a >>> 0, b >>> 0];
}
