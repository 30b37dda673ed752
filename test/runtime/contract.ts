import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type DType,
  float32,
  fromNumbers,
  type HostArray,
  zerosHost,
} from "../../src/base/host-array.ts";
import { compile } from "../../src/compile/index.ts";
import * as ops from "../../src/ops/index.ts";
import type { Runtime, Session } from "../../src/runtime/index.ts";
import { failure } from "../compile/failure.ts";

/** `y` = 2 x and its sum `total`, for x [batch, 2] and an unused `z` [batch]. */
export function doubling(): Uint8Array {
  const x = ops.input("x", "float32", ["batch", 2]);
  const z = ops.input("z", "float32", ["batch"]);
  const y = ops.mul(x, 2);
  return compile({ name: "doubling", outputs: { y, total: ops.sum(y) }, inputs: [x, z] });
}

/** What every runtime does alike. @param dtypes - what its operators take. */
export function runtimeContract(runtime: Runtime, dtypes: readonly DType[]): void {
  describe(`the runtime on ${runtime.device}`, () => {
    const x = float32([1, 2, 3, 4], [2, 2]);
    const z = float32([0, 0]);
    let session: Session;
    beforeAll(async () => {
      session = await runtime.load(doubling());
    });
    afterAll(() => session.dispose());

    it("tells what a model takes and gives", () => {
      expect(session.inputs).toEqual([
        { name: "x", dtype: "float32", shape: ["batch", 2] },
        { name: "z", dtype: "float32", shape: ["batch"] },
      ]);
      expect(session.outputs).toEqual([
        { name: "y", dtype: "float32", shape: ["batch", 2] },
        { name: "total", dtype: "float32", shape: [] },
      ]);
    });

    it("runs batches of different sizes, also empty ones", async () => {
      expect(await session.run({ x, z })).toEqual({
        y: float32([2, 4, 6, 8], [2, 2]),
        total: float32([20], []),
      });
      const one = await session.run({ x: float32([5, 6], [1, 2]), z: float32([0]) });
      expect(one.y).toEqual(float32([10, 12], [1, 2]));
      const none = await session.run({ x: float32([], [0, 2]), z: float32([]) });
      expect(none).toEqual({ y: float32([], [0, 2]), total: float32([0], []) });
    });

    it("writes given outputs in place, each run anew, and no others", async () => {
      const into = { y: zerosHost("float32", [2, 2]) };
      const { data } = into.y;
      const changing = float32(Float32Array.from(x.data as Float32Array), [2, 2]);
      expect(await session.run({ x: changing, z }, into)).toBe(into);
      expect(Array.from(data as Float32Array)).toEqual([2, 4, 6, 8]);
      changing.data[0] = 7;
      await session.run({ x: changing, z }, into);
      expect(Array.from(data as Float32Array)).toEqual([14, 4, 6, 8]);
      expect(into.y.data).toBe(data);
    });

    it("passes state from run to run through two sets of arrays", async () => {
      let now = { x: float32([1, 2], [1, 2]) };
      let next = { x: zerosHost("float32", [1, 2]) };
      for (let i = 0; i < 5; i++) {
        await session.run({ x: now.x, z: float32([0]) }, { y: next.x });
        [now, next] = [next, now];
      }
      expect(Array.from(now.x.data as Float32Array)).toEqual([32, 64]);
    });

    it("says which input does not fit", async () => {
      const run = (feeds: Record<string, HostArray>) => failure(() => session.run(feeds));
      expect(
        [
          await run({ z }),
          await run({}),
          await run({ x: float32([1, 2, 3]), z }),
          await run({ x: fromNumbers("float64", [2, 2], [1, 2, 3, 4]), z }),
          await run({ x, z: float32([0, 0, 0]) }),
        ].join("\n"),
      ).toMatchInlineSnapshot(`
        "SessionError: runtime: input "x" float32 [batch, 2] is missing; given: z
        SessionError: runtime: input "x" float32 [batch, 2] is missing; given: nothing
        SessionError: runtime: input "x" float32 [batch, 2] was given float32 [3]
        SessionError: runtime: input "x" float32 [batch, 2] was given float64 [2, 2]
        SessionError: runtime: input "z" float32 [batch] with batch = 2 was given float32 [3]"
      `);
    });

    it("says which given output does not fit, and writes nothing", async () => {
      const total = zerosHost("float32", []);
      const run = (into: Record<string, HostArray>) =>
        failure(() => session.run({ x, z }, { total, ...into }));
      expect(
        [
          await run({ y: zerosHost("float32", [1, 2]) }),
          await run({ y: zerosHost("float32", [4]) }),
          await run({ y: zerosHost("int32", [2, 2]) }),
          await run({ sum: zerosHost("float32", []) }),
        ].join("\n"),
      ).toMatchInlineSnapshot(`
        "SessionError: runtime: output "y" float32 [batch, 2] with batch = 2 was given float32 [1, 2]
        SessionError: runtime: output "y" float32 [batch, 2] with batch = 2 was given float32 [4]
        SessionError: runtime: output "y" float32 [batch, 2] with batch = 2 was given int32 [2, 2]
        SessionError: runtime: the model has no output "sum"; it has: y, total"
      `);
      expect(total.data[0]).toBe(0);
    });

    it("ignores inputs that the model does not have", async () => {
      expect((await session.run({ x, z, other: z })).total.data[0]).toBe(20);
    });

    it.each(dtypes)("takes and gives %s", async (dtype) => {
      const a = ops.input("a", dtype, [3]);
      const kept = ops.where(ops.greater(ops.input("s", "float32", [3]), 0), a, a);
      const own = await runtime.load(compile({ name: "kept", outputs: { kept }, optimize: false }));
      const value = fromNumbers(dtype, [3], dtype === "bool" ? [1, 0, 1] : [1, 200, 3]);
      expect(await own.run({ a: value, s: float32([1, 0, 1]) })).toEqual({ kept: value });
      const into = { kept: zerosHost(dtype, [3]) };
      await own.run({ a: value, s: float32([1, 0, 1]) }, into);
      expect(into.kept).toEqual(value);
      await own.dispose();
    });

    it("runs sessions side by side, of one model too, and one session twice at once", async () => {
      const other = await runtime.load(doubling());
      const totals = await Promise.all(
        [session, other, other].map(async (s, i) => {
          const scaled = float32([i, i, i, i], [2, 2]);
          return (await s.run({ x: scaled, z })).total.data[0];
        }),
      );
      expect(totals).toEqual([0, 8, 16]);
      await other.dispose();
      expect((await session.run({ x, z })).total.data[0]).toBe(20);
    });

    it("gives the same bytes each time", async () => {
      const a = ops.input("a", "float32", [64, 64]);
      const y = ops.matmul(ops.tanh(a), ops.sin(a));
      const own = await runtime.load(compile({ name: "bytes", outputs: { y } }), { threads: 1 });
      const value = float32(
        Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
        [64, 64],
      );
      const [first, second] = [await own.run({ a: value }), await own.run({ a: value })];
      expect(first).toEqual(second);
      await own.dispose();
    });

    it("is done after dispose, which may be called twice", async () => {
      const own = await runtime.load(doubling());
      await own.dispose();
      await own.dispose();
      expect(await failure(() => own.run({ x, z }))).toBe(
        "SessionError: runtime: the session is disposed",
      );
    });

    it("refuses what is no model", async () => {
      const model = doubling();
      for (const bytes of [new Uint8Array(), Uint8Array.of(1, 2, 3), model.subarray(0, 99)])
        expect(await failure(() => runtime.load(bytes))).toMatch(
          `SessionError: runtime: the model does not load on ${runtime.device}: `,
        );
    });

    it("refuses a number of threads that is none", async () => {
      for (const threads of [0, -1, 1.5])
        expect(await failure(() => runtime.load(doubling(), { threads }))).toBe(
          `ConfigError: runtime.threads: expected a positive integer, got ${threads}`,
        );
    });
  });
}
