import { ConfigError } from "../../base/errors.ts";
import type { RootColumn } from "./column.ts";
import { type Basket, type BasketMaker, basketMaker, basketTail } from "./write-basket.ts";
import { packed } from "./write-compress.ts";
import type { Directory, FileLayout, Place } from "./write-file.ts";
import type { RootObject } from "./write-object.ts";
import { checkedColumns, innerSize, leafTypes, type RootField } from "./write-schema.ts";

/** Settings of a tree. */
export interface TreeOptions {
  /** Title of the tree; default its name. */
  readonly title?: string | undefined;
  /** Bytes of a basket before compression. Default 256 KiB. */
  readonly basketBytes?: number | undefined;
  /** Most entries of a basket. Default unlimited. */
  readonly basketEntries?: number | undefined;
}

/** What is known of a branch while it is written. */
interface Branch {
  readonly field: RootField;
  readonly maker: BasketMaker;
  readonly baskets: (Place & Pick<Basket, "firstEntry" | "entries">)[];
  /** Bytes with keys, before and after compression. */
  totalBytes: number;
  storedBytes: number;
}

interface Waiting {
  readonly branch: Branch;
  readonly basket: Basket;
  readonly bytes: Promise<Uint8Array>;
}

/** Baskets that are compressed at a time, in the threads of the compressor where it has any. */
const atOnce = 8;
const largestLimit = 1e9;

/** The branches and baskets of one tree in a file. */
export class TreeLayout {
  /** Entries appended so far. */
  entries = 0;
  private readonly file: FileLayout;
  private readonly directory: Directory;
  private readonly name: string;
  private readonly title: string;
  private readonly basketBytes: number;
  private readonly fields: readonly RootField[];
  private readonly branches: readonly Branch[];
  private waiting: Waiting[] = [];

  /** `fields` as `checkedSchema` gives them. */
  constructor(
    file: FileLayout,
    directory: Directory,
    name: string,
    fields: readonly RootField[],
    options: TreeOptions,
  ) {
    const { title = name, basketBytes = 1 << 18, basketEntries = 2 ** 31 - 1 } = options;
    for (const [what, n] of Object.entries({ basketBytes, basketEntries }))
      if (!(Number.isInteger(n) && n > 0 && (what === "basketEntries" || n <= largestLimit)))
        throw new ConfigError(`tree "${name}": ${what}: expected an integer from 1 on, got ${n}`);
    this.file = file;
    this.directory = directory;
    this.name = name;
    this.title = title;
    this.basketBytes = basketBytes;
    this.fields = fields;
    const limits = { bytes: basketBytes, entries: basketEntries };
    this.branches = fields.map((field) => ({
      field,
      maker: basketMaker(field, file.basketKeyLength(this.key(field), basketTail), limits),
      baskets: [],
      totalBytes: 0,
      storedBytes: 0,
    }));
  }

  /** Adds entries; `DataError` where the columns do not fit the schema. */
  async append(given: readonly RootColumn[]): Promise<void> {
    const { rows, columns } = checkedColumns(`tree "${this.name}"`, this.fields, given);
    for (const [i, branch] of this.branches.entries())
      for (const basket of branch.maker.add(columns[i])) await this.send(branch, basket);
    await this.drain();
    this.entries += rows;
  }

  /** Writes what is left and the tree itself. */
  async finish(): Promise<void> {
    for (const branch of this.branches) {
      const basket = branch.maker.rest();
      if (basket !== null) await this.send(branch, basket);
    }
    await this.drain();
    await this.file.object(this.tree(), this.directory, this.name, this.title);
  }

  private key({ name }: RootField) {
    return { className: "TBasket", name, title: this.name };
  }

  private async send(branch: Branch, basket: Basket): Promise<void> {
    this.waiting.push({ branch, basket, bytes: packed(basket.bytes, this.file.codec) });
    if (this.waiting.length >= atOnce) await this.drain();
  }

  private async drain(): Promise<void> {
    const { waiting } = this;
    this.waiting = [];
    const all = await Promise.all(waiting.map(({ bytes }) => bytes));
    for (const [i, { branch, basket }] of waiting.entries()) {
      const { firstEntry, entries, bytes, tail } = basket;
      const cycle = branch.baskets.length & 0x7fff;
      const record = { ...this.key(branch.field), directory: this.directory.at, cycle };
      const place = await this.file.basket(record, tail, all[i], bytes.length);
      branch.baskets.push({ ...place, firstEntry, entries });
      branch.totalBytes += bytes.length + place.bytes - all[i].length;
      branch.storedBytes += place.bytes;
    }
  }

  private tree(): RootObject {
    const counted = new Map<string, number>();
    for (const { field, maker } of this.branches)
      if (field.counter !== undefined)
        counted.set(field.counter, Math.max(counted.get(field.counter) ?? 0, maker.longest));
    const leaves = new Map<string, RootObject>();
    for (const { field, maker } of this.branches)
      leaves.set(field.name, leafObject(field, maker.longest, counted.get(field.name), leaves));
    const sum = (of: (branch: Branch) => number) => this.branches.reduce((n, b) => n + of(b), 0);
    const storedBytes = sum((b) => b.storedBytes);
    return {
      class: "TTree",
      fName: this.name,
      fTitle: this.title,
      ...style,
      fEntries: this.entries,
      fTotBytes: sum((b) => b.totalBytes),
      fZipBytes: storedBytes,
      fFlushedBytes: storedBytes,
      fWeight: 1,
      fScanField: 25,
      fDefaultEntryOffsetLen: 1000,
      fMaxEntries: 1e12,
      fMaxEntryLoop: 1e12,
      fAutoSave: -300_000_000,
      fAutoFlush: -30_000_000,
      fEstimate: 1_000_000,
      fBranches: this.branches.map((b) => this.branchObject(b, leaves.get(b.field.name)!)),
      fLeaves: [...leaves.values()],
    };
  }

  private branchObject(branch: Branch, leaf: RootObject): RootObject {
    const { field, baskets, totalBytes, storedBytes } = branch;
    // ROOT finds the basket of an entry by the first entries, up to that of the basket to come.
    const slots = Math.max(10, baskets.length + 1);
    const table = (values: number[]) => Object.assign(new Array<number>(slots).fill(0), values);
    const { letter } = leafTypes[field.type];
    return {
      class: "TBranch",
      fName: field.name,
      fTitle: `${leaf.fTitle}/${letter}`,
      // kDoNotUseBufferMap: basic types hold no references.
      fBits: 0x03400000,
      fFillStyle: 1001,
      fCompress: this.file.codec?.setting ?? 0,
      fBasketSize: this.basketBytes,
      fEntryOffsetLen: field.counter !== undefined || field.type === "string" ? 1000 : 0,
      fWriteBasket: baskets.length,
      fEntryNumber: this.entries,
      fMaxBaskets: slots,
      fEntries: this.entries,
      fTotBytes: totalBytes,
      fZipBytes: storedBytes,
      fLeaves: [leaf],
      fBasketBytes: table(baskets.map((b) => b.bytes)),
      fBasketEntry: table([...baskets.map((b) => b.firstEntry), this.entries]),
      fBasketSeek: table(baskets.map((b) => b.at)),
    };
  }
}

/** Line, fill and marker as new trees have them. */
const style = {
  fLineColor: 602,
  fLineStyle: 1,
  fLineWidth: 1,
  fFillStyle: 1001,
  fMarkerColor: 1,
  fMarkerStyle: 1,
  fMarkerSize: 1,
};

/** The leaf of a branch; `most` is the largest count of a branch that counts, else undefined. */
function leafObject(
  field: RootField,
  longest: number,
  most: number | undefined,
  leaves: ReadonlyMap<string, RootObject>,
): RootObject {
  const { name, type, inner = [], counter } = field;
  const { leaf, letter, bytes } = leafTypes[type];
  const dims = [...(counter === undefined ? [] : [counter]), ...inner];
  const isText = type === "string";
  return {
    class: leaf,
    fName: name,
    fTitle: name + dims.map((d) => `[${d}]`).join(""),
    fLen: isText ? Math.max(1, longest) : innerSize(field),
    fLenType: bytes,
    fIsRange: most !== undefined,
    fIsUnsigned: letter !== letter.toUpperCase(),
    fLeafCount: counter === undefined ? null : leaves.get(counter),
    fMaximum: most ?? (isText ? Math.max(1, longest) : 0),
  };
}
