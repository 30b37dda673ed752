import { ConfigError, FormatError } from "../../base/errors.ts";
import { makeCollection, type ObjectCollection, objectColumn } from "../objects.ts";
import {
  type BitField,
  type TestVectorObject,
  testVectorObjects,
  testVectorSums,
  type WordLayout,
} from "./test-vector-layout.ts";

/** Inputs and decisions of the global trigger, crossing by crossing. */
export interface TestVectors {
  /** Number of each crossing as written [crossings]. */
  readonly crossing: Uint32Array;
  /**
   * Objects as hardware integers under NanoAOD's names, with `slot`, their place in the line.
   * Empty words are left out, except in L1EtSum, which has `etSumType`.
   */
  readonly objects: Readonly<Record<TestVectorObject, ObjectCollection>>;
  /** External conditions [crossings, 8] and algorithms [crossings, 16], lowest bits first. */
  readonly external: Uint32Array;
  readonly algorithms: Uint32Array;
  /** Final OR [crossings]. */
  readonly finalOr: Uint8Array;
}

const kinds = Object.entries(testVectorObjects) as [TestVectorObject, WordLayout][];
const wordCount = 1 + kinds.reduce((n, [, { words }]) => n + words, 0) + 3;
const externalHalves = 8;
const algorithmHalves = 16;

/** Bit `algorithm` (0 to 511) of crossing e. */
export function hasFired(vectors: TestVectors, e: number, algorithm: number): boolean {
  if (!(Number.isInteger(algorithm) && algorithm >= 0 && algorithm < 32 * algorithmHalves))
    throw new ConfigError(`hasFired: algorithm must be an integer in [0, 511], got ${algorithm}`);
  const half = vectors.algorithms[e * algorithmHalves + (algorithm >>> 5)];
  return ((half >>> (algorithm & 31)) & 1) === 1;
}

/**
 * Global-trigger test vectors from text, one crossing a line: its number, 8 muons, 12 e/gammas,
 * 12 taus, 12 jets, 12 sums, external conditions, algorithm bits, final OR; blank separated, all
 * but the first hexadecimal. Throws `FormatError` with line and word where it is anything else.
 */
export function parseTestVectors(text: string, where = "test vectors"): TestVectors {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) throw new FormatError(`${where}: no line`);
  const n = lines.length;
  const crossing = new Uint32Array(n);
  const external = new Uint32Array(n * externalHalves);
  const algorithms = new Uint32Array(n * algorithmHalves);
  const finalOr = new Uint8Array(n);
  const builders = kinds.map(([name, layout]) => createBuilder(name, layout, n));
  for (let e = 0; e < n; e++) {
    const at = `${where}: line ${e + 1}`;
    const words = lines[e].trim().split(/\s+/);
    if (words.length !== wordCount)
      throw new FormatError(`${at}: expected ${wordCount} words, got ${words.length}`);
    if (!/^\d{1,9}$/.test(words[0]))
      throw new FormatError(`${at}: expected a crossing number, got "${words[0]}"`);
    crossing[e] = Number(words[0]);
    let w = 1;
    for (const builder of builders) {
      for (let slot = 0; slot < builder.layout.words; slot++, w++) {
        requireHex(words[w], builder.layout.digits, at, w);
        builder.add(words[w], slot);
      }
      builder.endEvent(e);
    }
    requireHex(words[w], 8 * externalHalves, at, w);
    halves(words[w++], external, e * externalHalves);
    requireHex(words[w], 8 * algorithmHalves, at, w);
    halves(words[w++], algorithms, e * algorithmHalves);
    if (words[w] !== "0" && words[w] !== "1")
      throw new FormatError(`${at}: expected final OR 0 or 1 in word ${w + 1}, got "${words[w]}"`);
    finalOr[e] = Number(words[w]);
  }
  const objects = Object.fromEntries(builders.map((b) => [b.name, b.finish()]));
  return {
    crossing,
    objects: objects as Record<TestVectorObject, ObjectCollection>,
    external,
    algorithms,
    finalOr,
  };
}

/** The text of test vectors, as `parseTestVectors` reads it; `ConfigError` for values too large. */
export function formatTestVectors(vectors: TestVectors): string {
  const n = vectors.crossing.length;
  const words = kinds.map(([name, layout]) => formatWords(name, layout, vectors.objects[name]));
  let text = "";
  for (let e = 0; e < n; e++) {
    const parts = [
      String(vectors.crossing[e]).padStart(4, "0"),
      ...words.flatMap((perEvent) => perEvent[e]),
      hexOf(vectors.external.subarray(e * externalHalves, (e + 1) * externalHalves)),
      hexOf(vectors.algorithms.subarray(e * algorithmHalves, (e + 1) * algorithmHalves)),
      String(vectors.finalOr[e]),
    ];
    text += `${parts.join(" ")}\n`;
  }
  return text;
}

/** Collects the objects of one kind; every field of every word becomes a column. */
function createBuilder(name: TestVectorObject, layout: WordLayout, events: number) {
  const values: number[][] = layout.fields.map(() => []);
  const slots: number[] = [];
  const offsets = new Uint32Array(events + 1);
  const word = new Uint32Array(layout.digits / 8);
  const isSum = name === "L1EtSum";
  return {
    name,
    layout,
    add(hex: string, slot: number): void {
      halves(hex, word, 0);
      if (!isSum && word.every((half) => half === 0)) return;
      layout.fields.forEach((field, f) => {
        values[f].push(fieldOf(word, field));
      });
      slots.push(slot);
    },
    endEvent(e: number): void {
      offsets[e + 1] = slots.length;
    },
    finish(): ObjectCollection {
      const fields = layout.fields.map(({ column }, f) => [column, Int32Array.from(values[f])]);
      const columns: Record<string, Int32Array> = Object.fromEntries(fields);
      columns.slot = Int32Array.from(slots);
      if (isSum) columns.etSumType = columns.slot.map((slot) => testVectorSums[slot]);
      return makeCollection(name, offsets, columns);
    },
  };
}

function fieldOf(word: Uint32Array, { shift, bits, isSigned }: BitField): number {
  const raw = (word[shift >>> 5] >>> (shift & 31)) & (2 ** bits - 1);
  return isSigned && raw >= 2 ** (bits - 1) ? raw - 2 ** bits : raw;
}

/** The words of all slots of all events, empty ones zero: [event][slot]. */
function formatWords(
  name: TestVectorObject,
  { words, digits, fields }: WordLayout,
  collection: ObjectCollection,
): string[][] {
  const { events, offsets } = collection;
  const columns = fields.map(({ column }) => objectColumn(collection, column, name));
  const slots = objectColumn(collection, "slot", name);
  const word = new Uint32Array(digits / 8);
  return Array.from({ length: events }, (_, e) => {
    const line = new Array<string>(words).fill("0".repeat(digits));
    for (let i = offsets[e]; i < offsets[e + 1]; i++) {
      word.fill(0);
      fields.forEach((field, f) => {
        const value = columns[f][i];
        const low = field.isSigned ? -(2 ** (field.bits - 1)) : 0;
        const high = low + 2 ** field.bits - 1;
        if (!(Number.isInteger(value) && value >= low && value <= high))
          throw new ConfigError(
            `${name}: ${field.column} is ${value} in object ${i}, outside [${low}, ${high}]`,
          );
        word[field.shift >>> 5] |= (value & (2 ** field.bits - 1)) << (field.shift & 31);
      });
      if (!(slots[i] >= 0 && slots[i] < words))
        throw new ConfigError(
          `${name}: slot is ${slots[i]} in object ${i}, outside 0 to ${words - 1}`,
        );
      line[slots[i]] = hexOf(word);
    }
    return line;
  });
}

function requireHex(word: string, digits: number, at: string, w: number): void {
  if (word.length !== digits)
    throw new FormatError(`${at}: word ${w + 1} has ${word.length} digits, expected ${digits}`);
  const bad = /[^0-9a-fA-F]/.exec(word);
  if (bad !== null)
    throw new FormatError(
      `${at}: word ${w + 1} has "${bad[0]}" at digit ${bad.index + 1}, expected hexadecimal`,
    );
}

/** 32-bit halves of a hexadecimal word, lowest first, into `out` from `from` on. */
function halves(hex: string, out: Uint32Array, from: number): void {
  for (let k = 0; 8 * k < hex.length; k++)
    out[from + k] = Number.parseInt(hex.slice(hex.length - 8 * k - 8, hex.length - 8 * k), 16);
}

function hexOf(word: Uint32Array): string {
  return Array.from(word, (half) => half.toString(16).padStart(8, "0"))
    .reverse()
    .join("");
}
