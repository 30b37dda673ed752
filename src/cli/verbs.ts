import type { Verb } from "./verb.ts";

/** Every verb of `forty`, in the order of the help text; a new one is one line here. */
export const verbs: Readonly<Record<string, Verb>> = {
  info: { summary: "show what a file or run folder holds", load: () => import("./info.ts") },
  convert: { summary: "convert and select table files", load: () => import("./convert.ts") },
  recalibrate: {
    summary: "learn to correct Level-1 objects toward offline ones",
    load: () => import("./recalibrate.ts"),
  },
  study: {
    summary: "compare all networks and kernel machines of the report",
    load: () => import("./study.ts"),
  },
  predict: { summary: "apply an exported model to a file", load: () => import("./predict.ts") },
  dataset: {
    summary: "match Level-1 to offline objects of ROOT files into a table",
    load: () => import("./dataset.ts"),
  },
  drift: {
    summary: "test whether a new sample has the distribution of a reference",
    load: () => import("./drift.ts"),
  },
  fpga: {
    summary: "turn a model into trigger logic: quantize, emit, verify, price",
    load: () => import("./fpga.ts"),
  },
  scout: {
    summary: "decode, select and watch the 40 MHz scouting stream",
    load: () => import("./scout.ts"),
  },
  simulate: { summary: "make simulated samples", load: () => import("./simulate.ts") },
};
