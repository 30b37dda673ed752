import type { FloatAffine, FloatNode, FloatPick } from "../network.ts";
import { readsOf, withReads } from "./draft.ts";

type Affine = FloatAffine & { readonly output: string; readonly layer: string };

/** A lane of a vector that no pick made. */
interface Source {
  readonly vector: string;
  readonly lane: number;
}

/**
 * Rows of one layer that became products of their own, because each went another way, as one matrix
 * again: they read nearly the same lanes, and logic shares terms between the rows of a matrix. Rows
 * that correct an input of the network stay apart from rows that do not: they need other formats.
 */
export function mergeSiblings(nodes: readonly FloatNode[], outputs: Iterable<string>): FloatNode[] {
  const kept = new Set(outputs);
  const byName = new Map(nodes.map((node) => [node.output, node]));
  const groups = new Map<string, Affine[]>();
  for (const node of nodes) {
    if (node.op !== "affine" || !isPlain(node)) continue;
    const reads = sourcesOf(node, byName).some(({ vector }) => !byName.has(vector));
    const key = `${node.layer} ${reads}`;
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  let result = [...nodes];
  for (const rows of groups.values()) {
    const [first] = rows;
    const mine = new Set(sourcesOf(first, byName).map(keyOf));
    const alike = rows.filter((row) => isAlike(mine, sourcesOf(row, byName).map(keyOf)));
    if (alike.length < 2 || dependOnEachOther(alike, byName)) continue;
    result = withoutUnused(
      result.filter((node) => !alike.includes(node as Affine)),
      [...kept, ...alike.flatMap((row) => sourcesOf(row, byName).map(({ vector }) => vector))],
    );
    const taken = new Set([...result, ...alike].map((node) => node.output));
    const merged = merge(alike, byName, taken);
    const rename = (name: string) => merged.renamed.get(name) ?? name;
    result = [...result.map((node) => withReads(node, rename)), ...merged.nodes];
  }
  return result;
}

/** Nodes that something reads. */
function withoutUnused(nodes: readonly FloatNode[], outputs: readonly string[]): FloatNode[] {
  const used = new Set([...outputs, ...nodes.flatMap(readsOf)]);
  const left = nodes.filter((node) => used.has(node.output));
  return left.length === nodes.length ? left : withoutUnused(left, outputs);
}

const keyOf = ({ vector, lane }: Source) => `${vector}:${lane}`;

const isPlain = ({ weightFormats, biasFormats, gather, columns }: FloatAffine) =>
  !weightFormats && !biasFormats && (!gather || gather.length === columns);

/** True where two sets of lanes share more than half of each. */
function isAlike(mine: ReadonlySet<string>, others: readonly string[]): boolean {
  const shared = others.filter((key) => mine.has(key)).length;
  return 2 * shared > Math.max(mine.size, others.length);
}

/** Lanes behind the columns of a product. */
function sourcesOf(
  { input, columns, gather }: FloatAffine,
  byName: ReadonlyMap<string, FloatNode>,
): Source[] {
  return Array.from({ length: columns }, (_, c) => {
    let vector = input;
    let lane = gather ? gather[c] : c;
    for (let node = byName.get(vector); node?.op === "pick"; node = byName.get(vector)) {
      const [which, inner] = (node as FloatPick).lanes[lane];
      vector = node.inputs[which];
      lane = inner;
    }
    return { vector, lane };
  });
}

function dependOnEachOther(rows: readonly Affine[], byName: ReadonlyMap<string, FloatNode>) {
  const own = new Set(rows.map((row) => row.output));
  const seen = new Set<string>();
  const waiting = rows.flatMap((row) => [...readsOf(row)]);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (own.has(name)) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    const node = byName.get(name);
    if (node) waiting.push(...readsOf(node));
  }
  return false;
}

/** The matrix, what it reads, and its rows under names of their own. */
function merge(
  parts: readonly Affine[],
  byName: ReadonlyMap<string, FloatNode>,
  taken: ReadonlySet<string>,
) {
  const sources = parts.map((part) => sourcesOf(part, byName));
  const all = new Map(sources.flat().map((source) => [keyOf(source), source]));
  const vectors = [...new Set([...all.values()].map((source) => source.vector))];
  const place = ({ vector, lane }: Source) => vectors.indexOf(vector) * 2 ** 32 + lane;
  const columns = [...all.values()].sort((a, b) => place(a) - place(b));
  const columnOf = new Map(columns.map((source, c) => [keyOf(source), c]));
  const width = columns.length;
  const rows = parts.reduce((n, part) => n + part.rows, 0);
  const weights = new Float64Array(rows * width);
  const bias = new Float64Array(rows);
  const free = (base: string): string => (taken.has(base) ? free(`${base}_all`) : base);
  const [{ output, layer }] = parts;
  const nodes: FloatNode[] = [];
  const renamed = new Map<string, string>();
  let start = 0;
  parts.forEach((part, k) => {
    for (let r = 0; r < part.rows; r++) {
      bias[start + r] = part.bias[r];
      sources[k].forEach((source, c) => {
        weights[(start + r) * width + columnOf.get(keyOf(source))!] +=
          part.weights[r * part.columns + c];
      });
    }
    const name = k === 0 ? free(`${output}_1`) : part.output;
    const lanes = Array.from({ length: part.rows }, (_, r) => [0, start + r] as const);
    nodes.push({ op: "pick", inputs: [output], lanes, layer, output: name });
    renamed.set(part.output, name);
    start += part.rows;
  });
  const isOne = vectors.length === 1;
  const input = isOne ? vectors[0] : free(`${output}_in`);
  if (!isOne) {
    const lanes = columns.map(({ vector, lane }) => [vectors.indexOf(vector), lane] as const);
    nodes.push({ op: "pick", inputs: vectors, lanes, layer, output: input });
  }
  const gather = isOne ? Int32Array.from(columns, ({ lane }) => lane) : null;
  nodes.push({
    op: "affine",
    input,
    rows,
    columns: width,
    weights,
    bias,
    gather,
    weightFormats: null,
    biasFormats: null,
    output,
    layer,
  });
  return { nodes, renamed };
}
