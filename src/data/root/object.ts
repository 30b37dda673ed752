import { FormatError } from "../../base/errors.ts";
import { arrays, basicBytes, basicReaders, type NumberArray } from "./basic.ts";
import type { Reader } from "./buffer.ts";
import { customClasses } from "./custom.ts";
import { parseRange, readPacked } from "./range.ts";
import { type Layout, type Member, memberType, type StreamerInfos } from "./streamer.ts";

export type { NumberArray } from "./basic.ts";

/** Values of members: 64-bit integers as numbers, counted and fixed arrays as typed arrays. */
export type RootValue = number | string | null | NumberArray | RootObject | readonly RootValue[];

/** An object as written: its members by name, those of base classes among them. */
export interface RootObject {
  readonly $class: string;
  readonly [member: string]: RootValue;
}

const newClassTag = 0xffffffff;
const classMask = 0x80000000;
const byteCountMask = 0x40000000;
/** References count from 2 bytes behind the start of the buffer. @see TBufferFile::kMapOffset */
const mapOffset = 2;
const deepest = 100;

/** Reads objects with the layouts that the file describes itself. */
export class ObjectReader {
  readonly reader: Reader;
  readonly #infos: StreamerInfos;
  readonly #known = new Map<number, string | RootObject>();
  #depth = 0;

  constructor(reader: Reader, infos: StreamerInfos) {
    this.reader = reader;
    this.#infos = infos;
  }

  /** An object of a known class, header first. Throws `FormatError` for an unknown layout. */
  object(className: string): RootObject {
    const object: Record<string, RootValue> & { $class: string } = { $class: className };
    this.into(object, className);
    return object;
  }

  /** Reads the members of a class into an object that exists already. */
  into(object: Record<string, RootValue>, className: string): void {
    const { reader } = this;
    if (++this.#depth > deepest) throw reader.error(`objects nested deeper than ${deepest}`);
    const custom = customClasses[className];
    if (custom !== undefined) custom(this, object);
    else this.#members(object, className);
    this.#depth--;
  }

  #members(object: Record<string, RootValue>, className: string): void {
    const { reader } = this;
    const { version, end } = reader.header();
    const checksum = version <= 0 ? reader.u32() : undefined; // a class without ClassDef
    const layout = this.#infos.layout(className, version, checksum);
    if (layout === null) {
      if (end === null) throw reader.error(`no layout of class ${className} version ${version}`);
      object.$unread = className;
    } else this.#fill(object, layout, end);
    reader.finish(end);
  }

  #fill(object: Record<string, RootValue>, layout: Layout, end: number | null): void {
    for (const member of layout.members) {
      if (member.type === memberType.base) this.into(object, member.name);
      else {
        const value = this.#member(member, object);
        if (value === undefined) {
          if (end === null)
            throw this.reader.error(
              `member ${layout.className}.${member.name} (${member.typeName}) is not read`,
            );
          object.$unread = `${layout.className}.${member.name}`;
          return;
        }
        object[member.name] = value;
      }
    }
  }

  /** The value of a member; undefined where this kind is not read. */
  #member(member: Member, object: Record<string, RootValue>): RootValue | undefined {
    const { type, typeName } = member;
    if (type < memberType.fixedArray) return this.#basic(type, member);
    if (type < memberType.countedArray)
      return this.#array(type - memberType.fixedArray, member.length, member);
    if (type < memberType.object) {
      if (this.reader.u8() === 0) return new Float64Array(0);
      const length = object[member.counter ?? ""];
      if (typeof length !== "number") throw this.reader.error(`no length of ${member.name}`);
      return this.#array(type - memberType.countedArray, length, member);
    }
    switch (type) {
      case memberType.tstring:
        return this.reader.string();
      case memberType.object:
      case memberType.any:
      case memberType.tobject:
      case memberType.tnamed:
      case memberType.pointerInPlace:
      case memberType.anyPointerInPlace:
        return this.object(typeName.replace("*", ""));
      case memberType.pointer:
      case memberType.anyPointer:
        return this.any();
      default:
        return undefined;
    }
  }

  #basic(type: number, member: Member): number | undefined {
    const { reader } = this;
    if (type === 9) return readPacked(reader, "Double32_t", parseRange(member.title));
    if (type === 19) return readPacked(reader, "Float16_t", parseRange(member.title));
    if (type === 15) return this.bits();
    return basicReaders[type]?.(reader);
  }

  /** TObject::fBits; a referenced object has the number of its process behind. */
  bits(): number {
    const bits = this.reader.u32();
    if ((bits & 0x10) !== 0) this.reader.skip(2);
    return bits;
  }

  #array(type: number, length: number, member: Member): NumberArray {
    const { reader } = this;
    const make = arrays[type];
    if (make === undefined) throw reader.error(`array ${member.name} of type ${type} is not read`);
    const n = reader.count(type === 9 || type === 19 ? 3 : basicBytes[type], length);
    const values = make(n);
    for (let i = 0; i < n; i++) values[i] = this.#basic(type, member) ?? 0;
    return values;
  }

  /** Basic values as they lie, a count first: TArrayD and its like. */
  counted(type: number): NumberArray {
    const n = this.reader.count(basicBytes[type]);
    const values = arrays[type](n);
    for (let i = 0; i < n; i++) values[i] = basicReaders[type](this.reader);
    return values;
  }

  /**
   * An object of any class, its class tag first; null for a null pointer. A class without layout is
   * skipped and marked with `$unread`. @see TBufferFile::ReadObjectAny and ReadClass
   */
  any(): RootObject | null {
    const { reader } = this;
    const start = reader.position;
    const first = reader.u32();
    const counted = first !== newClassTag && (first & byteCountMask) !== 0;
    const end = counted ? start + 4 + (first & ~byteCountMask) : null;
    if (end !== null && end > reader.length)
      throw reader.error(`an object said to end at byte ${end} of ${reader.length}`);
    const tagAt = reader.position;
    const tag = counted ? reader.u32() : first;
    if (tag !== newClassTag && (tag & classMask) === 0) return this.#reference(tag, end);
    const className =
      tag === newClassTag ? this.#newClass(counted ? tagAt : null) : this.#oldClass(tag);
    const object: Record<string, RootValue> & { $class: string } = { $class: className };
    this.#remember(counted ? start : null, object);
    this.into(object, className);
    reader.finish(end);
    return object;
  }

  #reference(tag: number, end: number | null): RootObject | null {
    this.reader.finish(end);
    const object = this.#known.get(tag);
    return typeof object === "object" ? object : null; // also tags of objects that were skipped
  }

  #newClass(tagAt: number | null): string {
    const className = this.reader.cstring();
    this.#remember(tagAt, className);
    return className;
  }

  #oldClass(tag: number): string {
    const className = this.#known.get((tag & ~classMask) >>> 0);
    if (typeof className !== "string")
      throw this.reader.error(`class tag ${tag} points to no class`, this.reader.position - 4);
    return className;
  }

  #remember(at: number | null, value: string | RootObject): void {
    const key = at === null ? this.#known.size + 1 : at + this.reader.keyLength + mapOffset;
    this.#known.set(key, value);
  }
}

/** A member as number. Throws `FormatError` where it is missing or something else. */
export function numberIn(object: RootObject, member: string): number {
  const value = object[member];
  if (typeof value !== "number") throw missing(object, member, "a number");
  return value;
}

/** A member as string. */
export function stringIn(object: RootObject, member: string): string {
  const value = object[member];
  if (typeof value !== "string") throw missing(object, member, "a string");
  return value;
}

/** A member as object; null where it is missing or a null pointer. */
export function objectIn(object: RootObject, member: string): RootObject | null {
  const value = object[member];
  return isObject(value) ? value : null;
}

/** A member as array of numbers. */
export function numbersIn(object: RootObject, member: string): NumberArray {
  const value = object[member];
  if (!ArrayBuffer.isView(value)) throw missing(object, member, "an array of numbers");
  return value;
}

/** The objects in a member that is a TList or TObjArray; nulls stay. */
export function itemsIn(object: RootObject, member: string): readonly (RootObject | null)[] {
  const list = objectIn(object, member);
  if (list === null) throw missing(object, member, "a list");
  return itemsOf(list);
}

/** The objects in a TList or TObjArray; nulls stay. */
export function itemsOf(list: RootObject): readonly (RootObject | null)[] {
  const { items } = list;
  if (!Array.isArray(items)) throw missing(list, "items", "a list of objects");
  return items;
}

/** Puts the place in front of errors about objects that hold something else than they should. */
export function located<T>(where: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof FormatError) || cause.message.startsWith(where)) throw cause;
    throw new FormatError(`${where}: ${cause.message}`, { cause });
  }
}

function isObject(value: RootValue | undefined): value is RootObject {
  return typeof value === "object" && value !== null && "$class" in value;
}

function missing({ $class, fName }: RootObject, member: string, kind: string): FormatError {
  const name = typeof fName === "string" ? ` "${fName}"` : "";
  return new FormatError(`${$class}${name}: member ${member} is not ${kind}; the file is corrupt`);
}
