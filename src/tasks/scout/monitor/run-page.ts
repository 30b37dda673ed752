import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DataError } from "../../../base/errors.ts";

/** A file of the page, held in memory: no request names a path on the disk. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** By URL path. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * The files of the page: those that were built beside this compiled file, or, from
 * TypeScript sources, those of a build in `.cache/`, made now where it is not there.
 */
export async function loadPage(): Promise<PageFiles> {
  const folder = import.meta.url.endsWith(".ts") ? await buildPage() : at("../../../web/monitor");
  const names = await readdir(folder, { recursive: true }).catch((cause: Error) => {
    throw new DataError(`monitor: its page is not in ${folder}; build with npm run build`, {
      cause,
    });
  });
  const files = new Map<string, PageFile>();
  for (const name of names) {
    const type = types[extname(name)];
    if (!type) continue;
    const path = name === "index.html" ? "/" : `/${name.replaceAll("\\", "/")}`;
    files.set(path, { type, bytes: await readFile(join(folder, name)) });
  }
  return files;
}

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

async function buildPage(): Promise<string> {
  const script = at("../../../../scripts/web.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [script]).catch(
    (cause: Error & { stderr?: string }) => {
      throw new DataError(`monitor: its page cannot be built: ${cause.stderr || cause.message}`, {
        cause,
      });
    },
  );
  return stdout.trim();
}
