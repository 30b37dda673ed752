import type { Command } from "commander";
import { define as broker } from "./scout/broker.ts";
import { define as demo } from "./scout/demo.ts";
import { define as menu } from "./scout/menu.ts";
import { define as monitor } from "./scout/monitor.ts";
import { define as publish } from "./scout/publish.ts";
import { define as replay } from "./scout/replay.ts";
import { define as run } from "./scout/run.ts";
import { define as simulate } from "./scout/simulate.ts";
import { define as work } from "./scout/work.ts";
import type { Run } from "./verb.ts";

/** `forty scout ...`: the stream of Level-1 scouting; a subcommand is a file and its line here. */
export function define(command: Command, wrap: Run): void {
  const all = [simulate, replay, run, monitor, demo, work, publish, broker, menu];
  for (const add of all) add(command, wrap);
}
