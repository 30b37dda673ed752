import type { LabeledFrame } from "../../../cms/scouting/orbit-reader.ts";

/** What comes from a source: orbits, or word that there will be more of it, or none. */
export type FeedItem =
  | { readonly type: "frames"; readonly source: number; readonly frames: readonly LabeledFrame[] }
  | { readonly type: "open"; readonly source: number }
  | { readonly type: "end"; readonly source: number };

/** Files, a followed folder or connections: several sources, in turn. */
export type Feed = AsyncGenerator<FeedItem, void>;

/** Something worth a line in the log of a run. */
export interface SourceEvent {
  readonly type: "source";
  /** "listening", or what happened to a connection. */
  readonly what: "listening" | "connected" | "ended" | "lost" | "refused" | "silent";
  /** Where it listens. */
  readonly address?: string;
  /** Address of the sender, and its source, once it is known. */
  readonly from?: string;
  readonly of?: string;
  readonly reason?: string;
}

export interface FeedOptions {
  /** Told of orbits that are in no frame, and why. */
  readonly onDropped: (reason: string, orbits: number) => void;
  readonly onEvent: (event: SourceEvent) => void;
  /** False for a source that should wait for the others. */
  readonly mayRead: (source: number) => boolean;
  readonly signal?: AbortSignal | undefined;
}
