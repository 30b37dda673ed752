import { createHash } from "node:crypto";
import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError, DataError } from "../../base/errors.ts";
import type { Fingerprint } from "../run-folder.ts";

/**
 * The files that the words of a command line mean, each once, patterns in alphabetical order. `*`
 * stands for anything within one name, also of folders; a file of that very name comes first.
 * Throws `DataError` where there is no such file or nothing matches.
 */
export async function inputFiles(words: readonly string[]): Promise<string[]> {
  const files = new Map<string, string>();
  for (const word of words) for (const file of await filesOf(word)) files.set(resolve(file), file);
  return [...files.values()];
}

async function filesOf(word: string): Promise<string[]> {
  const found = await stat(word).catch(() => null);
  if (found?.isDirectory())
    throw new DataError(`${word}: is a folder; give its files, as ${join(word, "*.root")}`);
  if (found !== null) return [word];
  if (!word.includes("*")) throw new DataError(`${word}: no such file; check the path`);
  const matching = (await expand(word)).sort();
  if (matching.length > 0) return matching;
  throw new ConfigError(`${word}: no file of that pattern; check the folder and the name`);
}

/** Paths that a pattern means, folder by folder from the top. */
async function expand(pattern: string): Promise<string[]> {
  if (!pattern.includes("*")) return (await stat(pattern).catch(() => null)) ? [pattern] : [];
  const name = new RegExp(`^${basename(pattern).split("*").map(quoted).join("[^/]*")}$`);
  const hidden = basename(pattern).startsWith(".");
  const folders = await expand(dirname(pattern));
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      const matching = names.filter((n) => name.test(n) && (hidden || !n.startsWith(".")));
      return matching.map((n) => (dirname(pattern) === "." ? n : join(folder, n)));
    }),
  );
  return lists.flat();
}

const quoted = (text: string) => text.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");

const endBytes = 1 << 20;

/**
 * Name, size and SHA-256 of the first and last MiB, where a ROOT file has its identifier, date and
 * list of contents: telling files of gigabytes apart without reading them.
 */
export async function quickFingerprint(path: string): Promise<Fingerprint> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const hash = createHash("sha256");
    const ends = size > 2 * endBytes ? [0, size - endBytes] : [0, Math.min(size, endBytes)];
    for (const position of ends) {
      const { buffer, bytesRead } = await handle.read({
        buffer: Buffer.alloc(endBytes),
        position,
      });
      hash.update(buffer.subarray(0, bytesRead));
    }
    return { file: basename(path), bytes: size, sha256: hash.digest("hex") };
  } finally {
    await handle.close();
  }
}
