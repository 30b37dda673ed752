import { type ServedBlock, work } from "../../tasks/scout/broker/index.ts";
import { realNumber, wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";
import { countText } from "../text-table.ts";
import type { Define } from "../verb.ts";
import { nameOption, serversArgument } from "./broker-address.ts";

/** `forty scout work`: threads of this machine for runs behind a broker. */
export const define: Define = (command, run) => {
  command
    .command("work")
    .description("work for runs on other machines that deal their blocks over a NATS broker")
    .argument(...serversArgument)
    .option(...nameOption)
    .option(
      "--threads <count>",
      "blocks to work on at a time",
      wholeNumber("--threads", { min: 1, max: 256 }),
      1,
    )
    .option(
      "--idle <seconds>",
      "end when there was no run for so long, s (default: never)",
      realNumber("--idle", { min: 0 }),
    )
    .addHelpText(
      "after",
      `
Settings and models come from the broker. Ctrl-C ends after the blocks it is at; what a killed
worker had goes to another. A token is taken from the environment, FORTY_NATS_TOKEN.`,
    )
    .action(run(workFor));
};

interface WorkSettings {
  readonly name: string;
  readonly threads: number;
  readonly idle?: number;
}

/** What was done, also where Ctrl-C ended it. */
async function workFor(
  session: Session,
  servers: readonly string[],
  { name, threads, idle }: WorkSettings,
): Promise<{ runs: number; blocks: number; orbits: number; failed: number }> {
  const done = { runs: 0, blocks: 0, orbits: 0, failed: 0 };
  const live = session.lines();
  const draw = () =>
    live.draw([
      done.runs === 0
        ? "waiting for a run"
        : `${countText(done.orbits)} orbits in ${countText(done.blocks)} blocks`,
    ]);
  const onBlock = ({ orbits, failure }: ServedBlock) => {
    done.blocks++;
    done.orbits += orbits;
    if (failure !== null) {
      done.failed++;
      live.keep(`a block failed: ${failure}`);
    }
    draw();
  };
  draw();
  await work({
    ...{ servers, name, threads, signal: session.signal, onBlock },
    ...(idle === undefined ? {} : { idleSeconds: idle }),
    onRun(key) {
      done.runs++;
      live.keep(`working for run ${key}`);
      draw();
    },
  }).finally(() => live.finish());
  session.say(`${countText(done.orbits)} orbits in ${countText(done.blocks)} blocks`);
  return done;
}
