import type { TableData } from "../../report/index.ts";
import { quantityText } from "../recalibration/quantities.ts";
import { errorLabel } from "../recalibration/verdict.ts";
import type { DesignConfig } from "./config.ts";
import { devices } from "./devices.ts";
import type { FixedError } from "./judge.ts";
import type { DesignMetrics } from "./metrics.ts";

/** Errors of L1, of the float model and of the logic. */
export function errorTable(errors: readonly FixedError[]): TableData {
  return {
    title: "Errors on the test part",
    columns: [
      { name: "" },
      { name: "Level 1" },
      { name: "Float" },
      { name: "Fixed point" },
      { name: "Fixed over float" },
    ],
    rows: errors.map(({ quantity, level1, float, fixed, ratio }) => [
      `${errorLabel[quantity]}${quantity === "phi" ? ` [${quantityText.phi.unit}]` : ""}`,
      level1,
      float,
      fixed,
      ratio,
    ]),
  };
}

/** What quantization changes at each output. */
export function differenceTable({ differences }: DesignMetrics): TableData {
  return {
    title: "Fixed point minus float",
    caption: "Of the same network, with its bits, in the units of the outputs of the logic.",
    columns: [
      { name: "Output" },
      { name: "rms" },
      { name: "Largest" },
      { name: "Mean" },
      { name: "Step" },
      { name: "Spread of the output" },
    ],
    rows: differences.map(({ name, rms, largest, mean, step, spread }) => [
      name,
      rms,
      largest,
      mean,
      step,
      spread,
    ]),
  };
}

/** The price, as a share of the device, beside what Yosys found. */
export function priceTable(
  { luts, ffs, dsps, brams, verdict, synthesis }: DesignMetrics,
  { device }: DesignConfig,
): TableData {
  const of = devices[device];
  const rows = [
    ["LUT", luts, of.luts, verdict.shares.luts, synthesis?.luts],
    ["FF", ffs, of.ffs, verdict.shares.ffs, synthesis?.ffs],
    ["DSP", dsps, of.dsps, verdict.shares.dsps, synthesis?.dsps],
    [
      "block RAM, 18 kb",
      brams,
      2 * of.brams,
      verdict.shares.brams,
      synthesis && 2 * synthesis.brams,
    ],
  ] as const;
  return {
    title: `Resources on a ${of.label}`,
    columns: [
      { name: "" },
      { name: "Estimate" },
      { name: "Available" },
      { name: "Share", unit: "%" },
      ...(synthesis ? [{ name: "Yosys" }, { name: "Estimate over Yosys" }] : []),
    ],
    rows: rows.map(([name, estimate, available, share, found]) => [
      name,
      estimate,
      available,
      Number(share.toPrecision(2)),
      ...(synthesis ? [found ?? null, found ? estimate / found : null] : []),
    ]),
  };
}

/** Resources by layer. */
export function layerTable({ layers, ebopsPerLayer }: DesignMetrics): TableData {
  const bitOperations = new Map(ebopsPerLayer.map((l) => [l.layer, l]));
  return {
    title: "Resources by layer",
    columns: ["Layer", "Products", "Bit operations", "LUT", "FF", "DSP", "Block RAM"].map(
      (name) => ({
        name,
      }),
    ),
    rows: layers.map(({ layer, luts, ffs, dsps, brams }) => [
      layer,
      bitOperations.get(layer)?.products ?? 0,
      Math.round(bitOperations.get(layer)?.ebops ?? 0),
      luts,
      ffs,
      dsps,
      brams,
    ]),
  };
}

/** What the casts did to the rows of the test part. */
export function castTable({ overflows }: DesignMetrics): TableData {
  return {
    title: "Overflows, saturations and lost bits",
    caption: "On rows of the test part; wrapped values are wrong ones.",
    columns: [
      "Layer",
      "Vector",
      "Values",
      "Smallest",
      "Largest",
      "Wrapped",
      "Saturated",
      "Lost bits",
      "Lanes hit",
    ].map((name) => ({ name })),
    rows: overflows.map((c) => [
      c.layer,
      c.wire,
      c.values,
      c.min,
      c.max,
      c.wrapped,
      c.saturated,
      c.lostBits,
      c.lanes.length,
    ]),
  };
}

/** The points of a sweep. */
export function sweepTable({ sweep }: DesignMetrics): TableData {
  return {
    title: "Budgets",
    columns: ["Bit operations", "Mean bits", "LUT", "FF", "DSP", "Clocks", "Error"].map((name) => ({
      name,
    })),
    rows: sweep.map((p) => [
      Math.round(p.ebops),
      p.bits,
      p.luts,
      p.ffs,
      p.dsps,
      p.latencyClocks,
      p.error,
    ]),
  };
}
