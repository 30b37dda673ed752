/**
 * Builds the web pages: `node scripts/web.mjs` into .cache/web/<hash of the sources>/, once, and
 * prints that folder; `node scripts/web.mjs FOLDER` into that one.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { cachedFolder } from "./cached-folder.mjs";

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

const [out] = process.argv.slice(2);
if (out) await buildMonitor(resolve(out, "monitor"));
else console.log(await cachedFolder("web", hashOfSources(), buildMonitor));
