import { FormatError } from "../../base/errors.ts";
import { Reader } from "./buffer.ts";
import { type KeyHeader, readKey } from "./key.ts";
import type { ByteSource } from "./source.ts";

/** A named object of a file. */
export interface RootKey extends KeyHeader {
  /** Name with the directories before it, as "dir/name". */
  readonly path: string;
}

/** Where the list of keys of a directory lies. */
export interface Directory {
  readonly seekKeys: number;
  readonly keysBytes: number;
}

const directoryClasses = ["TDirectory", "TDirectoryFile"];
const longestRecord = 64;

/** The keys of a directory and of all below it. */
export async function readKeys(source: ByteSource, root: Directory): Promise<RootKey[]> {
  const keys: RootKey[] = [];
  const seen = new Set<number>();
  const walk = async (directory: Directory, prefix: string) => {
    if (seen.has(directory.seekKeys))
      throw new FormatError(`${source.name}: directory "${prefix}" contains itself`);
    seen.add(directory.seekKeys);
    for (const key of await readKeyList(source, directory, prefix)) {
      keys.push(key);
      if (!directoryClasses.includes(key.className)) continue;
      const at = key.seek + key.keyLength;
      const below = await readDirectory(source, at, `directory "${key.path}"`);
      if (below.seekKeys > 0) await walk(below, `${key.path}/`);
    }
  };
  await walk(root, "");
  return keys;
}

/** A directory record. @see ROOT io/io/src/TDirectoryFile.cxx, Streamer */
export async function readDirectory(
  source: ByteSource,
  offset: number,
  what: string,
): Promise<Directory> {
  const length = Math.min(longestRecord, Math.max(0, source.size - offset));
  const bytes = await source.read(offset, length);
  const reader = new Reader(bytes, { where: `${source.name}: ${what}`, offset });
  const big = reader.i16() > 1000;
  reader.skip(8); // dates
  const keysBytes = reader.i32();
  reader.skip(4 + (big ? 16 : 8)); // bytes of the name, offsets of this and its parent
  const seekKeys = big ? reader.i64() : reader.i32();
  return { keysBytes, seekKeys };
}

async function readKeyList(
  source: ByteSource,
  { seekKeys, keysBytes }: Directory,
  prefix: string,
): Promise<RootKey[]> {
  const where = `${source.name}: keys of "${prefix === "" ? "/" : prefix}"`;
  const reader = new Reader(await source.read(seekKeys, keysBytes), { where, offset: seekKeys });
  readKey(reader);
  const n = reader.count(18);
  return Array.from({ length: n }, () => {
    const key = readKey(reader);
    return { ...key, path: prefix + key.name };
  });
}
