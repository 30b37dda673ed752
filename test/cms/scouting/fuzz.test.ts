import { expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { fuzz } from "./mutate.ts";

test("20,000 mutated orbits are errors or the right data, never anything else", () => {
  const { errors, right, dropped } = fuzz(createRng("mutated orbits"), 20_000);
  expect(errors + right + dropped).toBe(20_000);
  expect(Math.min(errors, right)).toBeGreaterThan(2_000);
});
