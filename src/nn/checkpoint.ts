import { FormatError } from "../base/errors.ts";

/** One finished epoch. */
export interface EpochRecord {
  /** From 0. */
  readonly epoch: number;
  /** Weighted mean over the epoch's batches, each before its update; without penalties. */
  readonly loss: number;
  readonly validationLoss: number | null;
  /** Learning rate of the last step. */
  readonly lr: number;
}

/** All that a training needs to continue as if never interrupted. */
export interface Checkpoint {
  /** Of the settings and the training graph; a resumed training must agree. */
  readonly fingerprint: string;
  readonly epoch: number;
  /** Batches done in this epoch. */
  readonly batch: number;
  readonly steps: number;
  /** Sums of loss · weight and of weight in this epoch. */
  readonly lossSum: number;
  readonly weightSum: number;
  readonly history: readonly EpochRecord[];
  readonly best: { readonly epoch: number; readonly loss: number } | null;
  readonly state: Float32Array;
  readonly bestState: Float32Array | null;
}

const magic = "forty-checkpoint-1\n";

/** Bytes: the magic line, uint32 length of a JSON header, the header, then the float32 vectors, little endian. */
export function encodeCheckpoint({ state, bestState, ...rest }: Checkpoint): Uint8Array {
  const header = new TextEncoder().encode(
    JSON.stringify({ ...rest, size: state.length, hasBest: bestState !== null }),
  );
  const start = magic.length + 4 + header.length;
  const vectors = bestState ? [state, bestState] : [state];
  const bytes = new Uint8Array(start + 4 * state.length * vectors.length);
  bytes.set(new TextEncoder().encode(magic));
  new DataView(bytes.buffer).setUint32(magic.length, header.length, true);
  bytes.set(header, magic.length + 4);
  vectors.forEach((v, i) => {
    bytes.set(new Uint8Array(v.buffer, v.byteOffset, v.byteLength), start + 4 * state.length * i);
  });
  return bytes;
}

/** The inverse. @throws FormatError for anything else. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const text = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to));
  if (text(0, magic.length) !== magic)
    throw new FormatError("checkpoint: bad header; is this another file?");
  const at = magic.length + 4;
  const cut = (expected: number) =>
    new FormatError(`checkpoint: ${bytes.length} bytes, expected ${expected}; is it cut off?`);
  if (bytes.length < at) throw cut(at);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(magic.length, true);
  if (bytes.length < at + length) throw cut(at + length);
  const { size, hasBest, ...rest } = JSON.parse(text(at, at + length)) as Header;
  const start = at + length;
  const expected = start + 4 * size * (hasBest ? 2 : 1);
  if (bytes.length !== expected) throw cut(expected);
  const vector = (i: number) =>
    new Float32Array(bytes.slice(start + 4 * size * i, start + 4 * size * (i + 1)).buffer);
  return { ...rest, state: vector(0), bestState: hasBest ? vector(1) : null };
}

type Header = Omit<Checkpoint, "state" | "bestState"> & {
  readonly size: number;
  readonly hasBest: boolean;
};

/** 64 bits of FNV-1a in two halves, as hex: tells settings apart, protects against nothing. */
export function fingerprint(text: string): string {
  const half = (start: number) => {
    let h = start;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    return (h >>> 0).toString(16).padStart(8, "0");
  };
  return half(0x811c9dc5) + half(0x9747b28c);
}
