import { describe, expect, it } from "vitest";
import { constantRate, cosine, plateau, stepDecay, warmup } from "../../src/nn/index.ts";

const at = (step: number, losses: number[] = []) => ({
  step,
  stepsPerEpoch: 10,
  totalSteps: 101,
  losses,
});

describe("schedules", () => {
  it("cosine goes from 1 over the middle to the final factor", () => {
    const rate = cosine({ final: 0.2 });
    expect([0, 50, 100, 500].map((s) => rate(at(s)))).toEqual(
      [1, 0.6, 0.2, 0.2].map((v) => expect.closeTo(v, 12)),
    );
  });

  it("warm-up rises linearly and hands over", () => {
    const rate = warmup(4, constantRate());
    expect([0, 1, 2, 3, 4, 99].map((s) => rate(at(s)))).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
    expect(warmup(4, () => 0.5)(at(1))).toBe(0.25);
  });

  it("step decay multiplies every so many epochs", () => {
    const rate = stepDecay({ epochs: 2, factor: 0.1 });
    expect([0, 19, 20, 39, 40].map((s) => rate(at(s)))).toEqual(
      [1, 1, 0.1, 0.1, 0.01].map((v) => expect.closeTo(v, 12)),
    );
  });

  it("plateau lowers after patience epochs without improvement, not below its floor", () => {
    const rate = plateau({ patience: 2, factor: 0.5, floor: 0.2 });
    const losses = [3, 2, 2, 2.5, 1, 1, 1, 1, 1, 1, 1];
    const rates = losses.map((_, n) => rate(at(0, losses.slice(0, n + 1))));
    expect(rates).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]);
  });

  it("refuse lengths that are not positive", () => {
    expect(() => warmup(0)).toThrow("warmup.steps: expected a number > 0, got 0");
  });
});
