import type { ScoutConfig } from "../config.ts";
import type { OrbitBlock } from "../orbit/block.ts";
import type { Tallies } from "../results/tallies.ts";
import type { Assets } from "../stages/stage.ts";

/** What a worker thread starts with. */
export interface WorkerSetup {
  readonly config: ScoutConfig;
  readonly assets: Assets;
  /** Folder of the files of kept crossings. */
  readonly folder: string;
}

/** To a worker. */
export type WorkerOrder =
  | { readonly type: "process"; readonly block: OrbitBlock }
  | { readonly type: "close" };

/** From a worker. */
export type WorkerNews =
  | { readonly type: "ready" }
  | { readonly type: "done"; readonly id: number; readonly tallies: Tallies }
  | { readonly type: "failed"; readonly reason: string };
