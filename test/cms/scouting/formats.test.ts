import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import {
  createDecoder,
  encodeOrbit,
  type ScoutingFormat,
  scoutingFormats,
} from "../../../src/cms/scouting/decoder.ts";
import { crossingsPerOrbit, type OrbitObjects } from "../../../src/cms/scouting/orbit-objects.ts";
import { contents, randomOrbit } from "./random-orbits.ts";
import { slowDecode } from "./slow-decoder.ts";

const formats = Object.keys(scoutingFormats) as ScoutingFormat[];

/** Formats with a decoder in WebAssembly, which the plain one checks. */
const isFast = (format: ScoutingFormat) => format === "gmt" || format === "calo";
const cases = formats.flatMap((format) =>
  (isFast(format) ? [true, false] : [false]).map((fast) => [format, fast] as const),
);

describe.each(cases)("%s, in WebAssembly: %s", (format, useWebAssembly) => {
  const decoder = createDecoder(format, { useWebAssembly });

  test("decoding what was encoded gives the orbit back, and its bytes again", () => {
    for (let seed = 0; seed < 5; seed++) {
      const orbit = randomOrbit(format, createRng(seed), { blocks: seed === 0 ? 0 : 20 });
      const bytes = encodeOrbit(format, orbit);
      const back = decoder.decode(bytes);
      expect(contents(back), `seed ${seed}`).toEqual(contents(orbit));
      expect(Buffer.compare(encodeOrbit(format, back), bytes), `seed ${seed}`).toBe(0);
    }
  });

  test("every field is where a slow reader of single bits finds it", () => {
    for (let seed = 100; seed < 102; seed++) {
      const bytes = encodeOrbit(format, randomOrbit(format, createRng(seed)));
      const back: OrbitObjects = decoder.decode(bytes);
      const slow = slowDecode(format, bytes);
      for (const kind of Object.keys(back.objects).filter((k) => k !== "links")) {
        const { offsets, columns } = back.objects[kind];
        const fast = [];
        for (let bx = 1; bx <= crossingsPerOrbit; bx++)
          for (let i = offsets[bx - 1]; i < offsets[bx]; i++)
            fast.push({
              bx,
              ...Object.fromEntries(Object.entries(columns).map(([c, v]) => [c, v[i]])),
            });
        const objects = slow[kind] ?? [];
        expect(fast.length, `seed ${seed}, ${kind}`).toBe(objects.length);
        const names = Object.keys(objects[0] ?? {});
        const texts = (list: readonly Readonly<Record<string, number>>[]) =>
          list.map((object) => names.map((name) => `${name} ${object[name]}`).join(", "));
        expect(texts(fast), `seed ${seed}, ${kind}`).toEqual(texts(objects));
      }
    }
  });

  test("unaligned bytes and storage of the caller's give the same", () => {
    const orbit = randomOrbit(format, createRng(7), { blocks: 50 });
    const bytes = encodeOrbit(format, orbit);
    const shifted = new Uint8Array(bytes.length + 9);
    for (const start of [1, 2, 3, 4]) {
      shifted.set(bytes, start);
      const into = decoder.create();
      const view = shifted.subarray(start, start + bytes.length);
      expect(decoder.decode(view, into)).toBe(into);
      expect(contents(into)).toEqual(contents(orbit));
    }
  });

  test("an orbit cut anywhere is an error or ends at a block", () => {
    const bytes = encodeOrbit(format, randomOrbit(format, createRng(8), { blocks: 6 }));
    const whole = decoder.decode(bytes);
    const blocks = whole.blocks.count;
    let ends = 0;
    for (let n = 0; n <= bytes.length; n++) {
      try {
        decoder.decode(bytes.subarray(0, n));
        ends++;
      } catch (error) {
        expect(error).toMatchObject({ name: "FormatError" });
      }
    }
    expect(ends).toBe(blocks + 1);
  });

  test("more objects than there is room for are an error", () => {
    const bytes = encodeOrbit(format, randomOrbit(format, createRng(9), { blocks: 100 }));
    const small = createDecoder(format, { maxObjectsPerOrbit: 20 });
    expect(() => small.decode(bytes)).toThrow(/room for 20; raise maxObjectsPerOrbit/);
  });
});

const word = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer).getUint32(4 * at, true);
/** An orbit of words. */
const orbitOf = (...words: number[]) => new Uint8Array(Uint32Array.from(words).buffer);
const good = (12 << 19) | (10 << 10);

test("an orbit with no block has no number but the one that was given", () => {
  const { decode } = createDecoder("gmt");
  expect(decode(new Uint8Array(0)).orbit).toBe(-1);
  expect(decode(new Uint8Array(0), undefined, 77).orbit).toBe(77);
});

test("muons that are intermediate, without pt or without quality are dropped and counted", () => {
  const { decode } = createDecoder("gmt");
  const muons = [good, 0, 2 ** 31, 12 << 19, 0, 0, 10 << 10, 0, 0, good, 0, 1];
  const bytes = orbitOf((2 << 16) | 2, 5, 9, ...muons);
  const { objects, dropped, blocks } = decode(bytes);
  expect([objects.muons.offsets[4], objects.muons.offsets[5], dropped]).toEqual([0, 1, 3]);
  expect(blocks.header[0]).toBe(1); // one of the second muons is left
  expect(objects.muons.columns.extra[0]).toBe(1);
});

test("eta is two's complement at its lowest value too", () => {
  const { decode } = createDecoder("gmt");
  const bytes = orbitOf(1 << 16, 1, 9, good + 2 ** 31, 0, 256 << 13);
  const { hwEta, hwEtaAtVtx } = decode(bytes).objects.muons.columns;
  expect([hwEta[0], hwEtaAtVtx[0]]).toEqual([-256, -256]);
});

test("words without pt are dropped from lists and counted", () => {
  const { decode } = createDecoder("jets");
  const { objects, dropped } = decode(orbitOf(3, 1, 9, 5, 0, 1 << 11));
  expect([objects.jets.offsets[1], dropped]).toEqual([1, 2]);
});

test("errors tell the byte, what came and what was expected", () => {
  const gmt = createDecoder("gmt");
  const say = (...words: number[]) => expect(() => gmt.decode(orbitOf(...words), undefined, 1234));
  const first = [1 << 16, 7, 1234, good, 0, 0];
  say(...first, 9 << 16, 8, 1234).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: gmt orbit 1234: block at byte 24: 9 first and 0 second muons announced, at most 8 each]`,
  );
  say(...first, 1, 7, 1234).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: gmt orbit 1234: block at byte 24: bx 7 behind bx 7; blocks must ascend, none twice]`,
  );
  say(...first, 1, 3565, 1234).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: gmt orbit 1234: block at byte 24: bx 3565, expected 1 to 3564; is this a gmt stream?]`,
  );
  say(...first, 1, 8, 1235).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: gmt orbit 1234: block at byte 24: orbit 1235, expected 1234; split the stream by orbit]`,
  );
  say(...first, 1, 8, 1234, 0, 0).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: gmt orbit 1234: block at byte 24: 20 bytes left, the block has 24; was the orbit cut?]`,
  );
  say(...first, 1).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: gmt orbit 1234: block at byte 24: 4 bytes left, the block has 12; was the orbit cut?]`,
  );
  const nine = new Array(9).fill([good, 0, 0]).flat();
  say((8 << 16) | 1, 8, 1234, ...nine).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: gmt orbit 1234: block at byte 0: more than 8 final muons; is this a gmt stream?]`,
  );
  expect(() => gmt.decode(new Uint8Array(7))).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: gmt: the orbit has 7 bytes, expected a multiple of 4; was it cut?]`,
  );
  const towers = createDecoder("towers");
  expect(() => towers.decode(orbitOf(1, 1, 9, 0x2a010001))).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: towers orbit 9: block at byte 0: tower 0 is at ieta 42, iphi 1; expected +-1 to 41, 1 to 72]`,
  );
  const stubs = createDecoder("stubs");
  expect(() => stubs.decode(orbitOf(1, 1, 9, 1, 3 << 10))).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: stubs orbit 9: block at byte 0: stub 0 is in wheel 3, expected -2 to 2]`,
  );
  const jets = createDecoder("jets");
  expect(() => jets.decode(orbitOf(13, 1, 9))).toThrowErrorMatchingInlineSnapshot(
    `[FormatError: jets orbit 9: block at byte 0: 13 jets announced, at most 12]`,
  );
  expect(() => createDecoder("gmtt" as "gmt")).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: createDecoder: no format "gmtt"; did you mean "gmt"?]`,
  );
});

test("after an error the orbit is empty", () => {
  const { decode, create } = createDecoder("gmt");
  const into = create();
  decode(orbitOf(1 << 16, 7, 9, good, 0, 0), into);
  expect(into.objects.muons.offsets[7]).toBe(1);
  expect(() => decode(orbitOf(1 << 16, 7, 9, good, 0, 0, 5), into)).toThrow(/bytes left/);
  expect([into.blocks.count, into.objects.muons.offsets[7], into.orbit]).toEqual([0, 0, -1]);
});

test("the GMT block is that of the documents, word for word", () => {
  const gmt = createDecoder("gmt").create();
  const { columns, offsets } = gmt.objects.muons;
  Object.assign(gmt, { orbit: 0x123456 });
  gmt.blocks.count = 1;
  gmt.blocks.bx[0] = 3564;
  offsets[3564] = 1;
  const values = { hwPhiAtVtx: 575, hwPt: 3, hwQual: 12, hwEtaAtVtx: -1, hwCharge: 1 };
  for (const [name, value] of Object.entries(values)) columns[name as "hwPt"][0] = value;
  Object.assign(columns.tfMuonIndex, [35]);
  Object.assign(columns.hwEta, [-2]);
  const bytes = encodeOrbit("gmt", gmt);
  const words = Array.from({ length: 6 }, (_, i) => word(bytes, i).toString(16));
  expect(words).toEqual(["10000", "dec", "123456", "ffe00e3f", "234", "3fc000"]);
});
