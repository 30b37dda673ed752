import type { ByteWriter } from "./write-buffer.ts";
import { type ClassInfo, classInfo, type Member } from "./write-classes.ts";

/**
 * An object to be written: its class and its members by name, those of its bases among them. What
 * is left out is 0, "", empty or null. The same object met again is written as a reference.
 */
export interface RootObject {
  readonly class: string;
  readonly [member: string]: MemberValue;
}

export type MemberValue =
  | number
  | bigint
  | string
  | boolean
  | ArrayLike<number>
  | readonly RootObject[]
  | RootObject
  | null
  | undefined;

/** fBits of every object: on the heap and not deleted. */
export const defaultBits = 0x03000000;

const newClassTag = 0xffffffff;
const classMask = 0x80000000;
/** Positions in references count from here, so that none is 0, the null pointer. */
const mapOffset = 2;

/** Writes objects as TBufferFile does. */
export interface ObjectWriter {
  /** The object itself: version and members, without class name. */
  object(value: RootObject): void;
  /** Names of the classes met, each after those it needs. */
  readonly classes: ReadonlySet<string>;
}

/**
 * An object writer on `out`. References count from the start of the record's key, which is `origin`
 * bytes before the first byte of `out`.
 */
export function objectWriter(out: ByteWriter, origin: number): ObjectWriter {
  const classes = new Set<string>();
  const written = new Map<RootObject | string, number>();
  const position = () => out.length + origin + mapOffset;

  const members = (info: ClassInfo, value: RootObject) => {
    for (const member of info.members) writeMember(member, value);
    classes.add(info.name);
  };

  /** A class with a version and a byte count of its own, unless ROOT writes it otherwise. */
  const body = (name: string, value: RootObject) => {
    if (name.startsWith("TArray")) return writeArray(name, value.fArray);
    if (name === "TObject") return writeTObject(value);
    const info = classInfo(name);
    out.counted(() => {
      // A class without a version number of its own is known by its checksum.
      const isForeign = name === "ROOT::TIOFeatures";
      out.i16(isForeign ? 0 : info.version);
      if (isForeign) out.i32(info.checksum);
      if (isCollection(name)) writeCollection(name, value);
      else members(info, value);
    });
  };

  const writeTObject = (value: RootObject) => {
    out.i16(1);
    out.i32(Number(value.fUniqueID ?? 0));
    out.i32(Number(value.fBits ?? defaultBits));
    classes.add("TObject");
  };

  const writeArray = (name: string, values: MemberValue) => {
    const list = (values ?? []) as ArrayLike<number>;
    out.i32(list.length);
    const put = name === "TArrayD" ? "f64" : name === "TArrayF" ? "f32" : "i32";
    for (let i = 0; i < list.length; i++) out[put](list[i]);
  };

  const writeCollection = (name: string, value: RootObject) => {
    const items = (value.items ?? []) as readonly RootObject[];
    writeTObject(value);
    out.text(String(value.fName ?? ""));
    out.i32(items.length);
    if (name === "TObjArray") out.i32(0);
    for (const item of items) {
      reference(item);
      if (name !== "TObjArray") out.u8(0);
    }
    for (const needed of ["TString", "TCollection", "TSeqCollection"]) classes.add(needed);
    classes.add(name);
  };

  const reference = (value: RootObject | null) => {
    const known = value === null ? 0 : written.get(value);
    if (value === null || known !== undefined) return out.i32(known ?? 0);
    const at = position();
    out.counted(() => {
      const knownClass = written.get(value.class);
      if (knownClass !== undefined) out.i32(classMask | knownClass);
      else {
        written.set(value.class, position());
        out.i32(newClassTag);
        out.zeroEnded(value.class);
      }
      written.set(value, at);
      body(value.class, value);
    });
  };

  const writeMember = (member: Member, value: RootObject) => {
    const { name, type, kind, code } = member;
    const given = value[name];
    if (kind === "base") body(name, value);
    else if (kind === "string") out.text(String(given ?? ""));
    else if (kind === "object" || kind === "any") body(type, asObject(type, given));
    else if (kind === "owned") body("TList", asObject("TList", given));
    else if (kind === "pointer") reference((given ?? null) as RootObject | null);
    else if (kind === "basic" && member.fixed === 0) put(code, (given ?? 0) as number | bigint);
    else {
      const list = (given ?? new Uint8Array(member.fixed)) as ArrayLike<number>;
      if (kind === "array") out.u8(list.length > 0 ? 1 : 0);
      for (let i = 0; i < list.length; i++) put(code % 20, list[i]);
    }
    if (kind === "string") classes.add("TString");
  };

  /** A number by its type code. */
  const put = (code: number, x: number | bigint) => {
    if (code === 16) out.i64(x);
    else if (code === 8) out.f64(Number(x));
    else if (code === 5) out.f32(Number(x));
    else if (code === 2 || code === 12) out.i16(Number(x));
    else if (code === 1 || code === 11 || code === 18) out.u8(Number(x));
    else out.i32(Number(x));
  };

  return { object: (value) => body(value.class, value), classes };
}

function isCollection(name: string): boolean {
  return name === "TList" || name === "TObjArray";
}

/** A member given as list or array, as the object it is. */
function asObject(type: string, given: MemberValue): RootObject {
  if (type.startsWith("TArray")) return { class: type, fArray: given };
  if (isCollection(type)) return { class: type, items: given };
  return (given ?? { class: type }) as RootObject;
}
