import { ConfigError } from "../../../base/errors.ts";
import { renumberBlocks } from "../../../cms/scouting/blocks.ts";
import { scoutingFormats } from "../../../cms/scouting/decoder.ts";
import { encodeFileHeader, encodeFrameHeader, frameBytes } from "../../../cms/scouting/orbit.ts";
import type { LabeledFrame } from "../../../cms/scouting/orbit-reader.ts";
import { orbitsPerLumi, rawLayout } from "../../../cms/scouting/raw-layout.ts";
import { formatOfSource, sourceName } from "../../../cms/scouting/sources.ts";
import { type RawStart, readRaw } from "./run-raw.ts";

/** Raw files to be sent, again and again. */
export interface Tape {
  readonly sources: readonly number[];
  /** The smallest of all orbits. */
  readonly firstOrbit: number;
  /** Orbits of a source in pieces, each a raw file. */
  pieces(source: number, options: PieceOptions): AsyncGenerator<Piece, void>;
  /** Orbits in damaged parts of files, counted once. */
  skipped(): number;
}

export interface PieceOptions {
  /** How often; each time the orbits go on where the last ones ended. */
  readonly loops: number;
  readonly pieceOrbits: number;
  readonly pieceBytes: number;
}

export interface Piece {
  readonly bytes: Uint8Array;
  readonly orbits: number;
  readonly lastOrbit: number;
}

type Start = RawStart & { readonly first: NonNullable<RawStart["first"]> };

/** Files up to this size in all, unpacked, are kept in memory. */
const keptBytes = 2 ** 28;
/** Orbit numbers have 31 bits. */
const orbitEnd = 2 ** 31;

/** Opens files; those that are to be looped are read once to know their orbits. */
export async function createTape(
  starts: readonly Start[],
  { isLooped }: { readonly isLooped: boolean },
): Promise<Tape> {
  if (starts.length === 0) throw new ConfigError("replay: no orbits in these files; give others");
  const ordered = starts.toSorted((a, b) => a.first.orbit - b.first.orbit);
  const sources = [...new Set(ordered.map(({ first }) => first.source))].sort((a, b) => a - b);
  const kept = new Map<number, LabeledFrame[]>(sources.map((source) => [source, []]));
  const firstOrbit = ordered[0].first.orbit;
  let [lastOrbit, bytes, skipped] = [firstOrbit, 0, 0];
  if (isLooped) {
    const other = sources.find((source) => formatOfSource(source) === null);
    if (other !== undefined)
      throw new ConfigError(`replay: ${sourceName(other)} cannot be renumbered; leave --loop out`);
    for (const start of ordered)
      for await (const frames of readRaw(start, (_, n) => (skipped += n))) {
        for (const frame of frames) {
          bytes += frame.payload.length;
          if (bytes <= keptBytes) kept.get(frame.source)?.push(frame);
          lastOrbit = Math.max(lastOrbit, frame.orbit);
        }
      }
  }
  const isKept = isLooped && bytes <= keptBytes;
  if (!isKept) kept.clear();

  async function* framesOf(source: number): AsyncGenerator<readonly LabeledFrame[], void> {
    const own = kept.get(source);
    if (own) yield own;
    else
      for (const start of ordered)
        if (start.first.source === source)
          yield* readRaw(start, (_, n) => {
            if (!isLooped) skipped += n;
          });
  }

  return {
    ...{ sources, firstOrbit, skipped: () => skipped },
    async *pieces(source, { loops, pieceOrbits, pieceBytes }) {
      for (let loop = 0; loop < loops; loop++) {
        const shift = loop * (lastOrbit - firstOrbit + 1);
        if (lastOrbit + shift >= orbitEnd) return;
        for await (const frames of framesOf(source))
          for (let from = 0, to = 0; from < frames.length; from = to) {
            let size = 0;
            for (; to < frames.length && to - from < pieceOrbits; to++) {
              size += frameBytes(frames[to]);
              const isFull =
                size > pieceBytes || newLumi(frames[to], shift) !== newLumi(frames[from], shift);
              if (isFull && to > from) break;
            }
            yield encodePiece(frames.slice(from, to), shift);
          }
      }
    },
  };
}

/** Luminosity section of an orbit with a shifted number. */
const newLumi = ({ orbit, lumi }: LabeledFrame, shift: number) =>
  lumi + Math.floor((orbit + shift) / orbitsPerLumi) - Math.floor(orbit / orbitsPerLumi);

/** A raw file of these orbits, of one luminosity section, with shifted numbers. */
function encodePiece(frames: readonly LabeledFrame[], shift: number): Piece {
  const [{ run, source }] = frames;
  const label = { run, lumi: newLumi(frames[0], shift) };
  const size = frames.reduce(
    (sum, frame) => sum + frameBytes(frame),
    rawLayout.fileHeaderBytes as number,
  );
  const bytes = new Uint8Array(size);
  bytes.set(encodeFileHeader({ ...label, orbits: frames.length, bytes: size }));
  let at: number = rawLayout.fileHeaderBytes;
  const format = formatOfSource(source);
  for (const frame of frames) {
    const { payload } = frame;
    const orbit = frame.orbit + shift;
    bytes.set(encodeFrameHeader({ orbit, source, payload }, label), at);
    at += frameBytes(frame);
    bytes.set(payload, at - payload.length);
    if (shift === 0 || format === null) continue;
    const words = new Int32Array(bytes.buffer, at - payload.length, payload.length >> 2);
    renumberBlocks(scoutingFormats[format], words, orbit);
  }
  return { bytes, orbits: frames.length, lastOrbit: frames[frames.length - 1].orbit + shift };
}
