/**
 * Builds the web pages: `node scripts/web.mjs` into .cache/web/<hash of the sources>/, once, and
 * prints that folder; `node scripts/web.mjs FOLDER` into that one.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function buildMonitor(outDir) {
  const { build } = await import("vite"); // half a second, for a build only
  await build({
    root: join(root, "web", "monitor"),
    base: "./",
    logLevel: "warn",
    configFile: false,
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir,
      emptyOutDir: true,
      target: "es2023",
      assetsInlineLimit: 0,
      modulePreload: false,
      license: { fileName: "licenses.md" },
    },
  });
}

/** Of everything that a page is made of. */
function hashOfSources() {
  const hash = createHash("sha256");
  for (const folder of ["web", "src"]) {
    const names = readdirSync(join(root, folder), { recursive: true }).filter((n) =>
      /\.(tsx?|css|html)$/.test(n),
    );
    for (const name of names.sort())
      hash.update(`${name}\n`).update(readFileSync(join(root, folder, name)));
  }
  for (const name of ["package-lock.json", "scripts/web.mjs"])
    hash.update(readFileSync(join(root, name)));
  return hash.digest("hex").slice(0, 16);
}

const dayMs = 86_400_000;
const [out] = process.argv.slice(2);
if (out) await buildMonitor(resolve(out, "monitor"));
else {
  const all = join(root, ".cache", "web");
  const folder = join(all, hashOfSources());
  if (!existsSync(folder)) {
    const beside = `${folder}.${process.pid}.tmp`; // renamed when whole: others may be building too
    mkdirSync(beside, { recursive: true });
    await buildMonitor(beside);
    try {
      renameSync(beside, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error; // else another was first
      rmSync(beside, { recursive: true, force: true });
    }
  }
  for (const name of readdirSync(all)) {
    const info = statSync(join(all, name), { throwIfNoEntry: false });
    if (info && Date.now() - info.mtimeMs > dayMs)
      rmSync(join(all, name), { recursive: true, force: true });
  }
  utimesSync(folder, new Date(), new Date()); // in use
  console.log(folder);
}
