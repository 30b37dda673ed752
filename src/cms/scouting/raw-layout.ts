/**
 * Layout of a raw file of one source, little-endian: "RAW_0002", u16 header bytes 32, u16 data type
 * 20 (scouting orbits), u32 orbits, u32 run, u32 lumi, u64 file bytes; then for each orbit u16
 * version 6, u16 flags, u32 run, u32 lumi, u32 orbit, u32 payload bytes, u32 crc (not used), and the
 * payload: u32 source id and the blocks. There is no trailer.
 * Source: cmssw IOPool/Streamer FRDFileHeader.h (v2), FRDEventMessage.h (V6),
 * EventFilter/Utilities DAQSourceModelsScoutingRun3.cc.
 */
export const rawLayout = {
  magic: "RAW_0002",
  fileHeaderBytes: 32,
  dataType: 20,
  frameHeaderBytes: 24,
  frameVersion: 6,
  sourceBytes: 4,
} as const;

/** Orbits of a luminosity section. */
export const orbitsPerLumi = 2 ** 18;

/** One orbit of one source, as it stands in a file. */
export interface OrbitFrame {
  /** Orbit number, 32 bits. */
  readonly orbit: number;
  /** Source id, see `scoutingSources`. */
  readonly source: number;
  /** The blocks: a view of the file's bytes. */
  readonly payload: Uint8Array;
}

/** What the header of a file says. */
export interface OrbitFileHeader {
  readonly run: number;
  /** Luminosity section: 2^18 orbits. */
  readonly lumi: number;
  readonly orbits: number;
}

/** Where frames belong. */
export interface FrameLabel {
  readonly run: number;
  readonly lumi: number;
}
