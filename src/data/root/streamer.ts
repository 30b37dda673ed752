import { builtinLayouts } from "./builtin.ts";

/** Codes of member types in streamer infos. @see ROOT core/meta/inc/TVirtualStreamerInfo.h */
export const memberType = {
  base: 0,
  fixedArray: 20,
  countedArray: 40,
  object: 61,
  any: 62,
  pointerInPlace: 63,
  pointer: 64,
  tstring: 65,
  tobject: 66,
  tnamed: 67,
  anyPointerInPlace: 68,
  anyPointer: 69,
  stl: 300,
  stlString: 365,
} as const;

/** One data member or base class of a class. */
export interface Member {
  readonly name: string;
  readonly title: string;
  /** ROOT's type code; arrays add 20 (fixed) or 40 (counted). */
  readonly type: number;
  readonly typeName: string;
  /** Elements of a fixed array; 1 for a scalar. */
  readonly length: number;
  /** Member that holds the length of a counted array. */
  readonly counter: string | null;
}

/** How one version of a class is written. */
export interface Layout {
  readonly className: string;
  readonly version: number;
  readonly checksum: number;
  readonly members: readonly Member[];
}

/** Layouts of the classes in a file. */
export interface StreamerInfos {
  /** Names of the classes that the file describes itself. */
  readonly classes: readonly string[];
  /** The layout of a version of a class, by default the newest known; null where none is known. */
  layout(className: string, version?: number, checksum?: number): Layout | null;
}

/** Layouts of a file, in front of those every file takes for granted. */
export function streamerInfos(layouts: readonly Layout[]): StreamerInfos {
  const own = byClass(layouts);
  return {
    classes: [...own.keys()],
    layout(className, version, checksum) {
      const known = [...(own.get(className) ?? []), ...(builtins.get(className) ?? [])];
      if (version !== undefined && version > 0)
        return known.find((layout) => layout.version === version) ?? null;
      const same = known.find((layout) => layout.checksum === checksum);
      return same ?? known.sort((a, b) => b.version - a.version)[0] ?? null;
    },
  };
}

function byClass(layouts: readonly Layout[]): Map<string, Layout[]> {
  const groups = new Map<string, Layout[]>();
  for (const layout of layouts) {
    const group = groups.get(layout.className);
    if (group === undefined) groups.set(layout.className, [layout]);
    else group.push(layout);
  }
  return groups;
}

const basicCodes: Readonly<Record<string, number>> = {
  B: 1,
  S: 2,
  I: 3,
  F: 5,
  D: 8,
  b: 11,
  s: 12,
  i: 13,
  L: 16,
  l: 17,
  O: 18,
  str: memberType.tstring,
};

const builtins = byClass(builtinLayouts.trim().split("\n").map(parseLayout));

function parseLayout(line: string): Layout {
  const [head, members] = line.split(": ");
  const [className, version] = head.split(" ");
  return {
    className,
    version: Number(version),
    checksum: 0,
    members: members.split(" ").map(parseMember),
  };
}

function parseMember(written: string): Member {
  const [, name, size = "", typeName = ""] =
    /^((?:\w|::(?=\w*$))+)(?:\[(\w+)\])?(?::(.+))?$/.exec(written) ?? [];
  const basic = basicCodes[typeName];
  const counter = /\D/.test(size) ? size : null;
  const array =
    size === "" ? 0 : counter === null ? memberType.fixedArray : memberType.countedArray;
  const plain =
    typeName === "" ? memberType.base : typeName === "*" ? memberType.pointer : memberType.any;
  return {
    name,
    title: "",
    type: basic === undefined ? plain : basic + array,
    typeName,
    length: counter === null && size !== "" ? Number(size) : 1,
    counter,
  };
}
