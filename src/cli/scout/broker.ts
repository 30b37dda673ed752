import { ConfigError } from "../../base/errors.ts";
import { type BrokerRun, listRuns, removeRun } from "../../tasks/scout/broker/index.ts";
import type { Session } from "../session.ts";
import { countText, textTable } from "../text-table.ts";
import type { Define } from "../verb.ts";
import { nameOption, serversArgument } from "./broker-address.ts";

/** `forty scout broker`: what runs have on a broker, and an end to what one has left there. */
export const define: Define = (command, run) => {
  command
    .command("broker")
    .description("list the runs on a NATS broker, or remove what an abandoned one has there")
    .argument(...serversArgument)
    .option(...nameOption)
    .option("--remove <run>", "key of the run to remove, as listed (default: none)")
    .option("--force", "remove it also where its process gives signs of life, which ends it")
    .addHelpText(
      "after",
      `
A run removes its own when it has ended; one that was killed waits for --resume, which finds its key
in broker.json of its folder. Remove those whose folder is gone: their workers are free then. A token
is taken from the environment, FORTY_NATS_TOKEN.`,
    )
    .action(run(manage));
};

interface BrokerOptions {
  readonly name: string;
  readonly remove?: string;
  readonly force?: boolean;
}

async function manage(
  { say, signal }: Session,
  servers: readonly string[],
  { name, remove, force = false }: BrokerOptions,
): Promise<{ runs: readonly BrokerRun[] } | { removed: BrokerRun }> {
  const where = { servers, name, signal };
  if (remove !== undefined) {
    const removed = await removeRun({ ...where, run: remove, force });
    say(`removed run ${remove}: ${countText(removed.messages)} messages, ${sizeText(removed)}`);
    return { removed };
  }
  if (force) throw new ConfigError("forty scout broker: --force is of --remove; give a run");
  const runs = await listRuns(where);
  say(runs.length > 0 ? table(runs) : `no runs of name ${name}`);
  return { runs };
}

function table(runs: readonly BrokerRun[]): string {
  const header = ["run", "blocks", "results", "stored", "size", "consumers", "age", "last message"];
  const rows = runs.map((run) => {
    const { blocks, results, store } = run.streams;
    const messages = [blocks, results, store].map((s) => (s ? countText(s.messages) : "gone"));
    const times = [run.ageSeconds, run.idleSeconds].map((s) => (s === null ? "" : ageText(s)));
    const { workers, threads } = run.workers;
    return [
      ...[run.run, ...messages, sizeText(run), `${run.consumers}`, ...times],
      ...[`${workers}`, `${threads}`],
      run.process ?? "no sign of life",
    ];
  });
  return textTable([...header, "workers", "threads", "process"], rows);
}

const sizeText = ({ bytes }: BrokerRun) => `${(bytes / 1e6).toFixed(1)} MB`;

/** "40 s", "3.2 min", "5.0 h", "12.0 d". */
function ageText(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${(seconds / 60).toFixed(1)} min`;
  const hours = seconds / 3600;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} d`;
}
