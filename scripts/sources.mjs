/**
 * Runs a program of this repository from its TypeScript sources:
 * `node scripts/sources.mjs ENTRY.ts ARGUMENTS`. It is bundled into `.cache/sources/` first, where
 * no file has changed since, only once: a start then takes a fifth of what file by file takes.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cachedFolder } from "./cached-folder.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Starts a program, given as a file URL or a path; its worker threads are started by theirs. */
export async function importSource(entry) {
  const file = resolve(`${entry}`.startsWith("file:") ? fileURLToPath(entry) : `${entry}`);
  await import(pathToFileURL(await bundle(file)).href);
}

async function bundle(file) {
  const name = relative(root, file).replaceAll(/[^A-Za-z0-9]+/g, "-");
  const folder = await cachedFolder("sources", `${name}-${stateOfSources()}`, (outdir) =>
    build(file, outdir),
  );
  return join(folder, basename(file).replace(/\.ts$/, ".js"));
}

/** Of every file that a program may be made of: its name, size and time of change. */
function stateOfSources() {
  const hash = createHash("sha256");
  for (const top of ["src", "test"])
    for (const name of readdirSync(join(root, top), { recursive: true }).sort()) {
      if (!name.endsWith(".ts")) continue;
      const { mtimeMs, size } = statSync(join(root, top, name));
      hash.update(`${top}/${name} ${mtimeMs} ${size}\n`);
    }
  for (const name of ["package-lock.json", "scripts/sources.mjs"])
    hash.update(readFileSync(join(root, name)));
  return hash.digest("hex").slice(0, 16);
}

async function build(file, outdir) {
  const esbuild = await import("esbuild");
  await esbuild.build({
    entryPoints: [file],
    outdir,
    bundle: true,
    splitting: true, // what is imported when it is needed stays so
    format: "esm",
    platform: "node",
    target: "node20",
    absWorkingDir: root,
    logLevel: "warning",
    plugins: [{ name: "sources", setup: keepPlaces }],
  });
}

/** Packages but zod (95 files) stay outside, and `import.meta.url` is that of the source. */
function keepPlaces({ onResolve, onLoad }) {
  onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
    kind === "entry-point" || /^zod(\/|$)/.test(path) ? undefined : { path, external: true },
  );
  onLoad({ filter: /[\\/](src|test)[\\/].*\.ts$/ }, ({ path }) => {
    const url = JSON.stringify(pathToFileURL(path).href);
    const contents = readFileSync(path, "utf8").replaceAll("import.meta.url", url);
    return { contents, loader: "ts" };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.argv.splice(1, 1);
  await importSource(process.argv[1]);
}
