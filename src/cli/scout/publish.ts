import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { ConfigError } from "../../base/errors.ts";
import { brokerSchema, publish } from "../../tasks/scout/broker/index.ts";
import { readBlocks } from "../../tasks/scout/sources/run-blocks.ts";
import { realNumber, wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";
import { countText } from "../text-table.ts";
import type { Define } from "../verb.ts";
import { nameOption, serversArgument } from "./broker-address.ts";

/** `forty scout publish`: the orbits of this machine for a run behind a broker. */
export const define: Define = (command, run) => {
  command
    .command("publish")
    .description("send raw orbits to a run on another machine over a NATS broker")
    .argument(...serversArgument)
    .argument("[file...]", "raw orbit files")
    .option("--folder <path>", "follow a folder whose raw files appear (default: none)")
    .option("--tcp <address>", "receive raw files on host:port (default: none)")
    .option(
      "--senders <count>",
      "sources over TCP that must have come before the first block",
      wholeNumber("--senders", { min: 1, max: 64 }),
      1,
    )
    .option(
      "--idle <seconds>",
      "end when folder or senders were silent for so long, s",
      realNumber("--idle", { min: 0 }),
      0,
    )
    .option(...nameOption)
    .addHelpText(
      "after",
      `
The run has broker.publishers, how many of these commands it waits for. One that was stopped is
started again with the same words; what the run has already is left out.`,
    )
    .action(run(send));
};

interface PublishSettings {
  readonly folder?: string;
  readonly tcp?: string;
  readonly senders: number;
  readonly idle: number;
  readonly name: string;
}

async function send(
  session: Session,
  servers: string[],
  files: readonly string[],
  { folder, tcp, senders, idle, name }: PublishSettings,
): Promise<{ blocks: number; orbits: number; counts: Readonly<Record<string, number>> }> {
  if ([files.length > 0, folder, tcp].filter(Boolean).length !== 1)
    throw new ConfigError("forty scout publish: give raw orbit files, or --folder, or --tcp");
  const done = { blocks: 0, orbits: 0, counts: {} as Record<string, number> };
  const count = (name: string, n: number) => {
    done.counts[name] = (done.counts[name] ?? 0) + n;
  };
  const source = {
    files: files.map((file) => resolve(file)),
    ...{ folder: folder ?? null, tcp: tcp ?? null },
  };
  const { retrySeconds } = brokerSchema.parse({ servers, name });
  const identity = JSON.stringify([hostname(), source]);
  const live = session.lines();
  live.draw(["waiting for a run"]);
  await publish({
    broker: { servers, name, retrySeconds },
    publisher: createHash("sha256").update(identity).digest("hex").slice(0, 12),
    read: (dealt, { blockOrbits }) =>
      readBlocks({
        config: { ...source, senders, idleSeconds: idle, blockOrbits },
        done: dealt,
        onDropped: (reason, orbits) => count(`dropped.${reason}`, orbits),
        onMissing: (which, orbits) => count(`missing.${which}`, orbits),
        signal: session.signal,
      }),
    counts: () => done.counts,
    signal: session.signal,
    onRun: (key) => live.keep(`publishing for run ${key}`),
    onBlock(orbits) {
      done.blocks++;
      done.orbits += orbits;
      live.draw([`${countText(done.orbits)} orbits in ${countText(done.blocks)} blocks`]);
    },
  }).finally(() => live.finish());
  const lost = Object.entries(done.counts).map(([name, n]) => `, ${countText(n)} ${name}`);
  session.say(
    `${countText(done.orbits)} orbits in ${countText(done.blocks)} blocks${lost.join("")}`,
  );
  return done;
}
