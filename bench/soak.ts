/**
 * The scouting stream for a long time: orbits sent against orbits counted, and memory that stays flat.
 *
 * `npm run bench soak [-- --minutes 2 --speed 0 --workers 1 --calo]`: another process replays the bundled
 * sample in a loop over TCP (speed 0: as fast as it is taken); this one decodes, recalibrates, fills
 * spectra and maps. Fails where an orbit is lost or doubled, counted from the records on disk, or
 * where the memory at the end is above that after the first third by more than 15 % and 64 MB.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ReplayProgress, scout } from "../src/tasks/scout/index.ts";
import { demoStages } from "../src/tasks/scout/run-demo.ts";

const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    speed: { type: "string", default: "0" },
    workers: { type: "string", default: "1" },
    calo: { type: "boolean", default: false },
  },
});
const seconds = 60 * Number(options.minutes);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const sample = (name: string) => here(`../data/scouting-sample/${name}`);
const files = [sample("muons.raw.gz"), ...(options.calo ? [sample("calo.raw.gz")] : [])];
const temporary = mkdtempSync(join(tmpdir(), "forty-soak-"));
const out = join(temporary, "run");
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

/** The sender, in a process of its own. @returns what it says at its end. */
async function send(address: string): Promise<ReplayProgress> {
  const argv = ["scout", "replay", ...files, "--to", address, "--speed", options.speed];
  const child = spawn(
    process.execPath,
    ["--import", "tsx", here("../src/cli/main.ts"), ...argv, "--seconds", `${seconds}`, "--json"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  for await (const bytes of child.stdout) text += String(bytes);
  return JSON.parse(text) as ReplayProgress;
}

/** Memory of this process by time, s, from the first result on. */
const memory: { readonly at: number; readonly rss: number }[] = [];
let sent: Promise<ReplayProgress> | null = null;
let said = 0;
const metrics = await scout({
  settings: {
    ...{ tcp: "127.0.0.1:0", senders: files.length, blockOrbits: 2048 },
    workers: Number(options.workers),
    stages: demoStages(sample("muons.onnx")),
  },
  out,
  onSource({ what, address = "" }) {
    if (what === "listening") sent = send(address);
  },
  onSnapshot({ seconds: at, orbits, lagSeconds }) {
    const { rss } = process.memoryUsage();
    if (orbits > 0) memory.push({ at, rss });
    if (at < said * 60) return;
    said++;
    console.log(
      `${(at / 60).toFixed(1)} min: ${orbits} orbits, lag ${lagSeconds.toFixed(2)} s, ${megabytes(rss)}`,
    );
  },
});
const { orbits: expected } = await sent!;

const records = readdirSync(join(out, "blocks")).map((name) => {
  const text = readFileSync(join(out, "blocks", name), "utf8");
  return JSON.parse(text) as { tallies: { counts: Record<string, number> } };
});
const total = (name: string) =>
  records.reduce((sum, { tallies }) => sum + (tallies.counts[name] ?? 0), 0);
rmSync(temporary, { recursive: true });

const [start, end] = [memory[0].at, memory[memory.length - 1].at];
const after = memory.filter(({ at }) => at > start + (end - start) / 3);
const mean = (list: typeof memory) => list.reduce((sum, { rss }) => sum + rss, 0) / list.length;
const tenth = Math.ceil(after.length / 10);
const [warm, last] = [mean(after.slice(0, tenth)), mean(after.slice(-tenth))];
console.log(
  `${metrics.orbits} orbits, ${metrics.realTimeFactor.toPrecision(3)} x real time; ` +
    `memory ${megabytes(warm)} after a third, ${megabytes(last)} at the end`,
);
const problems = [
  ...(total("orbits") === metrics.orbits ? [] : [`records hold ${total("orbits")} orbits`]),
  ...(options.calo || expected === metrics.orbits ? [] : [`${expected} orbits were sent`]),
  ...Object.entries(metrics.dropped).map(([reason, n]) => `${n} orbits dropped: ${reason}`),
  ...(options.calo || Object.keys(metrics.missing).length === 0 ? [] : ["orbits are missing"]),
  ...(last > 1.15 * warm && last > warm + 64e6 ? ["memory grows"] : []),
];
for (const problem of problems) console.error(`error: soak: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
