/**
 * `npm start`: the main job on the bundled file, each time into a fresh run folder (runs/omtf,
 * runs/omtf-2, ...). Further arguments go to `forty recalibrate muons`; `npm start -- --resume`
 * continues the newest folder, and `-o FOLDER` names another one.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The run folder to use: a fresh one, or the newest where a run is resumed. */
export function runFolder(base, { resume, exists }) {
  const name = (n) => (n === 1 ? base : `${base}-${n}`);
  let n = 1;
  while (exists(name(n))) n++;
  return name(resume ? Math.max(1, n - 1) : n);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  process.chdir(root);
  const extra = process.argv.slice(2);
  const isNamed = extra.some((a) => /^(-o|--out(=|$))/.test(a));
  const resume = extra.includes("--resume");
  const folder = runFolder("runs/omtf", { resume, exists: existsSync });
  process.argv.splice(
    2,
    Number.POSITIVE_INFINITY,
    ...["recalibrate", "muons", "data/omtf_single_muon.csv.gz"],
    ...(isNamed ? [] : ["-o", folder]),
    ...extra,
  );
  await import(new URL("../dist/cli/main.js", import.meta.url).href);
  const again = ["npm start --", ...extra.filter((a) => a !== "--resume"), "--resume"].join(" ");
  if (process.exitCode === 130) console.error(`or with: ${again}`);
}
