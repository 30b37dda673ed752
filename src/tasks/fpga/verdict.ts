import type { Price } from "../../fpga/index.ts";
import type { DesignConfig } from "./config.ts";
import { devices } from "./devices.ts";

/** Whether a design keeps the budget it was given. */
export interface Verdict {
  readonly fits: boolean;
  readonly text: string;
  /** Shares of the device, percent. */
  readonly shares: {
    readonly luts: number;
    readonly ffs: number;
    readonly dsps: number;
    readonly brams: number;
  };
}

/** Compares a price with the latency and the share of a device that the settings allow. */
export function judgePrice(
  price: Price,
  { clocks, share, device, clock }: Pick<DesignConfig, "clocks" | "share" | "device" | "clock">,
): Verdict {
  const { label, luts, ffs, dsps, brams } = devices[device];
  const shares = {
    luts: (100 * price.luts) / luts,
    ffs: (100 * price.ffs) / ffs,
    dsps: (100 * price.dsps) / dsps,
    brams: (100 * price.brams) / (2 * brams), // a block of 36 kb is two of 18
  };
  const [resource, most] = Object.entries(shares).reduce((a, b) => (b[1] > a[1] ? b : a));
  const isFast = price.latencyClocks <= clocks;
  const isSmall = most <= share;
  const time = `${price.latencyClocks} clocks at ${clock} MHz (${price.latencyNs.toFixed(1)} ns)`;
  const size = `${percent(most)} of the ${names[resource as keyof typeof names]} of a ${label}`;
  return {
    fits: isFast && isSmall,
    text: `${isFast && isSmall ? "Fits" : "Does not fit"}: ${time}, ${isFast ? "within" : "beyond"} ${clocks}; ${size}, ${isSmall ? "within" : "beyond"} ${share} %.`,
    shares,
  };
}

const names = { luts: "LUT", ffs: "FF", dsps: "DSP", brams: "block RAM" } as const;

const percent = (value: number) => `${value < 0.1 ? value.toPrecision(1) : value.toFixed(1)} %`;
