/** Resources of an FPGA: what a design's price is a share of. */
export interface Device {
  readonly label: string;
  readonly luts: number;
  readonly ffs: number;
  readonly dsps: number;
  /** Block RAMs of 36 kb. */
  readonly brams: number;
}

/**
 * Devices of Level-1 trigger boards.
 * @see AMD DS890 (UltraScale+: VU13P, VU9P), DS890 (Kintex UltraScale KU115), DS180 (Virtex-7
 * 690T), product tables.
 */
export const devices = {
  vu13p: {
    label: "Virtex UltraScale+ VU13P",
    luts: 1_728_000,
    ffs: 3_456_000,
    dsps: 12_288,
    brams: 2_688,
  },
  vu9p: {
    label: "Virtex UltraScale+ VU9P",
    luts: 1_182_240,
    ffs: 2_364_480,
    dsps: 6_840,
    brams: 2_160,
  },
  ku115: {
    label: "Kintex UltraScale KU115",
    luts: 663_360,
    ffs: 1_326_720,
    dsps: 5_520,
    brams: 2_160,
  },
  vx690t: { label: "Virtex-7 690T", luts: 433_200, ffs: 866_400, dsps: 3_600, brams: 1_470 },
} as const satisfies Record<string, Device>;

export type DeviceName = keyof typeof devices;
