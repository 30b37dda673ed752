import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const dayMs = 86_400_000;

/**
 * The folder `.cache/KIND/NAME`, made by `build(folder)` where it is not there, whole or not at all;
 * others may be making it too. Those of a kind that nobody used for a day are removed.
 */
export async function cachedFolder(kind, name, build) {
  const all = join(dirname(dirname(fileURLToPath(import.meta.url))), ".cache", kind);
  const folder = join(all, name);
  if (!existsSync(folder)) {
    const beside = `${folder}.${process.pid}-${performance.now()}.tmp`; // renamed when whole
    mkdirSync(beside, { recursive: true });
    await build(beside);
    try {
      renameSync(beside, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error; // else another was first
      rmSync(beside, { recursive: true, force: true });
    }
  }
  utimesSync(folder, new Date(), new Date()); // in use
  for (const old of readdirSync(all)) {
    const info = statSync(join(all, old), { throwIfNoEntry: false });
    if (info && Date.now() - info.mtimeMs > dayMs)
      rmSync(join(all, old), { recursive: true, force: true });
  }
  return folder;
}
