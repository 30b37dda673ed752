import type { FloatAffine, FloatNode } from "../network.ts";
import { type DiagonalNode, type DraftNode, readsOf, withReads } from "./draft.ts";
import { mergeSiblings } from "./siblings.ts";

/**
 * Moves every scale and offset per lane into the matrix, exponent, period or other factor before
 * it, where nothing else reads that; what is left becomes a small affine. Drops what no output
 * needs, and orders nodes by what they read.
 * @param outputs - vectors that must exist; renamed in place where their node is merged.
 */
export function simplify(
  draft: readonly DraftNode[],
  outputs: Map<string, string>,
  widthOf: (vector: string) => number,
): FloatNode[] {
  const nodes = new Map(draft.map((node) => [node.output, node]));
  const isNeeded = () => needed(nodes, outputs);
  for (let hasChanged = true; hasChanged; ) {
    hasChanged = false;
    for (const unused of [...nodes.keys()].filter((name) => !isNeeded().has(name)))
      nodes.delete(unused);
    const uses = countUses(nodes, outputs);
    for (const node of nodes.values()) {
      if (node.op !== "diagonal" || uses.get(node.input) !== 1) continue;
      const source = nodes.get(node.input);
      const moved = source && moveInto(source, node, { nodes, uses, widthOf });
      if (!moved) continue;
      for (const changed of moved) nodes.set(changed.output, changed);
      nodes.delete(node.output);
      const rename = (name: string) => (name === node.output ? source.output : name);
      for (const [name, other] of nodes) nodes.set(name, withReads(other, rename));
      for (const [key, from] of outputs) outputs.set(key, rename(from));
      hasChanged = true;
      break;
    }
  }
  const plain = [...nodes.values()].map((node) =>
    node.op === "diagonal" ? blockDiagonal(node) : node,
  );
  const merged = mergeSiblings(plain, outputs.values()).flatMap(pickFirst);
  return ordered(new Map(merged.map((node) => [node.output, node])));
}

function needed(nodes: ReadonlyMap<string, DraftNode>, outputs: ReadonlyMap<string, string>) {
  const seen = new Set<string>();
  const waiting = [...outputs.values()];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const node = nodes.get(name);
    if (node) waiting.push(...readsOf(node));
  }
  return seen;
}

function countUses(nodes: ReadonlyMap<string, DraftNode>, outputs: ReadonlyMap<string, string>) {
  const uses = new Map<string, number>();
  const count = (name: string) => uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of nodes.values()) readsOf(node).forEach(count);
  for (const from of outputs.values()) count(from);
  return uses;
}

interface Surroundings {
  readonly nodes: ReadonlyMap<string, DraftNode>;
  readonly uses: ReadonlyMap<string, number>;
  readonly widthOf: (vector: string) => number;
}

/** The nodes that stand for `source` followed by the scale, the last under source's name; or null. */
function moveInto(
  source: DraftNode,
  node: DiagonalNode,
  { nodes, uses, widthOf }: Surroundings,
): DraftNode[] | null {
  const { scale, offset } = node;
  const isScale = offset.every((v) => v === 0) && !node.offsetFormats;
  const isPositive = scale.every((v) => v > 0);
  const isUniform = scale.every((v) => v === scale[0]);
  const before = (input: string, parts: Partial<DiagonalNode> = {}): DiagonalNode => {
    return { ...node, input, output: `${node.output}_in`, ...parts };
  };
  switch (source.op) {
    case "diagonal":
      return source.offsetFormats || node.offsetFormats
        ? null
        : [
            {
              ...source,
              scale: source.scale.map((v, i) => snap(v * scale[i])),
              offset: source.offset.map((v, i) => v * scale[i] + offset[i]),
            },
          ];
    case "affine":
      return scaledAffine(source, node);
    case "activation": {
      if (!isScale || !isPositive) return null;
      if (source.kind === "exp") {
        // c e^x = e^(x + ln c)
        const first = before(source.input, {
          scale: scale.map(() => 1),
          offset: scale.map(Math.log),
        });
        return [first, { ...source, input: first.output }];
      }
      if (source.kind !== "relu" && source.kind !== "leakyRelu") return null;
      const producer = nodes.get(source.input);
      const first = before(source.input);
      const fits =
        uses.get(source.input) === 1 && producer?.op === "affine" && scaledAffine(producer, first);
      return fits ? [first, { ...source, input: first.output }] : null;
    }
    case "modulo": {
      if (!isScale || !isPositive || !isUniform) return null;
      const first = before(source.input);
      return [first, { ...source, input: first.output, period: snap(source.period * scale[0]) }];
    }
    case "multiply": {
      if (!isScale || source.a === source.b) return null;
      for (const side of ["b", "a"] as const) {
        const producer = nodes.get(source[side]);
        if (uses.get(source[side]) !== 1 || !producer) continue;
        const width = widthOf(source[side]);
        if (width !== scale.length && !isUniform) continue;
        const isTaken =
          (producer.op === "activation" && producer.kind === "exp" && isPositive) ||
          (producer.op === "affine" && !producer.weightFormats && !producer.biasFormats) ||
          producer.op === "diagonal";
        if (!isTaken) continue;
        const first = before(source[side], {
          scale: width === scale.length ? scale : new Float64Array(width).fill(scale[0]),
          offset: new Float64Array(width),
        });
        return [first, { ...source, [side]: first.output }];
      }
      return null;
    }
    default:
      return null;
  }
}

/** scale (W x + b) + offset as one affine, where each row has one scale and the formats allow it. */
function scaledAffine(
  source: FloatAffine & { readonly output: string; readonly layer: string },
  { scale, offset, offsetFormats }: DiagonalNode,
): DraftNode[] | null {
  const { rows, columns, weights, bias, weightFormats, biasFormats } = source;
  const isShift = scale.every((v) => v === 1);
  if ((weightFormats && !isShift) || biasFormats) return null;
  if (offsetFormats && (!isShift || bias.some((v) => v !== 0))) return null;
  if (!scale.every((v, i) => v === scale[i % rows] && offset[i] === offset[i % rows])) return null;
  const formats = offsetFormats && offsetFormats.length > 1 ? offsetFormats.slice(0, rows) : null;
  return [
    {
      ...source,
      weights: isShift ? weights : weights.map((w, i) => snap(w * scale[Math.floor(i / columns)])),
      bias: bias.map((b, r) => b * scale[r] + offset[r]),
      biasFormats: formats ?? offsetFormats,
    },
  ];
}

/**
 * Products of float32 constants that should be powers of two or whole periods are off by their
 * rounding, 2^-23 each; this takes it out.
 */
export function snap(value: number): number {
  const whole = Math.round(value);
  const isNear = (to: number) => Math.abs(value - to) <= 2 ** -21 * Math.abs(to);
  if (value !== 0) {
    const power = Math.sign(value) * 2 ** Math.round(Math.log2(Math.abs(value)));
    if (isNear(power)) return power;
  }
  return whole !== 0 && Math.abs(whole) < 65536 && isNear(whole) ? whole : value;
}

/** A scale per lane as a small diagonal matrix at each position, as short as its pattern is. */
function blockDiagonal({
  input,
  scale,
  offset,
  offsetFormats,
  output,
  layer,
}: DiagonalNode): FloatNode {
  const n = scale.length;
  let rows = 1;
  while (
    rows < n &&
    (n % rows !== 0 ||
      !scale.every((v, i) => v === scale[i % rows] && offset[i] === offset[i % rows]))
  )
    rows++;
  const weights = new Float64Array(rows * rows);
  for (let r = 0; r < rows; r++) weights[r * rows + r] = scale[r];
  return {
    op: "affine",
    input,
    rows,
    columns: rows,
    weights,
    bias: offset.slice(0, rows),
    gather: rows === n ? null : Int32Array.from({ length: n }, (_, i) => i),
    weightFormats: null,
    biasFormats:
      offsetFormats && offsetFormats.length > 1 ? offsetFormats.slice(0, rows) : offsetFormats,
    output,
    layer,
  };
}

/** Nodes so that each comes after what it reads; otherwise as they were. */
function ordered(nodes: ReadonlyMap<string, FloatNode>): FloatNode[] {
  const result: FloatNode[] = [];
  const done = new Set<string>();
  const visit = (node: FloatNode) => {
    if (done.has(node.output)) return;
    done.add(node.output);
    for (const name of readsOf(node)) {
      const source = nodes.get(name);
      if (source) visit(source);
    }
    result.push(node);
  };
  for (const node of nodes.values()) visit(node);
  return result;
}

/** A product that reads some lanes once: the lanes picked, then a plain product. */
function pickFirst(node: FloatNode): FloatNode[] {
  if (node.op !== "affine" || node.gather?.length !== node.columns || node.gather.includes(-1))
    return [node];
  const output = `${node.output}_lanes`;
  const lanes = Array.from(node.gather, (lane) => [0, lane] as const);
  const { layer } = node;
  return [
    { op: "pick", inputs: [node.input], lanes, output, layer },
    { ...node, input: output, gather: null },
  ];
}
