import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBlock, encodeBlock } from "../../../../src/tasks/scout/broker/block-code.ts";
import type { OrbitBlock } from "../../../../src/tasks/scout/orbit/block.ts";
import { blockOfOrbits, orbitsOf } from "../samples.ts";

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const payload = fc.uint8Array({ maxLength: 41 });
/** Stubs, calorimeter over TCP, towers, and what no one knows; 1 and 2 are GMT and calorimeter. */
const otherSource = fc.oneof(
  fc.integer({ min: 3, max: 40 }),
  uint32.filter((id) => id > 2),
  fc.constant(0),
);
const others = fc
  .uniqueArray(fc.tuple(otherSource, payload), {
    minLength: 1,
    maxLength: 5,
    selector: ([id]) => id,
  })
  .map((list) => new Map(list));
const blocks: fc.Arbitrary<OrbitBlock> = fc.record({
  ...{ run: uint32, id: uint32 },
  orbits: fc
    .uniqueArray(
      fc.record(
        { orbit: uint32, lumi: uint32, gmt: payload, calo: payload, others },
        { requiredKeys: ["orbit", "lumi"] },
      ),
      { minLength: 1, maxLength: 6, selector: ({ orbit }) => orbit },
    )
    .map((orbits) => orbits.sort((a, b) => a.orbit - b.orbit)),
});

test("a block comes back as it was, with or without any source, empty payloads too", () => {
  fc.assert(
    fc.property(blocks, (block) => {
      const decoded = decodeBlock(encodeBlock(block));
      expect(decoded).toEqual(block);
      const orders = ({ orbits }: OrbitBlock) => orbits.map((o) => [...(o.others?.keys() ?? [])]);
      expect(orders(decoded), "sources in their order").toEqual(orders(block));
    }),
    { seed: 7 },
  );
});

test("a block of simulated orbits comes back from the midst of a larger buffer", () => {
  const block = blockOfOrbits(orbitsOf(3, { calo: true }), { calo: true });
  const bytes = encodeBlock(block);
  const larger = new Uint8Array(bytes.length + 9);
  larger.set(bytes, 3);
  const within = Buffer.from(larger.buffer).subarray(3, 3 + bytes.length); // as sockets give it
  const decoded = decodeBlock(within);
  expect(Buffer.compare(encodeBlock(decoded), bytes)).toBe(0);
  expect(Buffer.compare(decoded.orbits[2].calo!, block.orbits[2].calo!)).toBe(0);
});

/** Small, so that mutations hit every field. */
const few: OrbitBlock["orbits"] = [
  { orbit: 10, lumi: 1, gmt: Uint8Array.of(1, 2, 3, 4), calo: Uint8Array.of(5) },
  { orbit: 11, lumi: 1, calo: Uint8Array.of(6, 7, 8, 9, 10, 11, 12, 13) },
  { orbit: 12, lumi: 1, others: new Map([10, 32].map((id) => [id, Uint8Array.of(id, 1, 2)])) },
];

test("mutated blocks are refused with an error of ours, or were not changed", () => {
  const bytes = encodeBlock({ run: 1, id: 2, orbits: few });
  let [refused, tries] = [0, 0];
  const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) });
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(bytes.length)),
      (changes, cut) => {
        const mutated = bytes.slice(0, cut ?? undefined);
        for (const { at, to } of changes) if (at < mutated.length) mutated[at] = to;
        tries++;
        try {
          decodeBlock(mutated);
          expect(Buffer.compare(mutated, bytes)).toBe(0);
        } catch (error) {
          if ((error as Error).name !== "FormatError") throw error;
          refused++;
        }
      },
    ),
    { seed: 8, numRuns: 40_000 },
  );
  expect(refused).toBeGreaterThan(0.9 * tries);
});

test("heads that lie with a right checksum are refused too", () => {
  const gmt = new Uint8Array(8).fill(1);
  const raw = { orbit: 3, lumi: 4, gmt, others: new Map([[32, gmt]]) };
  const bytes = encodeBlock({ run: 1, id: 2, orbits: [raw] });
  const words = [2, 9, 11, 13]; // numbers of orbits and sources, lengths of muons and towers
  fc.assert(
    fc.property(fc.constantFrom(...words), uint32, (word, value) => {
      const lie = signed(bytes, word, value);
      if (value === new Uint32Array(bytes.buffer)[word]) return;
      expect(() => decodeBlock(lie)).toThrow(/^block 2: /);
    }),
    { seed: 9, numRuns: 4000 },
  );
});

test.each([
  [10, 32, "towers"], // muons become a second source of towers
  [12, 1, "gmt"],
])("a source that is there twice is refused", (word, source, name) => {
  const gmt = new Uint8Array(8).fill(1);
  const raw = { orbit: 3, lumi: 4, gmt, others: new Map([[32, gmt]]) };
  const lie = signed(encodeBlock({ run: 1, id: 2, orbits: [raw] }), word, source);
  expect(() => decodeBlock(lie)).toThrow(`block 2: orbit 3: ${name} twice or out of order`);
});

test("a block of 4 GB is refused with what to do", () => {
  const gmt = new Uint8Array(2 ** 29); // nobody writes to it, so it takes no memory
  const orbits = Array.from({ length: 8 }, (_, orbit) => ({ orbit, lumi: 1, gmt }));
  expect(() => encodeBlock({ run: 1, id: 2, orbits })).toThrow(
    "broker: block 2 of 8 orbits has 4294967484 bytes, at most 4294967295 go over a broker; use a smaller blockOrbits",
  );
});

test("a block of another version is told from other bytes", () => {
  const bytes = encodeBlock({ run: 1, id: 2, orbits: few });
  bytes[3] = "1".charCodeAt(0);
  expect(() => decodeBlock(bytes)).toThrow(
    "block: written as FOB1 by another version of forty, this reads FOB2; install the same on all machines",
  );
});

test.each([
  [[], "block: 0 bytes are no whole block"],
  [Array(28).fill(0), "block: starts with 0x0; is another program there?"],
])("bytes %j are refused", (bytes, message) => {
  expect(() => decodeBlock(Uint8Array.from(bytes))).toThrow(message);
});

/** With another word, and the two sums that belong to it. */
function signed(bytes: Uint8Array, word: number, value: number): Uint8Array {
  const words = new Uint32Array(bytes.slice().buffer);
  words[word] = value;
  let [a, b] = [1, 0];
  words.forEach((w, k) => {
    if (k === 5 || k === 6) return;
    a = (a + w) >>> 0;
    b = (b + a) >>> 0;
  });
  words.set([a, b], 5);
  return new Uint8Array(words.buffer);
}
