/** Jobs for a worker thread; all bytes in one buffer, which moves there and back without a copy. */
export interface WorkerTask {
  readonly id: number;
  readonly jobs: readonly {
    /** Bytes in `packed`, one job behind the other. */
    readonly length: number;
    /** Bytes when unpacked. */
    readonly size: number;
    readonly where: string;
  }[];
  readonly packed: Uint8Array<ArrayBuffer>;
}

/** What comes back: the unpacked jobs, or the message of a `FormatError`. */
export interface WorkerReply {
  readonly id: number;
  /** The buffer of the task goes back, to be used again. */
  readonly packed: Uint8Array<ArrayBuffer>;
  readonly unpacked: readonly Uint8Array[];
  readonly error: string | null;
}
