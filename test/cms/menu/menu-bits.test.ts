import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { countBits, makeBitmap, transposeBits } from "../../../src/cms/menu/menu-bits.ts";

test("transposed bits change row and column", () => {
  const rng = createRng(5);
  const words = Int32Array.from({ length: 64 }, () => rng.bits());
  const moved = words.slice();
  transposeBits(moved, 32);
  expect(moved.subarray(0, 32)).toEqual(words.subarray(0, 32));
  for (let row = 0; row < 32; row++)
    for (let bit = 0; bit < 32; bit++)
      expect((moved[32 + row] >>> bit) & 1).toBe((words[32 + bit] >>> row) & 1);
});

test("bitmaps count what they hold", () => {
  const bitmap = makeBitmap(100, (e) => e % 3 === 0);
  expect([bitmap.length, countBits(bitmap), countBits(Uint32Array.of(0xffffffff))]).toEqual([
    4, 34, 32,
  ]);
});
