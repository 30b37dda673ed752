import { deflateSync } from "node:zlib";
import { type Checksums, loadChecksums } from "../../../src/data/root/checksum.ts";
import { block } from "./blocks.ts";

/** A field with how it is stored; column types are the codes of the specification. */
export type Node = { readonly name: string; readonly type: string } & (
  | { readonly kind: "leaf"; readonly column: Stored; readonly late?: true }
  | { readonly kind: "text"; readonly index: number }
  | { readonly kind: "list"; readonly index: number; readonly item: Node }
  | { readonly kind: "array"; readonly size: number; readonly item: Node }
  | { readonly kind: "record"; readonly members: readonly Node[] }
  | { readonly kind: "variant" }
);

interface Stored {
  readonly code: number;
  readonly bits: number;
  readonly range?: readonly [number, number];
}

/** Entries of a cluster: for each top field its values. */
export type Cluster = readonly (readonly unknown[])[];

/** Bytes to stand at `offset` in a file, and the anchor object that points to them. */
export interface WrittenNtuple {
  readonly bytes: Uint8Array;
  readonly anchor: Uint8Array;
}

interface FlatField {
  readonly node: Node;
  readonly parent: number;
  readonly late: boolean;
}

interface FlatColumn extends Stored {
  readonly field: number;
  readonly late: boolean;
}

const indexBits = (code: number) => (code === 0x0e || code === 0x1a ? 32 : 64);
const elementsPerPage = 8;

/**
 * A slow and plain writer of RNTuple 1.0, for tests: groups of clusters of values per top field.
 * Fields marked `late` have no pages in the first cluster, as if added after it.
 */
export async function writeNtuple(
  fields: readonly Node[],
  groups: readonly (readonly Cluster[])[],
  offset: number,
): Promise<WrittenNtuple> {
  const checksums = await loadChecksums();
  const out = new Bytes();
  const flat = flatten(fields);
  const put = (bytes: Uint8Array, size = bytes.length, withChecksum = false) => {
    const at = offset + out.length;
    out.raw(bytes);
    if (withChecksum) out.u64(checksums.xxh3(bytes));
    return { at, bytes: bytes.length, size };
  };
  const header = envelope(1, checksums, (e) => {
    e.u64(0).string("ntuple").string("a test").string("forty tests");
    writeParts(e, flat, false);
  });
  const headerSum = header.checksum;
  const links: (Placed & { first: number; entries: number; n: number })[] = [];
  let entry = 0;
  let isFirst = true;
  for (const clusters of groups) {
    const first = entry;
    const summaries: [number, number][] = [];
    const list = envelope(3, checksums, (e) => {
      e.u64(headerSum);
      const columnsOf = clusters.map((values) => {
        const entries = values[0].length;
        summaries.push([entry, entries]);
        entry += entries;
        const encoded = flat.columns.map((): unknown[] => []);
        fields.forEach((field, f) => {
          for (const value of values[f]) encodeValue(field, value, flat, encoded);
        });
        const skipLate = isFirst;
        isFirst = false;
        return encoded.map((elements, c) => (flat.columns[c].late && skipLate ? [] : elements));
      });
      e.list(summaries, ([from, n]) => e.record(() => e.u64(from).u64(n)));
      e.list(columnsOf, (columns) =>
        e.list(columns, (elements, c) => {
          const pages: unknown[][] = [];
          for (let i = 0; i < elements.length; i += elementsPerPage)
            pages.push(elements.slice(i, i + elementsPerPage));
          e.list(
            pages,
            (page, p) => {
              const raw = encodePage(flat.columns[c], page);
              const packed = block("ZL", deflateSync(raw), raw.length);
              const isSmaller = packed.length < raw.length;
              const { at, bytes } = put(isSmaller ? packed : raw, raw.length, p % 2 === 0);
              e.u32(p % 2 === 0 ? -page.length : page.length)
                .u32(bytes)
                .u64(at);
            },
            () => e.u64(0).u32(101),
          );
        }),
      );
    });
    links.push({ first, entries: entry - first, n: clusters.length, ...put(list.bytes) });
  }
  const footer = envelope(2, checksums, (e) => {
    e.u64(0).u64(headerSum);
    e.record(() => writeParts(e, flat, true));
    e.list(links, ({ first, entries, n, at, bytes, size }) =>
      e.record(() => e.u64(first).u64(entries).u32(n).u64(size).u32(bytes).u64(at)),
    );
  });
  const packedHeader = block("ZL", deflateSync(header.bytes), header.bytes.length);
  const head = put(packedHeader, header.bytes.length);
  const foot = put(footer.bytes);
  return { bytes: out.bytes(), anchor: anchorObject(head, foot, checksums) };
}

interface Placed {
  readonly at: number;
  readonly bytes: number;
  readonly size: number;
}

function anchorObject(head: Placed, foot: Placed, { xxh3 }: Checksums): Uint8Array {
  const anchor = new Uint8Array(78);
  const view = new DataView(anchor.buffer);
  view.setUint32(0, 0x40000000 | 66);
  view.setUint16(4, 2);
  view.setUint16(6, 1);
  const numbers = [head.at, head.bytes, head.size, foot.at, foot.bytes, foot.size, 2 ** 30];
  numbers.forEach((n, i) => {
    view.setBigUint64(14 + 8 * i, BigInt(n));
  });
  view.setBigUint64(70, xxh3(anchor.subarray(6, 70)));
  return anchor;
}

function flatten(nodes: readonly Node[]): { fields: FlatField[]; columns: FlatColumn[] } {
  const fields: FlatField[] = [];
  const columns: FlatColumn[] = [];
  const add = (node: Node, parent: number | null) => {
    const id = fields.length;
    const late = node.kind === "leaf" && node.late === true;
    fields.push({ node, parent: parent ?? id, late });
    const column = (stored: Stored) => columns.push({ ...stored, field: id, late });
    const index = (code: number) => column({ code, bits: indexBits(code) });
    if (node.kind === "leaf") column(node.column);
    if (node.kind === "text" || node.kind === "list") index(node.index);
    if (node.kind === "text") column({ code: 0x02, bits: 8 });
    if (node.kind === "variant") column({ code: 0x10, bits: 96 });
    if (node.kind === "list" || node.kind === "array") add(node.item, id);
    if (node.kind === "record") for (const member of node.members) add(member, id);
  };
  for (const node of nodes) add(node, null);
  return { fields, columns };
}

function writeParts(
  e: Bytes,
  { fields, columns }: { fields: FlatField[]; columns: FlatColumn[] },
  late: boolean,
): void {
  const roles = { leaf: 0, text: 0, array: 0, list: 1, record: 2, variant: 3 };
  e.list(
    fields.filter((field) => field.late === late),
    ({ node, parent }) =>
      e.record(() => {
        const isArray = node.kind === "array";
        e.u32(0)
          .u32(0)
          .u32(parent)
          .u16(roles[node.kind])
          .u16(isArray ? 1 : 0);
        e.string(node.name).string(node.type).string("").string("");
        if (isArray) e.u64(node.size);
      }),
  );
  e.list(
    columns.filter((column) => column.late === late),
    ({ code, bits, field, range }) =>
      e.record(() => {
        e.u16(code).u16(bits).u32(field);
        e.u16((late ? 1 : 0) | (range ? 2 : 0)).u16(0);
        if (late) e.u64(1);
        if (range) e.f64(range[0]).f64(range[1]);
      }),
  );
  e.list([], () => {}).list([], () => {});
}

/** Appends a value of a field to the elements of its columns. */
function encodeValue(
  node: Node,
  value: unknown,
  flat: { fields: FlatField[]; columns: FlatColumn[] },
  encoded: unknown[][],
): void {
  const id = flat.fields.findIndex((field) => field.node === node);
  const [first, second] = flat.columns.flatMap((column, c) => (column.field === id ? [c] : []));
  const items = value as readonly unknown[];
  const end = (n: number) => encoded[first].push(((encoded[first].at(-1) as number) ?? 0) + n);
  if (node.kind === "leaf" || node.kind === "variant") encoded[first].push(value);
  if (node.kind === "text") {
    const bytes = new TextEncoder().encode(value as string);
    end(bytes.length);
    encoded[second].push(...bytes);
  }
  if (node.kind === "list") end(items.length);
  if (node.kind === "list" || node.kind === "array")
    for (const item of items) encodeValue(node.item, item, flat, encoded);
  if (node.kind === "record")
    node.members.forEach((member, i) => {
      encodeValue(member, items[i], flat, encoded);
    });
}

/** Elements as the bytes of a page, written bit by bit. */
function encodePage({ code, bits, range }: FlatColumn, page: readonly unknown[]): Uint8Array {
  const patterns = page.map((value) => bitsOf(code, bits, value, range));
  if (code === 0x1a || code === 0x1b)
    for (let i = patterns.length - 1; i > 0; i--) patterns[i] -= patterns[i - 1];
  const out = new Uint8Array(Math.ceil((page.length * bits) / 8));
  const isSplit = code >= 0x11 && code <= 0x1b;
  patterns.forEach((pattern, i) => {
    for (let bit = 0; bit < bits; bit++) {
      if (((pattern >> BigInt(bit)) & 1n) === 0n) continue;
      const at = isSplit ? 8 * ((bit >> 3) * page.length + i) + (bit & 7) : i * bits + bit;
      out[at >> 3] |= 1 << (at & 7);
    }
  });
  return out;
}

/** The bits of an element as an unsigned integer. */
function bitsOf(
  code: number,
  bits: number,
  value: unknown,
  range: readonly [number, number] = [0, 1],
): bigint {
  const view = new DataView(new ArrayBuffer(8));
  const x = Number(value);
  switch (code) {
    case 0x10:
      return 1n << 64n;
    case 0x0b: // half precision of small powers of two only
    case 0x17:
      return BigInt((x < 0 ? 0x8000 : 0) | (x === 0 ? 0 : (Math.log2(Math.abs(x)) + 15) << 10));
    case 0x0c:
    case 0x18:
    case 0x1c:
      view.setFloat32(0, x);
      return BigInt(view.getUint32(0) >>> (32 - bits));
    case 0x0d:
    case 0x19:
      view.setFloat64(0, x);
      return view.getBigUint64(0);
    case 0x1d:
      return BigInt(Math.round(((x - range[0]) / (range[1] - range[0])) * (2 ** bits - 1)));
    case 0x11:
    case 0x13:
    case 0x15: {
      const n = BigInt(value as number | bigint);
      return n >= 0n ? 2n * n : -(2n * n + 1n);
    }
    default:
      return BigInt.asUintN(bits, BigInt(value as number | bigint));
  }
}

function envelope(
  type: number,
  { xxh3 }: Checksums,
  fill: (e: Bytes) => void,
): { bytes: Uint8Array; checksum: bigint } {
  const e = new Bytes();
  e.u64(0);
  fill(e);
  const bytes = new Uint8Array(e.length + 8);
  bytes.set(e.bytes());
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(type) | (BigInt(bytes.length) << 16n), true);
  const checksum = xxh3(bytes.subarray(0, -8));
  view.setBigUint64(bytes.length - 8, checksum, true);
  return { bytes, checksum };
}

/** Little-endian bytes with frames. */
class Bytes {
  #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }
  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
  raw(bytes: Iterable<number>): this {
    this.#bytes.push(...bytes);
    return this;
  }
  #integer(value: bigint, n: number): this {
    for (let i = 0; i < n; i++) this.#bytes.push(Number((value >> BigInt(8 * i)) & 255n));
    return this;
  }
  u16(n: number): this {
    return this.#integer(BigInt(n), 2);
  }
  u32(n: number): this {
    return this.#integer(BigInt(n), 4);
  }
  u64(n: number | bigint): this {
    return this.#integer(BigInt(n), 8);
  }
  f64(x: number): this {
    return this.raw(new Uint8Array(Float64Array.of(x).buffer));
  }
  string(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.u32(bytes.length).raw(bytes);
  }
  record(fill: () => void): this {
    return this.#frame(1n, fill);
  }
  list<T>(items: readonly T[], write: (item: T, i: number) => void, tail = () => {}): this {
    return this.#frame(-1n, () => {
      this.u32(items.length);
      items.forEach(write);
      tail();
    });
  }
  #frame(sign: bigint, fill: () => void): this {
    const start = this.#bytes.length;
    this.u64(0);
    fill();
    const size = new Bytes().u64(sign * BigInt(this.#bytes.length - start)).#bytes;
    for (let i = 0; i < 8; i++) this.#bytes[start + i] = size[i];
    return this;
  }
}
