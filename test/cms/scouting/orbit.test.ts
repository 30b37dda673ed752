import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { createDecoder, encodeOrbit } from "../../../src/cms/scouting/decoder.ts";
import { readOrbitFile, writeOrbitFile } from "../../../src/cms/scouting/orbit.ts";
import { bmtfSector, formatOfSource } from "../../../src/cms/scouting/sources.ts";
import { contents, randomOrbit } from "./random-orbits.ts";

const rng = createRng("orbit file");
const orbits = [5, 6, 9].map((orbit) => {
  const objects = randomOrbit("gmt", rng, { blocks: 30 });
  objects.orbit = orbit;
  return objects;
});
const frames = orbits.map((objects) => ({
  orbit: objects.orbit,
  source: 1,
  payload: encodeOrbit("gmt", objects),
}));
const file = writeOrbitFile(frames, { run: 380963, lumi: 12 });

test("a file gives its orbits back, none lost and none twice", () => {
  const read = readOrbitFile(file);
  expect(read).toMatchObject({ run: 380963, lumi: 12, orbits: 3, missing: 2 });
  expect(read.frames.map(({ orbit }) => orbit)).toEqual([5, 6, 9]);
  const decoder = createDecoder("gmt");
  read.frames.forEach(({ orbit, payload }, i) => {
    expect(contents(decoder.decode(payload, undefined, orbit))).toEqual(contents(orbits[i]));
  });
  expect(writeOrbitFile(read.frames, read)).toEqual(file);
});

test("payloads share the memory of the file", () => {
  expect(readOrbitFile(file).frames[1].payload.buffer).toBe(file.buffer);
});

test("the header is that of the documents", () => {
  const view = new DataView(writeOrbitFile([], { run: 7, lumi: 8 }).buffer);
  const u32 = Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i, true).toString(16));
  expect(u32).toEqual(["5f574152", "32303030", "140020", "0", "7", "8", "20", "0"]);
});

test("what disagrees is named with its byte", () => {
  const say = (change: (view: DataView) => void, length = file.length) => {
    const bytes = file.slice(0, length);
    change(new DataView(bytes.buffer));
    return expect(() => readOrbitFile(bytes, "a.raw"));
  };
  say((v) => v.setUint8(7, 0x31)).toThrow(/byte 0: expected "RAW_0002", got "RAW_0001"/);
  say((v) => v.setUint16(10, 21, true)).toThrow("a.raw: byte 10: data type 21, expected 20");
  say((v) => v.setUint32(12, 4, true)).toThrow("a.raw: byte 12: orbit count 4, expected 3");
  say(() => {}, file.length - 4).toThrow(/byte 24: file bytes \d+, expected \d+/);
  say((v) => v.setUint16(32, 5, true)).toThrow("a.raw: byte 32: frame version 5, expected 6");
  say((v) => v.setUint32(40, 13, true)).toThrow("a.raw: byte 40: lumi 13, expected 12");
  say((v) => v.setUint32(44, 6, true)).toThrow("orbit 6 behind orbit 6; orbits must ascend");
  say((v) => v.setUint32(48, 2, true)).toThrow(/payload of 2 bytes/);
  say((v) => v.setUint32(48, 2 ** 31, true)).toThrow(/payload of 2147483648 bytes, \d+ left/);
  say(() => {}, 20).toThrow(/20 bytes, expected a header of 32/);
});

test("a bit flipped anywhere in the frames' headers is an error or another orbit number", () => {
  let at = 32;
  for (const { orbit, payload } of frames) {
    for (let bit = 0; bit < 8 * 28; bit++) {
      const bytes = file.slice();
      bytes[at + (bit >> 3)] ^= 1 << (bit & 7);
      const isFree = (bit >= 16 && bit < 32) || bit >= 8 * 20; // flags, crc, source of one frame
      try {
        const read = readOrbitFile(bytes).frames.map((f) => f.orbit);
        expect(isFree || !read.includes(orbit), `bit ${bit} of orbit ${orbit}`).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ name: "FormatError" });
      }
    }
    at += 28 + payload.length;
  }
});

test("orbits of two sources or out of order cannot be written", () => {
  expect(() => writeOrbitFile([frames[1], frames[0]], { run: 1, lumi: 1 })).toThrow(/ascending/);
  const other = { ...frames[1], source: 2 };
  expect(() => writeOrbitFile([frames[0], other], { run: 1, lumi: 1 })).toThrow(/source 2/);
});

test("source ids tell the format", () => {
  expect([1, 2, 10, 21, 22, 32, 33].map(formatOfSource)).toEqual([
    ...["gmt", "calo", "stubs", "stubs", null, "towers", null],
  ]);
  expect(bmtfSector(21)).toBe(11);
  expect(() => bmtfSector(22)).toThrow(/source 22, expected 10 to 21/);
});
