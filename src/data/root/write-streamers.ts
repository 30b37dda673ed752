import {
  baseChecksum,
  baseVersion,
  type ClassInfo,
  classInfo,
  type Member,
} from "./write-classes.ts";
import { defaultBits, type RootObject } from "./write-object.ts";

const elementClasses: Readonly<Record<Member["kind"], string>> = {
  base: "TStreamerBase",
  basic: "TStreamerBasicType",
  array: "TStreamerBasicPointer",
  string: "TStreamerString",
  object: "TStreamerObject",
  any: "TStreamerObjectAny",
  pointer: "TStreamerObjectPointer",
  owned: "TStreamerObjectPointer",
};

/** The list of streamer infos of the named classes, by which any reader can read their objects. */
export function streamerInfoList(names: Iterable<string>): RootObject {
  return { class: "TList", items: Array.from(names, (name) => streamerInfo(classInfo(name))) };
}

function streamerInfo(info: ClassInfo): RootObject {
  return {
    class: "TStreamerInfo",
    fName: info.name,
    fBits: defaultBits | 0x10000,
    fCheckSum: info.checksum,
    fClassVersion: info.version,
    fElements: {
      class: "TObjArray",
      items: info.members.map((member) => element(info, member)),
    },
  };
}

function element(info: ClassInfo, member: Member): RootObject {
  const { name, type, kind, code, size, counter } = member;
  const title = counter !== "" ? `[${counter}]` : kind === "owned" ? "->" : "";
  return {
    class: elementClasses[kind],
    fName: name,
    fTitle: title,
    fType: code,
    fSize: size,
    fTypeName: type,
    ...(kind === "base"
      ? { fBaseVersion: baseVersion(name), fMaxIndex: [0, baseChecksum(name), 0, 0, 0] }
      : {}),
    ...(kind === "array"
      ? { fCountVersion: info.version, fCountName: counter, fCountClass: info.name }
      : {}),
  };
}
