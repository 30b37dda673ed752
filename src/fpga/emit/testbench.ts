import type { Netlist, Pipeline } from "../netlist.ts";
import { type Bus, portsOf } from "./buses.ts";
import { columns } from "./layout.ts";
import { identifier } from "./names.ts";
import type { EmitOptions } from "./system-verilog.ts";
import { type Bench, packVectors, type TestVectors, vectorFiles } from "./vectors.ts";
import { verilatorMain } from "./verilator-main.ts";
import type { EmittedFile } from "./wires.ts";
import { type WordLayout, wordBus, wordTopName } from "./word-top.ts";

/**
 * A self-checking testbench of the emitted design: vectors as two hexadecimal files, a plain
 * SystemVerilog module `<top>_tb` for any simulator, and the same in C++ for Verilator. Both send
 * the first half of the vectors as fast as they are taken and the rest with pauses, hold other bits
 * on the inputs in between, compare each output bit by bit, and check that every result comes
 * `latency` clocks after its inputs and none besides. They print "PASS n vectors, latency k", or
 * "FAIL" behind the first mismatches, and end with exit code 0 or 1.
 * With `word` they are of the top module that `emitWordTop` makes; the inputs are then the word's
 * fields under its name.
 * @throws ShapeError where the vectors do not fit the ports.
 */
export function emitTestbench(
  netlist: Netlist,
  pipeline: Pipeline,
  vectors: TestVectors,
  options: EmitOptions & { readonly word?: WordLayout } = {},
): EmittedFile[] {
  const { word, program, lanes } = options;
  const name = identifier(options.top ?? netlist.name);
  const top = word === undefined ? name : wordTopName(name);
  const design = portsOf(netlist, program, lanes);
  const ports = word === undefined ? design : { ...design, inputs: [wordBus(word)] };
  const inputs = packVectors(ports.inputs, vectors.inputs);
  const outputs = packVectors(ports.outputs, vectors.outputs);
  const bench = { top, ports, pipeline, n: Math.min(inputs.n, outputs.n) };
  return [
    { path: vectorFiles.inputs, text: inputs.text },
    { path: vectorFiles.outputs, text: outputs.text },
    { path: `${top}_tb.sv`, text: systemVerilogBench(bench) },
    { path: `${top}_main.cpp`, text: verilatorMain(bench) },
  ];
}

const widthOf = (buses: readonly Bus[]) => buses.reduce((sum, { width }) => sum + width, 0);

function systemVerilogBench({ top, ports, pipeline, n }: Bench): string {
  const { inputs, outputs } = ports;
  const isPaced = pipeline.interval > 1;
  const slices = (buses: readonly Bus[], name: string) => {
    let low = 0;
    return buses.map((bus) => {
      const text = `.${bus.name}(${name}[${low + bus.width - 1}:${low}])`;
      low += bus.width;
      return text;
    });
  };
  return `// Self-checking testbench of ${top}; reads ${vectorFiles.inputs} and ${vectorFiles.outputs}

module ${top}_tb;

${columns(
  [
    ["localparam int", "VECTORS", `= ${n};`],
    ["localparam int", "LATENCY", `= ${pipeline.latency};`],
    ["localparam int", "IN", `= ${widthOf(inputs)};`],
    ["localparam int", "OUT", `= ${widthOf(outputs)};`],
  ],
  "  ",
).join("\n")}

  logic           clk = 1'b0, rst = 1'b1, valid_in = 1'b0;
  logic [ IN-1:0] data = '0;
  wire            valid_out;
  wire  [OUT-1:0] result;
${isPaced ? "  wire            ready;\n" : "  wire            ready = 1'b1;\n"}
  ${top} dut (
    .clk, .rst, .valid_in, .valid_out,${isPaced ? " .ready," : ""}
${columns(
  [...slices(inputs, "data"), ...slices(outputs, "result")].map((text, i, all) => [
    i < all.length - 1 ? `${text},` : text,
  ]),
  "    ",
).join("\n")}
  );

  logic [ IN-1:0] stimulus [0:VECTORS-1];
  logic [OUT-1:0] expected [0:VECTORS-1];
  int             sent_at  [0:VECTORS-1];
  int sent = 0, received = 0, mismatches = 0, clock = 0, idle = 0;

  bit on_time;

  always #5 clk = ~clk;

  initial begin
    $readmemh("${vectorFiles.inputs}", stimulus);
    $readmemh("${vectorFiles.outputs}", expected);
    repeat (LATENCY + 2) @(negedge clk);
    rst = 1'b0;
    while (received < VECTORS && idle < LATENCY + 1000) begin
      // in the second half of the vectors, pauses with other bits on the inputs
      valid_in = sent < VECTORS && (2 * sent < VECTORS || $urandom_range(2) != 0);
      data = valid_in ? stimulus[sent] : ~data;
      #1;
      if (valid_in && ready) begin
        sent_at[sent] = clock;
        sent++;
      end
      idle++;
      if (LATENCY > 0) @(posedge clk);
      if (LATENCY > 0) @(negedge clk);
      clock += LATENCY > 0 ? 1 : 0;
      if (valid_out) begin
        idle = 0;
        on_time = received < sent && clock - sent_at[received] == LATENCY;
        if (!on_time || result !== expected[received]) begin
          mismatches++;
          if (mismatches <= 5)
            $display("vector %0d: got %h, expected %h%s", received, result, expected[received],
                     on_time ? "" : ", in the wrong clock");
        end
        received++;
      end
    end
    if (received < VECTORS) $display("%0d results missing", VECTORS - received);
    mismatches += VECTORS - received;
    if (mismatches == 0) begin
      $display("PASS %0d vectors, latency %0d", VECTORS, LATENCY);
      $finish;
    end else begin
      $display("FAIL %0d vectors, %0d mismatches, latency %0d", VECTORS, mismatches, LATENCY);
      $fatal(1);
    end
  end

endmodule
`;
}
