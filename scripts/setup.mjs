/**
 * Makes a fresh clone ready, without dependencies of its own: `node scripts/setup.mjs` installs
 * the packages of package-lock.json where node_modules does not hold them; with `build` it also
 * compiles src/ and web/ to dist/ where that is older; with `rebuild` always.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
/** Written last, so that an interrupted build counts as none. */
const buildMark = at(".cache", "built");

/** Ends with exit code 1 and one line. */
function stop(message) {
  console.error(`error: setup: ${message}`);
  process.exit(1);
}

function run(command, args, remedy) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 2, 2], // standard output belongs to the command that comes after
    shell: process.platform === "win32",
  });
  if (error || status !== 0) stop(`"${command} ${args.join(" ")}" failed; ${remedy}`);
}

/** True where every package of the lock file is there in its version; optional ones may be absent. */
export function isInstalled(lock, installed) {
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === "") return true;
    const found = installed.packages[path];
    return found ? found.version === wanted.version : Boolean(wanted.optional);
  });
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

function install() {
  const list = at("node_modules", ".package-lock.json");
  if (existsSync(list) && isInstalled(readJson(at("package-lock.json")), readJson(list))) return;
  console.error("setup: installing packages (about a minute, once) ...");
  // not "npm ci": the lock file names the platform packages of the machine that wrote it, and ci
  // refuses to add those of another one; this follows the lock file and leaves it as it is
  run(
    "npm",
    ["install", "--no-save", "--no-progress", "--loglevel=error"],
    "is the package registry within reach?",
  );
}

/** Time of the latest change in a folder, in ms; a removed file changes its folder. */
function latestChange(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => latestChange(join(path, name))));
}

function isBuilt() {
  if (!existsSync(buildMark) || !existsSync(at("dist"))) return false;
  const settings = ["package.json", "tsconfig.json", "tsconfig.build.json", "scripts/web.mjs"];
  const sources = ["src", "web", ...settings];
  return Math.max(...sources.map((name) => latestChange(at(name)))) < statSync(buildMark).mtimeMs;
}

function build() {
  console.error("setup: compiling src and web to dist ...");
  rmSync(buildMark, { force: true });
  rmSync(at("dist"), { recursive: true, force: true });
  const tsc = at("node_modules", "typescript", "bin", "tsc");
  run(process.execPath, [tsc, "-p", "tsconfig.build.json"], "see the messages above");
  run(process.execPath, [at("scripts", "web.mjs"), at("dist", "web")], "see the messages above");
  mkdirSync(dirname(buildMark), { recursive: true });
  writeFileSync(buildMark, "");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20) stop(`Node ${process.versions.node} is too old; install Node 20 or newer`);
  const [what] = process.argv.slice(2);
  install();
  if (what === "rebuild" || (what === "build" && !isBuilt())) build();
}
