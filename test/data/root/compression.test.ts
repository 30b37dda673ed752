import { deflateRawSync, deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { loadChecksums } from "../../../src/data/root/checksum.ts";
import { type Codecs, loadCodecs, type Method } from "../../../src/data/root/codecs.ts";
import { webCodecs } from "../../../src/data/root/codecs-web.ts";
import { decompressBlock, decompressBlocks } from "../../../src/data/root/compression.ts";
import { unpackLz4 } from "../../../src/data/root/lz4.ts";
import { block, lz4Sample, payload, xzSample, zstdSample } from "./blocks.ts";

const samples: Readonly<Record<Method, { mark: string; data: Uint8Array }>> = {
  zlib: { mark: "ZL", data: deflateSync(payload) },
  "old zlib": { mark: "CS", data: deflateRawSync(payload) },
  lzma: { mark: "XZ", data: xzSample },
  lz4: { mark: "L4", data: await lz4Sample() },
  zstd: { mark: "ZS", data: zstdSample },
};
const methods = Object.keys(samples) as Method[];
const packed = (method: Method) =>
  block(samples[method].mark, samples[method].data, payload.length);

/** What a call throws or gives. */
async function outcome(call: () => Promise<Uint8Array>): Promise<Uint8Array | Error> {
  try {
    return await call();
  } catch (error) {
    return error as Error;
  }
}

describe.each([
  ["the decoders of this machine", await loadCodecs()],
  ["the portable decoders", webCodecs as Codecs],
])("%s", (_, codecs) => {
  test.each(methods)("unpack what other tools packed: %s", async (method) => {
    const { data } = samples[method];
    expect(await codecs[method](data, payload.length)).toEqual(payload);
    const inside = Uint8Array.of(1, 2, 3, ...data, 4).subarray(3, 3 + data.length);
    expect(await codecs[method](inside, payload.length)).toEqual(payload);
  });

  test.each(methods)("never give other than the right number of bytes: %s", async (method) => {
    const { data } = samples[method];
    for (const size of [payload.length - 1, payload.length + 1]) {
      const got = await outcome(async () => codecs[method](data, size));
      if (got instanceof Uint8Array) expect(got.length).not.toBe(size);
    }
  });
});

test("blocks one behind the other are joined, whatever their methods", async () => {
  const blocks = methods.map(packed);
  const bytes = Uint8Array.from(blocks.flatMap((b) => [...b]));
  const all = await decompressBlocks(bytes, 5 * payload.length, "file");
  expect(all).toEqual(Uint8Array.from(methods.flatMap(() => [...payload])));
});

test("bytes of the size they unpack to are stored as they are", async () => {
  expect(await decompressBlock(payload, payload.length)).toBe(payload);
});

describe("bad blocks", () => {
  const good = packed("zlib");
  const change = (at: number, value: number) => good.map((byte, i) => (i === at ? value : byte));
  const failure = (bytes: Uint8Array, size = payload.length) =>
    outcome(() => decompressBlocks(bytes, size, "a.root: pt")).then(String);

  test("an unknown method is named", async () => {
    expect(await failure(change(0, 81))).toBe(
      'FormatError: a.root: pt: unknown compression "QL" at byte 0; read are ZL, CS, XZ, L4, ZS',
    );
  });

  test("sizes that do not add up are found before anything is unpacked", async () => {
    expect(await failure(good, 301)).toContain("block header at byte");
    expect(await failure(good, 299)).toContain("to 300, expected 299");
    expect(await failure(good.subarray(0, -1))).toContain("zlib block at byte 0 ends at");
    expect(await failure(change(8, 255), 300 + 255 * 65536)).toContain("claims 16711980 bytes");
    expect(await failure(change(6, 0).map((b, i) => (i === 7 ? 0 : b)))).toContain("claims 0");
    expect(await failure(new Uint8Array(5))).toContain("is cut off");
  });

  test("corrupt data names method, block and cause", async () => {
    expect(await failure(change(9, 0))).toBe(
      "FormatError: a.root: pt: zlib block at byte 0 is corrupt: incorrect header check",
    );
    const lz4 = packed("lz4");
    lz4[30] ^= 1;
    expect(await failure(lz4)).toContain("lz4 block at byte 0 is corrupt: its checksum");
  });

  test("LZ4 sequences that leave their bounds are refused", () => {
    const unpack = (...bytes: number[]) => unpackLz4(Uint8Array.from(bytes), 20);
    expect(unpack(0x11, 65, 1, 0, 0x10, 66)).toEqual(Uint8Array.from([65, 65, 65, 65, 65, 65, 66]));
    expect(() => unpack(0x11, 65, 0, 0)).toThrow("0 back");
    expect(() => unpack(0x11, 65, 2, 0)).toThrow("2 back from 1");
    expect(() => unpack(0x1f, 65, 1, 0, 200)).toThrow("a match of 219 bytes");
    expect(() => unpack(0xf0, 255)).toThrow("ends within a length");
    expect(() => unpack(0x51, 65)).toThrow("5 literals");
    expect(() => unpack(0x11, 65, 1)).toThrow("ends within an offset");
  });
});

test("any flipped bits give a FormatError or bytes of the right size", async () => {
  const rng = createRng(3);
  let errors = 0;
  for (const method of methods) {
    const good = packed(method);
    for (let i = 0; i < 400; i++) {
      const bytes = good.slice();
      for (let k = 0; k < 2; k++) bytes[rng.integer(bytes.length)] ^= 1 << rng.integer(8);
      const got = await outcome(() => decompressBlocks(bytes, payload.length, "fuzz"));
      if (got instanceof Error) expect(got.name, String(got.stack)).toBe("FormatError");
      else expect(got.length).toBe(payload.length);
      errors += Number(got instanceof Error);
    }
  }
  expect(errors).toBeGreaterThan(1500);
});

test("checksums are those of the reference implementation", async () => {
  const { xxh3, xxh64 } = await loadChecksums();
  const abc = new TextEncoder().encode("abc");
  expect(xxh64(new Uint8Array(0))).toBe(0xef46db3751d8e999n);
  expect(xxh64(abc)).toBe(0x44bc2cf5ad770999n);
  expect(xxh3(new Uint8Array(0))).toBe(0x2d06800538d394c2n);
  expect(xxh3(abc)).toBe(0x78af5f94892f3950n);
});
