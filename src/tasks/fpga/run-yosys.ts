import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SessionError } from "../../base/errors.ts";
import { runTool } from "./run-tool.ts";

/** Cells of a design after synthesis, for one FPGA family. */
export interface SynthesisResult {
  /** Lookup tables for logic of up to 6 inputs. */
  readonly luts: number;
  readonly ffs: number;
  readonly dsps: number;
  /** Block memories of 36 kbit. */
  readonly brams: number;
  /** CARRY4 or CARRY8 cells. */
  readonly carries: number;
  /** Shift registers and memories made of lookup tables. */
  readonly srls: number;
  /** Every cell type and its count. */
  readonly cells: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** What to synthesize and for how long. */
export interface YosysOptions {
  /** Folder with the emitted design. */
  readonly folder: string;
  readonly top: string;
  /** As `synth_xilinx -family`: xcup for UltraScale+, xc7 for the 7 series. */
  readonly family?: "xcup" | "xcu" | "xc7";
  /** Minutes until it is given up. */
  readonly limitMinutes?: number;
  readonly signal?: AbortSignal;
}

/**
 * Every sum as a carry chain of its own. Left to itself, Yosys (alumacc) joins adders that follow
 * each other into one of many operands with a carry-save tree of lookup tables, which takes a tenth
 * to a quarter more of them than the chains it replaces; vendors' tools keep the chains.
 */
const adderMap = {
  path: "yosys-adders.v",
  text: `(* techmap_celltype = "$add $sub" *)
module adder_to_alu (A, B, Y);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CELLTYPE_ = "";
  localparam SIGNED = A_SIGNED && B_SIGNED;
  localparam [0:0] MINUS = _TECHMAP_CELLTYPE_ == "$sub";
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  wire [Y_WIDTH-1:0] unused_x, unused_co;
  \\$alu #(
    .A_SIGNED(SIGNED), .B_SIGNED(SIGNED),
    .A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)
  ) _TECHMAP_REPLACE_ (.A, .B, .BI(MINUS), .CI(MINUS), .X(unused_x), .Y, .CO(unused_co));
endmodule
`,
};

/**
 * Synthesizes the emitted design with Yosys, without input and output buffers: no placement, no
 * timing, but real cells.
 * @throws ConfigError where Yosys is not installed; SessionError where it fails or takes too long,
 * with the last lines of what it said.
 */
export async function runYosys(options: YosysOptions): Promise<SynthesisResult> {
  const { folder, top, family = "xcup", limitMinutes = 30, signal } = options;
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith(".sv") && !name.endsWith("_tb.sv"))
    .sort();
  writeFileSync(join(folder, adderMap.path), adderMap.text);
  const synthesize = `synth_xilinx -family ${family} -flatten -noiopad -noclkbuf -top ${top}`;
  const script = [
    `read_verilog -sv ${sources.join(" ")}`,
    `hierarchy -check -top ${top}`,
    // a table by itself is lookup tables of 64 places and wide multiplexers; joined with the logic
    // around it, it is taken apart to twice their number
    `setattr -mod -set keep_hierarchy 1 ${top}_table_*`,
    `${synthesize} -run begin:coarse`,
    `techmap -map ${adderMap.path}`,
    `${synthesize} -run coarse:`,
    "tee -o yosys-stat.txt stat",
  ].join("; ");
  const began = performance.now();
  const { text } = await runTool("yosys", ["-Q", "-p", script], {
    cwd: folder,
    missing: `install it (apt install yosys); the emitted files are kept in ${folder}`,
    limitMinutes,
    ...(signal ? { signal } : {}),
  });
  const stat = text.slice(text.lastIndexOf("Number of cells:"));
  const cells = Object.fromEntries(
    [...stat.matchAll(/^ {5,}([A-Z][A-Z0-9_]*) +(\d+)$/gm)].map(([, cell, n]) => [cell, Number(n)]),
  );
  if (!text.includes("Number of cells:"))
    throw new SessionError(`yosys: no statistics of ${top} in what it printed`);
  const count = (pattern: RegExp) =>
    Object.entries(cells).reduce((sum, [cell, n]) => sum + (pattern.test(cell) ? n : 0), 0);
  return {
    luts: count(/^(LUT[1-6]|INV)$/),
    ffs: count(/^(FD|LD)[A-Z]+$/),
    dsps: count(/^DSP/),
    brams: count(/^RAMB36/) + count(/^RAMB18/) / 2,
    carries: count(/^CARRY/),
    srls: count(/^(SRL|RAM\d+[XM])/),
    cells,
    seconds: (performance.now() - began) / 1000,
  };
}
