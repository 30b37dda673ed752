import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { renumberBlocks } from "../../../src/cms/scouting/blocks.ts";
import { createDecoder, encodeOrbit, scoutingFormats } from "../../../src/cms/scouting/decoder.ts";
import { writeOrbitFile } from "../../../src/cms/scouting/orbit.ts";
import { createOrbitReader } from "../../../src/cms/scouting/orbit-reader.ts";
import { largestPayload, sourceName } from "../../../src/cms/scouting/sources.ts";
import { contents, randomOrbit } from "./random-orbits.ts";

const rng = createRng("orbit reader");

/** A raw file of random payloads; the first may be empty. */
function fileOf(firstOrbit: number, lumi: number) {
  let orbit = firstOrbit;
  const frames = Array.from({ length: 1 + rng.integer(5) }, () => {
    orbit += 1 + rng.integer(3);
    const payload = Uint8Array.from({ length: 4 * rng.integer(40) }, () => rng.integer(256));
    return { orbit, source: 1, payload };
  });
  return { bytes: writeOrbitFile(frames, { run: 9, lumi }), frames, lumi };
}

test("files that come in pieces of any size give the orbits of the whole", () => {
  for (let round = 0; round < 200; round++) {
    const files = [fileOf(3, 1), fileOf(50, 1), fileOf(100, 2)];
    const bytes = Buffer.concat(files.map((file) => file.bytes));
    const reader = createOrbitReader({ where: "stream", files: true });
    const found = [];
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + 1 + rng.integer(round % 2 ? 8 : 300));
      for (const frame of reader.read(piece)) found.push(frame);
      at += piece.length;
    }
    reader.end();
    expect(reader.isBetweenFiles()).toBe(true);
    const expected = files.flatMap(({ frames, lumi }) =>
      frames.map((frame) => ({ run: 9, lumi, ...frame })),
    );
    expect(found.map((f) => ({ ...f, payload: [...f.payload] }))).toEqual(
      expected.map((f) => ({ ...f, payload: [...f.payload] })),
    );
  }
});

test("an end in the middle is told from one between files", () => {
  const { bytes, frames } = fileOf(3, 1);
  for (let length = 0; length <= bytes.length; length++) {
    const reader = createOrbitReader({ where: "s", files: true });
    const given = [...reader.read(bytes.subarray(0, length))].length;
    if (length === 0 || length === bytes.length) expect(() => reader.end()).not.toThrow();
    else expect(() => reader.end()).toThrow(/^s: byte \d+: the bytes end with \d+ orbits to come/);
    if (length >= 32) expect(reader.orbitsLeft()).toBe(frames.length - given);
  }
});

test("a mutated stream gives errors or frames, and never takes more than is allowed", () => {
  for (let round = 0; round < 500; round++) {
    const bytes = Buffer.concat([fileOf(3, 1).bytes, fileOf(90, 1).bytes]);
    for (let k = 0; k <= rng.integer(3); k++) bytes[rng.integer(bytes.length)] = rng.integer(256);
    const reader = createOrbitReader({ where: "s", files: true });
    let total = 0;
    try {
      for (const { payload, source } of reader.read(bytes)) {
        total += payload.length;
        expect(payload.length).toBeLessThanOrEqual(largestPayload(source));
      }
      reader.end();
    } catch (error) {
      expect(error).toMatchObject({ name: "FormatError" });
    }
    expect(total).toBeLessThanOrEqual(bytes.length);
  }
});

test("the largest payload of a source is one with every place taken", () => {
  const words = (format: "gmt" | "stubs" | "towers") => {
    const { headerWords, bodyWords } = scoutingFormats[format];
    const fullest = { gmt: (8 << 16) | 8, stubs: 255, towers: 82 * 72 }[format];
    return 4 * 3564 * (headerWords + bodyWords(fullest));
  };
  expect([1, 10, 32].map(largestPayload)).toEqual([words("gmt"), words("stubs"), words("towers")]);
  expect([2, 22, 29].map(largestPayload)).toEqual([3564 * 236, 3564 * 60, 3564 * 60]);
  expect([0, 3, 9, 30, 33, 99].map(largestPayload)).toEqual([0, 0, 0, 0, 0, 0]);
  expect([1, 2, 12, 23, 32, 99].map(sourceName)).toEqual([
    ...["gmt", "calo", "stubs12", "caloTcp23", "towers", "source99"],
  ]);
});

test.each(["gmt", "calo", "stubs", "towers", "jets", "sums"] as const)(
  "%s blocks with another orbit number are otherwise the same",
  (format) => {
    const objects = randomOrbit(format, rng, { blocks: 20 });
    const bytes = encodeOrbit(format, objects);
    renumberBlocks(scoutingFormats[format], new Int32Array(bytes.buffer), 12_345);
    const decoded = createDecoder(format).decode(bytes, undefined, 12_345);
    expect({ ...contents(decoded), orbit: 0 }).toEqual({ ...contents(objects), orbit: 0 });
  },
);
