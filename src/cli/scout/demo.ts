import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ScoutMetrics, scoutDemo } from "../../tasks/scout/index.ts";
import { monitorPort, serveMonitor } from "../../tasks/scout/monitor/index.ts";
import { realNumber, wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";
import { countText } from "../text-table.ts";
import type { Define } from "../verb.ts";

/** `forty scout demo`: the whole chain on the bundled sample, with the monitor. */
export const define: Define = (command, run) => {
  command
    .command("demo")
    .description("play the bundled sample through the whole chain, and show it in a browser")
    .option(
      "--seconds <time>",
      "end after so long, s (default: with Ctrl-C)",
      realNumber("--seconds", { min: 1 }),
    )
    .option(
      "--speed <factor>",
      "multiple of 11,245.5 orbits/s that is sent; 0: as fast as it goes",
      realNumber("--speed", { min: 0 }),
      1,
    )
    .option(
      "--workers <count>",
      "worker threads",
      wholeNumber("--workers", { min: 1, max: 256 }),
      1,
    )
    .option(
      "--port <number>",
      "port of the page, 0 for any free one",
      wholeNumber("--port", { min: 0, max: 65_535 }),
      monitorPort,
    )
    .option("-o, --out <folder>", "folder of the run (default: runs/scout-demo, -2, ...)")
    .addHelpText(
      "after",
      `
Orbits go over TCP to this machine alone, and the page is for this machine alone. At the end the run
has its report.`,
    )
    .action(run(demo));
};

interface DemoOptions {
  readonly seconds?: number;
  readonly speed: number;
  readonly workers: number;
  readonly port: number;
  readonly out?: string;
}

async function demo(
  session: Session,
  { port, out = freshFolder("runs/scout-demo"), ...options }: DemoOptions,
): Promise<Omit<ScoutMetrics, "tallies"> & { report: string }> {
  const monitor = await serveMonitor({ run: out, port });
  session.say(`monitor  ${monitor.url}`);
  if (options.seconds === undefined) session.say("Ctrl-C ends it, with a report");
  const live = session.lines();
  const { tallies: _, ...metrics } = await scoutDemo({
    ...options,
    ...{ out, signal: session.signal },
    onSnapshot: ({ orbits, objects, realTimeFactor, lagSeconds }) =>
      live.draw([
        `${countText(orbits)} orbits, ${countText(objects.muons ?? 0)} muons, ` +
          `${realTimeFactor.toFixed(2)} x real time, ${lagSeconds.toFixed(2)} s lag`,
      ]),
  }).finally(async () => {
    live.finish();
    await monitor.close();
  });
  const report = join(out, "report.html");
  const { orbits, seconds, dropped } = metrics;
  const lost = Object.entries(dropped).map(([reason, n]) => `${countText(n)} ${reason}`);
  session.say(
    `${countText(orbits)} orbits in ${seconds.toFixed(1)} s, ` +
      `${metrics.realTimeFactor.toPrecision(3)} x real time; ` +
      `dropped: ${lost.length > 0 ? lost.join(", ") : "none"}`,
  );
  session.say(`report  ${report}`);
  return { ...metrics, report };
}

/** The folder, or the first of -2, -3, ... that is not there. */
function freshFolder(base: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!existsSync(name)) return name;
  }
}
