import { once } from "node:events";
import { stat } from "node:fs/promises";
import { ConfigError } from "../../base/errors.ts";
import { monitorPort, serveMonitor } from "../../tasks/scout/monitor/index.ts";
import { wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";
import type { Define } from "../verb.ts";

/** `forty scout monitor`: the live page of a run. */
export const define: Define = (command, run) => {
  command
    .command("monitor")
    .description("show a run in a browser while it goes on, or afterwards")
    .argument("<run>", "folder of a run, finished, in progress or still to come")
    .option(
      "--host <address>",
      "address to listen on; other than loopback asks a token",
      "127.0.0.1",
    )
    .option(
      "--port <number>",
      "port to listen on, 0 for any free one",
      wholeNumber("--port", { min: 0, max: 65_535 }),
      monitorPort,
    )
    .option("--token <text>", "ask every request for this (default: random, none on loopback)")
    .option("--reference <run>", "run to compare with (default: that of the configuration)")
    .addHelpText(
      "after",
      `
Ends with Ctrl-C; the run goes on without it. /metrics is for Prometheus.`,
    )
    .action(run(monitor));
};

interface MonitorOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly reference?: string;
}

async function monitor(
  { signal, say }: Session,
  run: string,
  { token, reference, ...where }: MonitorOptions,
): Promise<{ url: string }> {
  if (token === "") throw new ConfigError("--token: expected some text, got none");
  const info = await stat(run).catch(() => null);
  if (info && !info.isDirectory())
    throw new ConfigError(`monitor: ${run} is a file; give the folder of a run`);
  const served = await serveMonitor({
    ...{ run, ...where, signal },
    ...(token !== undefined && { token }),
    ...(reference !== undefined && { reference }),
  });
  say(`monitor  ${served.url}`);
  if (!info) say(`${run} is not there yet; the page waits for it`);
  if (!signal.aborted) await once(signal, "abort");
  await served.close();
  return { url: served.url };
}
