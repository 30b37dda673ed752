import { describe, expect, it } from "vitest";
import { float32, zerosHost } from "../../src/base/host-array.ts";
import { toposort } from "../../src/graph/index.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
  layoutOf,
  leaf,
  leaves,
  pack,
  treeOf,
  unpack,
} from "../../src/nn/index.ts";
import { stack } from "../../src/nn/stack.ts";
import { add, concat, constant, mul, relu, reshape, split } from "../../src/ops/index.ts";
import { evaluate, normals } from "./support.ts";

const tree = {
  0: { weight: normals(1, [2, 3]), bias: normals(2, [3]) },
  10: { gamma: normals(3, [1]) },
  2: { weight: normals(4, [3, 1]) },
};

describe("trees", () => {
  it("list leaves by path, integer keys in numeric order, and are rebuilt from the list", () => {
    expect(leaves(tree).map(([path]) => path)).toEqual([
      "0.weight",
      "0.bias",
      "2.weight",
      "10.gamma",
    ]);
    expect(treeOf(leaves(tree))).toEqual(tree);
  });

  it("name what is there when a leaf is missing", () => {
    expect(() => leaf(tree[0], "kernel")).toThrow(
      'variables: no "kernel" here; there are: weight, bias',
    );
  });
});

describe("layouts", () => {
  it("pack and unpack to the same values, at any offset and in either order", () => {
    for (const order of ["tree", "name"] as const) {
      const layout = layoutOf(tree, order);
      expect(layout.size).toBe(13);
      const flat = new Float32Array(20);
      pack(layout, tree, flat, 5);
      expect(unpack(layout, flat, 5)).toEqual(
        order === "tree" ? tree : expect.objectContaining(tree),
      );
    }
    const names = layoutOf(tree, "name").entries.map((e) => e.path);
    expect(names).toEqual(["0.bias", "10.gamma", "0.weight", "2.weight"]);
  });

  it("refuse leaves of another shape or dtype", () => {
    const layout = layoutOf(tree);
    const wrong = { ...tree, 2: { weight: normals(4, [3, 2]) } };
    expect(() => pack(layout, wrong, new Float32Array(13))).toThrow(
      'layout: "2.weight" must be [3, 1], got [3, 2]',
    );
    expect(() => layoutOf({ a: zerosHost("int64", [1]) })).toThrow('layout: "a" is int64');
  });
});

describe("stack", () => {
  const x = constant(normals(5, [12]));
  const [a, b, c] = split(x, [3, 4, 5], 0);
  const column = (seed: number, n: number) => reshape(constant(normals(seed, [n, 1])), [n]);

  it("computes what concat does with fewer nodes", async () => {
    const cases = [
      [a, b, c].map((t) => add(mul(t, 0.9), 1)),
      [a, b, c].map((t, i) => add(mul(t, 0.9), mul(column(i, t.shape[0] as number), 0.1))),
      [mul(a, 2), mul(b, 3), mul(c, 3)],
      [relu(a), column(7, 2), column(8, 3), relu(b), relu(a)],
      [c, b, a],
      [a, c],
    ];
    for (const pieces of cases) {
      const got = await evaluate({ stacked: stack(pieces), plain: concat(pieces, 0) });
      expect(got.stacked).toEqual(got.plain);
    }
    expect(toposort([stack(cases[0])]).length).toBeLessThan(
      toposort([concat(cases[0], 0)]).length - 3,
    );
  });

  it("drops a split that is joined again", () => {
    expect(stack([a, b, c])).toBe(x);
  });
});

describe("checkpoints", () => {
  const checkpoint = {
    fingerprint: "0123",
    epoch: 3,
    batch: 7,
    steps: 100,
    lossSum: 0.1,
    weightSum: 3,
    history: [{ epoch: 0, loss: 1 / 3, validationLoss: null, lr: 1e-3 }],
    best: { epoch: 1, loss: 0.25 },
    state: float32([1, 2, 3]).data as Float32Array,
    bestState: float32([4, 5, 6]).data as Float32Array,
  };

  it("come back from bytes as they were, at any alignment", () => {
    const bytes = encodeCheckpoint(checkpoint);
    expect(decodeCheckpoint(bytes)).toEqual(checkpoint);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeCheckpoint(shifted.subarray(1))).toEqual(checkpoint);
    const plain = { ...checkpoint, bestState: null };
    expect(decodeCheckpoint(encodeCheckpoint(plain))).toEqual(plain);
  });

  it("are refused when cut off or of another kind", () => {
    const bytes = encodeCheckpoint(checkpoint);
    expect(() => decodeCheckpoint(bytes.subarray(0, -1))).toThrow(/is it cut off\?/);
    expect(() => decodeCheckpoint(new Uint8Array(50))).toThrow("checkpoint: bad header");
  });
});
