/** Jobs for a worker thread; all bytes in one buffer, which moves there without a copy. */
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

/** What comes back: the unpacked jobs one behind the other, or the message of a `FormatError`. */
export interface WorkerReply {
  readonly id: number;
  readonly unpacked: Uint8Array<ArrayBuffer>;
  readonly error: string | null;
}

/** The parts one behind the other in a buffer of their own. */
export function joinParts(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
