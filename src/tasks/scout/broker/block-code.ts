import { ConfigError, FormatError } from "../../../base/errors.ts";
import { scoutingSources, sourceName } from "../../../cms/scouting/sources.ts";
import type { OrbitBlock, RawOrbit } from "../orbit/block.ts";

/** "FOB2", little endian; with each change of what follows, another digit and another `wire`. */
const magic = 0x32424f46;
/** Bits of the magic that any version has. */
const anyVersion = 0x00ff_ffff;
/** Bytes before the table of orbits. */
const headBytes = 28;
/** Bytes of an orbit in its table, and of one of its sources in the next. */
const [orbitBytes, sourceBytes] = [12, 8];
/** Words of the head that hold the checksum. */
const sumWords = [5, 6] as const;
/** Lengths are words. */
const tooLong = 2 ** 32;

const { gmt: gmtSource, calo: caloSource } = scoutingSources;
/** What an orbit has on its own, by source id; all else is among its others. */
const own = new Map<number, "gmt" | "calo">([
  [gmtSource.first, "gmt"],
  [caloSource.first, "calo"],
]);
const padded = (bytes: number) => (bytes + 3) & ~3;

type Payload = readonly [source: number, bytes: Uint8Array];

function payloadsOf(orbit: RawOrbit): Payload[] {
  const first = Array.from(own, ([id, name]) => [id, orbit[name]] as const);
  return [...first.filter((p): p is Payload => p[1] !== undefined), ...(orbit.others ?? [])];
}

/**
 * A block as bytes, little endian: magic, total length, number of orbits, run, id, two
 * words of checksum; a row of orbit number, luminosity section and number of sources per orbit; a
 * row of id and length per source, those of the first orbit first; then all payloads, each filled up
 * with zeros to 4 bytes. Sources keep their order, in which their objects are merged.
 * @throws ConfigError for 4 GB or more.
 */
export function encodeBlock({ run, id, orbits }: OrbitBlock): Uint8Array {
  const payloads = orbits.map(payloadsOf);
  const all = payloads.flat();
  const tableBytes = headBytes + orbitBytes * orbits.length + sourceBytes * all.length;
  const total = all.reduce((sum, [, { length }]) => sum + padded(length), tableBytes);
  if (total >= tooLong)
    throw new ConfigError(
      `broker: block ${id} of ${orbits.length} orbits has ${total} bytes, at most ${tooLong - 1} go over a broker; use a smaller blockOrbits`,
    );
  const bytes = new Uint8Array(total);
  const words = new Uint32Array(bytes.buffer, 0, tableBytes / 4);
  words.set([magic, total, orbits.length, run, id]);
  let row = headBytes / 4;
  orbits.forEach(({ orbit, lumi }, k) => {
    words.set([orbit, lumi, payloads[k].length], row);
    row += orbitBytes / 4;
  });
  let at = tableBytes;
  for (const [source, data] of all) {
    words.set([source, data.length], row);
    row += sourceBytes / 4;
    bytes.set(data, at);
    at += padded(data.length);
  }
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
  requireMagic(start);
  if (length !== bytes.length)
    throw new FormatError(`block ${id}: ${bytes.length} bytes, of ${length} told`);
  if (count === 0 || count > (length - headBytes) / orbitBytes)
    throw new FormatError(`block ${id}: ${count} orbits in ${length} bytes`);
  const sums = checksum(bytes);
  if (sumWords.some((word, k) => words[word] !== sums[k]))
    throw new FormatError(`block ${id}: the checksum is wrong; it was damaged on its way`);
  let row = headBytes / 4 + (orbitBytes / 4) * count; // of the next source
  let sources = 0;
  for (let k = 0; k < count; k++) sources += words[headBytes / 4 + (orbitBytes / 4) * k + 2];
  let at = 4 * row + sourceBytes * sources;
  if (at > length) throw new FormatError(`block ${id}: ${sources} sources in ${length} bytes`);

  function takePayload(): Payload {
    const [source, size] = [words[row], words[row + 1]];
    row += sourceBytes / 4;
    const where = `block ${id}: ${size} bytes of ${sourceName(source)}`;
    if (size > length - at) throw new FormatError(`${where} past the end`);
    const payload = bytes.subarray(at, at + size);
    const end = at + padded(size);
    if (bytes.subarray(at + size, end).some((byte) => byte !== 0))
      throw new FormatError(`${where} are cut short`);
    at = end;
    return [source, payload];
  }

  const orbits: RawOrbit[] = [];
  for (let k = 0; k < count; k++) {
    const [orbit, lumi, n] = words.subarray(headBytes / 4 + (orbitBytes / 4) * k);
    if (k > 0 && orbit <= orbits[k - 1].orbit)
      throw new FormatError(`block ${id}: orbit ${orbit} behind orbit ${orbits[k - 1].orbit}`);
    const payloads = Array.from({ length: n }, takePayload);
    orbits.push(orbitOf({ orbit, lumi }, payloads, `block ${id}: orbit ${orbit}`));
  }
  if (at !== length) throw new FormatError(`block ${id}: ${length - at} bytes too many`);
  return { run, id, orbits };
}

/** An orbit with its sources; GMT and calorimeter come first, and none comes twice. */
function orbitOf(
  { orbit, lumi }: Pick<RawOrbit, "orbit" | "lumi">,
  payloads: readonly Payload[],
  where: string,
): RawOrbit {
  const others = new Map<number, Uint8Array>();
  const raw: { gmt?: Uint8Array; calo?: Uint8Array } = {};
  let first = 0;
  for (const [source, bytes] of payloads) {
    const name = own.get(source);
    const isMisplaced = name ? others.size > 0 || source <= first : others.has(source);
    if (isMisplaced) throw new FormatError(`${where}: ${sourceName(source)} twice or out of order`);
    if (name) {
      raw[name] = bytes;
      first = source;
    } else others.set(source, bytes);
  }
  return { orbit, lumi, ...raw, ...(others.size > 0 ? { others } : {}) };
}

/** @throws FormatError for the first word of anything but a block of this version. */
function requireMagic(start: number): void {
  if (start === magic) return;
  throw new FormatError(
    (start & anyVersion) === (magic & anyVersion)
      ? `block: written as ${textOf(start)} by another version of forty, this reads ${textOf(magic)}; install the same on all machines`
      : `block: starts with 0x${start.toString(16)}; is another program there?`,
  );
}

const textOf = (word: number) =>
  String.fromCharCode(...new Uint8Array(Uint32Array.of(word).buffer));

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
