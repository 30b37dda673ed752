import type { CastCounts, LayerEbops, OutputDifference, Price } from "../../fpga/index.ts";
import type { FixedError } from "./judge.ts";
import type { Verdict } from "./verdict.ts";

/** One budget of a sweep. */
export interface SweepPoint {
  readonly bits: number;
  readonly ebops: number;
  readonly luts: number;
  readonly ffs: number;
  readonly dsps: number;
  readonly latencyClocks: number;
  /** Fixed over float, the largest over the quantities; or rms difference where none are known. */
  readonly error: number;
}

/** What `metrics.json` of a design holds and `--json` prints. */
export interface DesignMetrics {
  readonly task: "fpga";
  readonly model: string;
  readonly rows: string;
  /** How formats were chosen, in words. */
  readonly formats: string;
  /** Estimated from the logic, without a synthesis tool. */
  readonly luts: number;
  readonly ffs: number;
  readonly dsps: number;
  /** Block RAMs of 18 kb. */
  readonly brams: number;
  readonly latencyClocks: number;
  readonly latencyNs: number;
  /** Clocks between two inferences. */
  readonly initiationInterval: number;
  readonly ebops: number;
  /** Mean over all products of the bits of both factors. */
  readonly meanBits: number;
  /** LUT where nothing is shared between the products of a layer. */
  readonly plainLuts: number;
  /** Errors on the test part of a recalibration: of L1, the float and the fixed-point model. */
  readonly errors: readonly FixedError[] | null;
  /** What quantization changes at each output. */
  readonly differences: readonly OutputDifference[];
  readonly layers: Price["perLayer"];
  readonly ebopsPerLayer: readonly LayerEbops[];
  readonly overflows: readonly CastCounts[];
  readonly verdict: Verdict;
  /** Of the simulation with Verilator. */
  readonly vectors: number | null;
  readonly mismatches: number | null;
  readonly simulatedClocks: number | null;
  /** What Yosys makes of the files. */
  readonly synthesis: {
    readonly luts: number;
    readonly ffs: number;
    readonly dsps: number;
    readonly brams: number;
    readonly seconds: number;
  } | null;
  readonly sweep: readonly SweepPoint[];
  readonly seconds: number;
}
