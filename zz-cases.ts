import { compile } from "./src/compile/index.ts";
import { fromNumbers } from "./src/base/host-array.ts";
import { printGraph, type Tensor } from "./src/graph/index.ts";
import * as ops from "./src/ops/index.ts";
import { evaluate } from "./test/reference/evaluate.ts";
const f = (shape: number[], v: number[], d: any = "float32") => ops.constant(fromNumbers(d, shape, v), d);
function show(name: string, build: () => Tensor, feeds: any = {}) {
  try {
    const y = build(); let last: readonly Tensor[] = [y];
    compile({ name: "g", outputs: { y }, onPass: (_n, t) => { last = t; } });
    const a = evaluate([y], feeds)[0], b = evaluate(last, feeds)[0];
    console.log(name, a.shape, [...a.data].join(), "|", b.shape, [...b.data].join(), [...a.data].every((v, i) => Object.is(v, b.data[i])) ? "" : "DIFFERENT");
  } catch (e: any) { console.log(name, e.name, e.message); }
}
const x = ops.input("x", "float32", [4]); const X = { x: fromNumbers("float32", [4], [1, -2, 3, 0]) };
show("div by [1,1]", () => ops.div(x, f([1, 1], [2])), X);
show("-0 vs 0", () => ops.sum(ops.div(1, ops.mul(f([2], [0, 1]), ops.concat([ops.mul(x, 0), x], 0)), ) as any), X);
show("share -0", () => ops.concat([ops.div(x, f([4],[0,0,0,0])), ops.div(x, f([4],[-0,-0,-0,-0]))], 0), X);
const k = ops.input("k", "int64", [2, 3]); const K = { k: fromNumbers("int64", [2, 3], [1, 2, 3, 4, 5, 7]) };
show("int combine div", () => { const s = ops.input("s", "int64", [3]); return ops.add(ops.mul(k, s), ops.div(ops.mul(k, s), 2)); }, { ...K, s: fromNumbers("int64", [3], [3, 5, 7]) });
show("int div 0 fold", () => ops.add(k, ops.div(f([], [1], "int64"), f([], [0], "int64"))), K);
show("int big fold", () => ops.add(k, ops.mul(f([], [2 ** 52], "int64"), f([], [3], "int64"))), K);
show("i32 fold", () => ops.add(ops.cast(k, "int32"), ops.mul(f([], [2 ** 30], "int32"), f([], [2 ** 29 + 1], "int32"))), K);
show("where guard", () => { const n = ops.input("n", "float32", [3]); const z = ops.input("z", "float32", [2, 3]); return ops.where(ops.greater(n, 0), ops.mul(z, ops.div(1, n)), 0); }, { n: fromNumbers("float32", [3], [0, 1, 2]), z: fromNumbers("float32", [2, 3], [1, 2, 3, 4, 5, 6]) });
show("merge outer", () => ops.add(ops.matmul(ops.input("a", "float32", [1, 2]), ops.input("b", "float32", [2, 3])), ops.input("c", "float32", [4, 1])), { a: fromNumbers("float32", [1, 2], [1, 2]), b: fromNumbers("float32", [2, 3], [1, 2, 3, 4, 5, 6]), c: fromNumbers("float32", [4, 1], [1, 2, 3, 4]) });
show("div tiny", () => ops.div(x, 1e-40), X);
show("NaN const", () => ops.mul(x, Number.NaN), X);
show("1-x-1 broadcast", () => ops.mul(x, f([1, 1], [1])), X);
show("where 0 inf", () => ops.where(ops.greater(x, 0), ops.mul(x, Number.POSITIVE_INFINITY), 0), X);
