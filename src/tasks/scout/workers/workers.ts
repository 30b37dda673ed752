import type { OrbitBlock } from "../orbit/block.ts";
import type { Tallies } from "../results/tallies.ts";
import type { WorkerSetup } from "./worker-message.ts";

/** Where blocks are worked on, threads of this process or machines behind a broker. */
export interface Workers {
  /** Resolves when the block is with a worker or in the queue: a full queue makes the source wait. */
  submit(block: OrbitBlock): Promise<void>;
  /** Resolves when all blocks are done. */
  finish(): Promise<void>;
  /** Ends the workers after the blocks they are at; those that wait are given up. */
  close(): Promise<void>;
}

export interface WorkersOptions {
  readonly setup: WorkerSetup;
  readonly threads: number;
  /** Blocks that may wait. */
  readonly queue: number;
  /**
   * What a block gave, when its kept crossings are whole in their place; awaited before the block
   * counts as done. The block comes without its bytes.
   */
  readonly onDone: (block: OrbitBlock, tallies: Tallies) => Promise<void>;
  /** Told when a worker that died is replaced. */
  readonly onRestart?: () => void;
}
