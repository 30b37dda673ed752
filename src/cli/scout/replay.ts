import { type ReplayProgress, replayStream } from "../../tasks/scout/index.ts";
import { realNumber, wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";
import { countText } from "../text-table.ts";
import type { Define } from "../verb.ts";

/** `forty scout replay`: raw files over TCP at the speed of the detector. */
export const define: Define = (command, run) => {
  command
    .command("replay")
    .description("send raw files over TCP at a multiple of real time")
    .argument("<file...>", "raw orbit files, .raw or .raw.gz")
    .requiredOption("--to <address>", "host:port that receives, or a port here (required)")
    .option(
      "--speed <factor>",
      "multiple of 11,245.5 orbits/s; 0: as fast as it is received",
      realNumber("--speed", { min: 0 }),
      1,
    )
    .option(
      "--loop <count>",
      "how often, with orbit numbers that go on",
      wholeNumber("--loop", { min: 1 }),
      1,
    )
    .option(
      "--seconds <time>",
      "loop for so long, s (default: as --loop says)",
      realNumber("--seconds", { min: 0 }),
    )
    .action(run(send));
};

interface SendOptions {
  readonly to: string;
  readonly speed: number;
  readonly loop: number;
  readonly seconds?: number;
}

async function send(
  session: Session,
  files: readonly string[],
  { to, speed, loop, seconds }: SendOptions,
): Promise<ReplayProgress> {
  const live = session.lines();
  const sent = await replayStream({
    ...{ files, to, speed, signal: session.signal },
    ...(seconds === undefined ? { loops: loop } : { loops: Infinity, seconds }),
    onProgress: (progress) => live.draw([text(progress)]),
  }).finally(() => live.finish());
  session.say(text(sent));
  if (sent.skipped > 0)
    session.say(`${countText(sent.skipped)} orbits in damaged files were not sent`);
  return sent;
}

const text = ({ orbits, bytes, seconds, realTimeFactor, behindSeconds }: ReplayProgress) =>
  `${countText(orbits)} orbits, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s: ` +
  `${realTimeFactor.toPrecision(3)} x real time, ${behindSeconds.toFixed(2)} s behind`;
