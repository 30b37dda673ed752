import { CancelledError } from "../../../base/errors.ts";
import type { ScoutConfig } from "../config.ts";
import type { OrbitBlock } from "../orbit/block.ts";
import type { Feed, FeedOptions } from "./feed.ts";
import { createJoin, type JoinOptions } from "./join.ts";
import { readFiles } from "./run-files.ts";
import { followFolder } from "./run-folder.ts";
import { listenForOrbits } from "./run-tcp.ts";

type SourceConfig = Pick<
  ScoutConfig,
  "files" | "folder" | "tcp" | "senders" | "idleSeconds" | "blockOrbits"
>;

export interface BlocksOptions {
  readonly config: SourceConfig;
  /** Last orbit of the blocks that are done already, by id; they are not given again. */
  readonly done: ReadonlyMap<number, number>;
  /** The run that orbits must be of; null, the default, takes that of the first. */
  readonly run?: number | null;
  /** Told of orbits that are in no block, and why. */
  readonly onDropped: FeedOptions["onDropped"];
  readonly onMissing?: JoinOptions["onMissing"];
  readonly onEvent?: FeedOptions["onEvent"];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Blocks of orbits from files, a followed folder or connections. A block is given when every source
 * has gone past it, or has ended. Every orbit that came is in one block, or told as dropped.
 * @throws ConfigError for orbits of two runs or of no known source, CancelledError.
 */
export async function* readBlocks(options: BlocksOptions): AsyncGenerator<OrbitBlock, void> {
  const { config, signal, done, run = null, onDropped } = options;
  const { onMissing = () => {}, onEvent = () => {} } = options;
  const { blockOrbits, tcp, senders } = config;
  const sources = tcp === null ? 1 : senders;
  const join = createJoin({ blockOrbits, done, run, sources, onDropped, onMissing });
  const mayRead = (source: number) => !join.isAhead(source);
  const feed = feedOf(config, run, { onDropped, onEvent, mayRead, signal });
  for await (const item of feed) {
    if (signal?.aborted) throw new CancelledError("scout: cancelled");
    if (item.type === "open") join.open(item.source);
    else if (item.type === "end") join.close(item.source);
    else for (const frame of item.frames) join.add(frame);
    yield* join.ready();
  }
  yield* join.rest();
}

function feedOf(config: SourceConfig, run: number | null, options: FeedOptions): Feed {
  const { files, folder, tcp, senders, idleSeconds } = config;
  if (tcp !== null) return listenForOrbits({ ...options, run, address: tcp, senders, idleSeconds });
  return folder === null ? readFiles(files, options) : followFolder(folder, idleSeconds, options);
}
