import {
  type ElementType,
  elementByCode,
  elementByName,
  elements,
  type NumberType,
} from "./element.ts";
import { itemsIn, numberIn, objectIn, type RootObject, stringIn } from "./object.ts";
import { type PackedRange, packedBytes, parseRange } from "./range.ts";
import { memberType, type StreamerInfos } from "./streamer.ts";

/** A value as stored: a basic type, or a float packed into fewer bytes. */
export interface Stored {
  readonly type: NumberType;
  readonly bytes: number;
  readonly packed: { kind: "Float16_t" | "Double32_t"; range: PackedRange | null } | null;
}

/** How the bytes of one entry of a branch become values. */
export type EntryLayout =
  /** `count` values at `offset` of every `stride` bytes. */
  | { kind: "fixed"; stored: Stored; count: number; stride: number; offset: number }
  /** `lead` bytes, then values to the end of the entry, `count` to an item. */
  | { kind: "counted"; stored: Stored; count: number; lead: number }
  /** Object header, number of values, values; of depth 2: each value such a list itself. */
  | { kind: "vector"; stored: Stored | null; depth: 1 | 2 }
  /** Object header, then one such list after the other to the end of the entry. */
  | { kind: "lists"; stored: Stored | null }
  /** One string per entry, or several to the end of the entry. */
  | { kind: "text"; several: boolean }
  /** Status bits of objects: 4 bytes, or 6 where the object is referenced. */
  | { kind: "bits"; several: boolean };

/** One readable piece of a branch, or why it is not. */
export interface Described {
  readonly typeName: string;
  readonly type: ElementType;
  readonly inner: readonly number[];
  readonly jagged: boolean;
  readonly counter: RootObject | null;
  readonly layout: EntryLayout | string;
}

const leafTypes: Readonly<Record<string, readonly [NumberType, NumberType] | undefined>> = {
  TLeafB: ["int8", "uint8"],
  TLeafO: ["bool", "bool"],
  TLeafS: ["int16", "uint16"],
  TLeafI: ["int32", "uint32"],
  TLeafL: ["int64", "uint64"],
  TLeafG: ["int64", "uint64"],
  TLeafF: ["float32", "float32"],
  TLeafD: ["float64", "float64"],
  TLeafF16: ["float32", "float32"],
  TLeafD32: ["float64", "float64"],
};

/** The leaves of a simple branch, in the order in which their values follow in an entry. */
export function describeLeaves(leaves: readonly RootObject[]): Described[] {
  const stored = leaves.map(leafStored);
  const lengths = leaves.map((leaf) => numberIn(leaf, "fLen"));
  const simple = leaves.every((leaf, i) => stored[i] !== null && leaf.fLeafCount === null);
  const sizes = stored.map((s, i) => (s?.bytes ?? 0) * lengths[i]);
  const stride = sizes.reduce((a, b) => a + b, 0);
  return leaves.map((leaf, i) => {
    const counter = objectIn(leaf, "fLeafCount");
    const value = stored[i];
    const common = {
      typeName: leafTypeName(leaf, value),
      type: value?.type ?? ("string" as const),
      inner: axesOf(leaf),
      jagged: counter !== null,
      counter,
    };
    if (lengths[i] < 1)
      return { ...common, layout: `leaf "${leaf.fName}" of length ${lengths[i]}` };
    if (leaf.$class === "TLeafC" && leaves.length === 1)
      return { ...common, inner: [], jagged: false, layout: { kind: "text", several: false } };
    if (value === null) return { ...common, layout: `${leaf.$class} is not read` };
    if (simple) {
      const offset = sizes.slice(0, i).reduce((a, b) => a + b, 0);
      return {
        ...common,
        layout: { kind: "fixed", stored: value, count: lengths[i], stride, offset },
      };
    }
    if (leaves.length === 1)
      return { ...common, layout: { kind: "counted", stored: value, count: lengths[i], lead: 0 } };
    return { ...common, layout: "a list of leaves of varying length is not read" };
  });
}

function leafStored(leaf: RootObject): Stored | null {
  const types = leafTypes[leaf.$class];
  if (types === undefined) return null;
  const type = types[leaf.fIsUnsigned === 1 ? 1 : 0];
  if (leaf.$class === "TLeafF16") return stored(type, 19, stringIn(leaf, "fTitle"));
  if (leaf.$class === "TLeafD32") return stored(type, 9, stringIn(leaf, "fTitle"));
  return stored(type);
}

function leafTypeName(leaf: RootObject, value: Stored | null): string {
  return value === null ? (leaf.$class === "TLeafC" ? "string" : leaf.$class) : value.type;
}

function stored(type: NumberType, code = 0, title = ""): Stored {
  const kind = code === 9 ? "Double32_t" : code === 19 ? "Float16_t" : null;
  if (kind === null) return { type, bytes: elements[type].bytes, packed: null };
  const range = parseRange(title);
  return { type, bytes: packedBytes(kind, range), packed: { kind, range } };
}

/** Fixed axes of a leaf: `[3][2]` of its title, where their product is its length. */
function axesOf(leaf: RootObject): number[] {
  const length = numberIn(leaf, "fLen");
  if (length === 1) return [];
  const axes = Array.from(stringIn(leaf, "fTitle").matchAll(/\[(\d+)\]/g), (m) => Number(m[1]));
  return axes.reduce((a, b) => a * b, 1) === length ? axes : [length];
}

const collections =
  /^(?:std::|ROOT::(?:VecOps::)?)?(vector|list|deque|set|multiset|unordered_set|RVec)<(.*)>$/;

/** A `TBranchElement`: a member of a split object, a collection, or an object as a whole. */
export function describeElement(branch: RootObject, infos: StreamerInfos): Described {
  const [leaf] = itemsIn(branch, "fLeaves");
  const kind = numberIn(branch, "fType");
  const code = numberIn(branch, "fStreamerType");
  const className = stringIn(branch, "fClassName");
  const several = kind === 31 || kind === 41;
  const counter = objectIn(branch, "fBranchCount");
  const length = leaf === null || leaf === undefined ? 1 : numberIn(leaf, "fLen");
  const inner = leaf === null || leaf === undefined ? [] : axesOf(leaf);
  const title = stringIn(branch, "fTitle");
  const common = { inner: [] as number[], counter: several ? counter : null, jagged: several };
  if (kind === 3 || kind === 4) {
    const typeName = `size of ${className || stringIn(branch, "fClonesName")}`;
    const layout = {
      kind: "fixed",
      stored: stored("int32"),
      count: 1,
      stride: 4,
      offset: 0,
    } as const;
    return { ...common, typeName, type: "int32", layout };
  }
  const fixed = code > memberType.fixedArray && code < memberType.countedArray;
  const counted = code > memberType.countedArray && code < memberType.object;
  const basic = code - (fixed ? memberType.fixedArray : counted ? memberType.countedArray : 0);
  if (basic === 15 && !fixed && !counted)
    return { ...common, typeName: "bits", type: "uint32", layout: { kind: "bits", several } };
  if (length < 1)
    return { ...common, typeName: className, type: "uint8", layout: `a leaf of length ${length}` };
  const type = code < 0 ? undefined : elementByCode[basic];
  if (type !== undefined) {
    const value = stored(type, basic, title);
    const typeName = value.packed?.kind ?? type;
    if (counted) {
      const layout = several
        ? "arrays of varying length in a collection are not read"
        : ({ kind: "counted", stored: value, count: 1, lead: 1 } as const);
      return { ...common, jagged: true, counter, typeName, type, layout };
    }
    if (several)
      return {
        ...common,
        inner,
        typeName,
        type,
        layout: { kind: "counted", stored: value, count: length, lead: 0 },
      };
    const stride = value.bytes * length;
    return {
      ...common,
      inner,
      typeName,
      type,
      layout: { kind: "fixed", stored: value, count: length, stride, offset: 0 },
    };
  }
  if (code === memberType.tstring || code === memberType.stlString)
    return { ...common, typeName: "string", type: "string", layout: { kind: "text", several } };
  return { ...common, ...describeClass(classHeld(branch, code, infos), several) };
}

/** The class of what a branch holds: of the member, or of the branch where it is the object. */
function classHeld(branch: RootObject, code: number, infos: StreamerInfos): string {
  const className = stringIn(branch, "fClassName");
  if (code === -1) return className;
  const version = numberIn(branch, "fClassVersion");
  const members =
    infos.layout(className, version)?.members ??
    infos.layout(className, undefined, numberIn(branch, "fCheckSum"))?.members;
  return members?.[numberIn(branch, "fID")]?.typeName ?? className;
}

function describeClass(
  written: string,
  several: boolean,
): Pick<Described, "typeName" | "type" | "layout" | "jagged"> {
  const typeName = written.replaceAll("std::", "").replaceAll(/\s+(?=[<>,])|(?<=[<,])\s+/g, "");
  if (typeName === "string" || typeName === "TString")
    return { typeName, type: "string", layout: { kind: "text", several }, jagged: several };
  const unread = (why: string) =>
    ({ typeName, type: "uint8", layout: why, jagged: false }) as const;
  const outer = collections.exec(typeName);
  if (outer === null) return unread(`class ${typeName} is not read`);
  const item = firstArgument(outer[2]);
  const nested = collections.exec(item);
  const leaf = nested === null ? item : firstArgument(nested[2]);
  const type = elementByName[leaf];
  const packed = leaf === "Double32_t" ? 9 : leaf === "Float16_t" ? 19 : 0;
  const number = packed === 9 ? "float64" : packed === 19 ? "float32" : type;
  if (number === undefined || (several && nested !== null))
    return unread(`class ${typeName} is not read`);
  const value = number === "string" ? null : stored(number, packed);
  const layout: EntryLayout = several
    ? { kind: "lists", stored: value }
    : { kind: "vector", stored: value, depth: nested === null ? 1 : 2 };
  return { typeName, type: number, layout, jagged: true };
}

/** The first template argument: allocators and comparators behind it do not change the bytes. */
function firstArgument(list: string): string {
  let depth = 0;
  for (let i = 0; i < list.length; i++) {
    if (list[i] === "<") depth++;
    else if (list[i] === ">") depth--;
    else if (list[i] === "," && depth === 0) return list.slice(0, i).trim();
  }
  return list.trim();
}
