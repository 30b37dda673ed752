import { invariant } from "../../base/errors.ts";
import { leastSerialLatency, serialBits, serialShape } from "../logic/serial-shape.ts";
import type { LogicNode, Netlist, NodeId, SerialBlock } from "../netlist.ts";
import type { ModuleContext, SerialTypes } from "./context.ts";
import { columns, comment, wrapped } from "./layout.ts";
import { literal, typeOf, type WireType } from "./wires.ts";

/** Types of a block: one for all inputs, one for all weights, one for all results; with sign. */
export function serialTypes(index: number, netlist: Netlist): SerialTypes {
  const { input, weight, result } = serialBits(index, netlist);
  const signed = (width: number): WireType => ({ width, signed: true });
  return { input: signed(input), weight: signed(weight), result: signed(result) };
}

/** The block's instance in its layer: inputs as one bus, column 0 lowest. */
export function serialInstance(
  index: number,
  name: string,
  read: (id: NodeId, clock: number) => string,
  { plan, serialModules, serialTypes }: ModuleContext,
): string[] {
  const { nodes, blocks } = plan.netlist;
  const { input, result } = serialTypes[index];
  const clock = plan.starts[index];
  const operands = blocks[index].inputs.map((id) => {
    const node = nodes[id];
    if (node.op === "constant") return literal(node.value, input);
    const text = read(id, clock);
    return typeOf(node).width === input.width ? text : `${input.width}'(${text})`;
  });
  return [
    `  wire [${blocks[index].rows * result.width - 1}:0] ${name}_y;`,
    `  ${serialModules[index]} ${name} (`,
    `    .clk, .start(start_t${clock}), .y(${name}_y),`,
    "    .x({",
    ...wrapped([...operands].reverse(), "      "),
    "    })",
    "  );",
  ];
}

/** One result of the block as an expression of the node's bits. */
export function serialResult(
  node: Extract<LogicNode, { op: "serial" }>,
  name: string,
  { serialTypes }: ModuleContext,
): string {
  const { result } = serialTypes[node.block];
  const low = node.index * result.width;
  return `${name}_y[${low + typeOf(node).width - 1}:${low}]`;
}

/** Registers on the way from the held inputs to the sums: more of them where the latency has room. */
interface SerialStages {
  readonly product: boolean;
  readonly operand: boolean;
  readonly sum: boolean;
  /** Registers behind the results. */
  readonly after: number;
}

function stagesOf(block: SerialBlock): SerialStages {
  const spare = block.latency - leastSerialLatency(block);
  invariant(
    spare >= 0,
    `emit: serial block of ${block.layer} has latency ${block.latency}, needs ${leastSerialLatency(block)}`,
  );
  return { product: spare > 0, operand: spare > 1, sum: spare > 2, after: Math.max(0, spare - 3) };
}

/**
 * The module of a serialized product y = W x + b.
 *
 * Timing, with `start` and x in clock 0: edge 1 captures x; step k = 0 ... reuse - 1 reads an operand
 * and a weight in clock k + 1, and its product is in the sum one edge later, plus one for each
 * register between (spare clocks of the latency go to the product, the operand, the partial sum, then
 * behind the results, in this order). y is there in clock `latency`. The next `start` may come in
 * clock `reuse`; the results of the one before are overwritten only after they were there.
 */
export function serialModule(name: string, index: number, netlist: Netlist): string {
  const block = netlist.blocks[index];
  const { rows, reuse, latency } = block;
  const columnCount = block.inputs.length;
  const { multipliers, perRow, run, rowsEach } = serialShape(block);
  const { input, weight, result } = serialTypes(index, netlist);
  const stages = stagesOf(block);
  const groups = Math.ceil(rows / rowsEach);
  const late = [stages.operand, stages.product, stages.sum].filter(Boolean).length;
  const counters = [
    { name: "step", width: typeOf({ lo: 0, hi: run * rowsEach - 1 }).width },
    { name: "column", width: typeOf({ lo: 0, hi: run - 1 }).width },
    { name: "slot", width: typeOf({ lo: 0, hi: rowsEach }).width },
  ];
  const [step, column, slot] = counters.map(({ width }) => width);
  const sharing =
    perRow > 1 ? `${perRow} per row` : `${rowsEach} row${rowsEach > 1 ? "s" : ""} each`;
  const via = (isRegister: boolean, to: string, from: string) =>
    isRegister ? `always_ff @(posedge clk) ${to} <= ${from};` : `always_comb ${to} = ${from};`;
  return [
    ...comment([
      `Layer ${block.layer} of ${netlist.name}: product of ${rows} rows and ${columnCount} columns over ${reuse} clock${reuse > 1 ? "s" : ""}`,
      `  ${multipliers} multipliers, ${sharing}`,
      `  clock 0: start, x; clock ${latency}: y; next start in clock ${reuse} or later`,
    ]),
    "",
    "/* verilator lint_off LITENDIAN */",
    `module ${name} (`,
    ...columns(
      [
        ["input  logic", "", "clk,"],
        ["input  logic", "", "start,"],
        ["input  logic", `[${columnCount * input.width - 1}:0]`, "x, // column 0 lowest"],
        ["output logic", `[${rows * result.width - 1}:0]`, "y  // row 0 lowest"],
      ],
      "    ",
    ),
    ");",
    "",
    ...columns(
      [
        ["localparam int", "ROWS", `= ${rows};`],
        ["localparam int", "GROUPS", `= ${groups};`, "// of rows that share multipliers"],
        ["localparam int", "EACH", `= ${rowsEach};`, "// rows of a group, one after the other"],
        ["localparam int", "PARTS", `= ${perRow};`, "// multipliers of a group, at the same time"],
        ["localparam int", "RUN", `= ${run};`, "// columns a multiplier goes through for a row"],
        ["localparam int", "HELD", `= ${(perRow - 1) * run + 2 ** column};`],
        ["localparam int", "XW", `= ${input.width};`, "// bits of x, weights, products, y"],
        ["localparam int", "WW", `= ${weight.width};`],
        ["localparam int", "PW", `= ${input.width + weight.width};`],
        ["localparam int", "YW", `= ${result.width};`],
      ],
      "  ",
    ),
    "",
    "  localparam logic [0:ROWS*YW-1] BIAS = {",
    ...wrapped(
      block.bias.map((b) => literal(modulo(b, result.width), result)),
      "    ",
    ),
    "  };",
    "",
    "  // the inputs stand in held; slot counts the rows of a group, EACH means idle",
    "  logic [HELD*XW-1:0] held;",
    ...counters.map(({ name, width }) => `  logic [${width - 1}:0] ${name};`),
    "  always_ff @(posedge clk) begin",
    "    if (start) begin",
    "      held   <= (HELD*XW)'(x);",
    `      step   <= ${step}'d0;`,
    `      column <= ${column}'d0;`,
    `      slot   <= ${slot}'d0;`,
    `    end else if (slot != ${slot}'d${rowsEach}) begin`,
    `      step   <= step == ${step}'d${run * rowsEach - 1} ? ${step}'d0 : step + ${step}'d1;`,
    `      column <= column == ${column}'d${run - 1} ? ${column}'d0 : column + ${column}'d1;`,
    `      if (column == ${column}'d${run - 1}) slot <= slot + ${slot}'d1;`,
    "    end",
    "  end",
    "",
    "  // first column and slot when the product arrives at the sums",
    ...arrivals(late, slot, `column == ${column}'d0`),
    "",
    "  logic [PARTS*XW-1:0] operands;",
    "  for (genvar part = 0; part < PARTS; part++) begin : g_operand",
    `    ${via(stages.operand, "operands[part*XW +: XW]", "held[(part*RUN + 32'(column))*XW +: XW]")}`,
    "  end",
    "",
    "  // a weight per multiplier, group 0 and its first part lowest",
    "  logic [GROUPS*PARTS*WW-1:0] weights;",
    ...weightMemory(block, { type: weight, stepBits: step, isRegister: stages.operand }),
    "",
    ...(stages.after > 0 ? ["  logic [ROWS*YW-1:0] totals;"] : []),
    "  for (genvar group = 0; group < GROUPS; group++) begin : g_group",
    "    logic [PARTS*PW-1:0] products;",
    "    for (genvar part = 0; part < PARTS; part++) begin : g_multiplier",
    "      wire signed [XW-1:0] operand = operands[part*XW +: XW];",
    "      wire signed [WW-1:0] weight = weights[(group*PARTS + part)*WW +: WW];",
    '      (* use_dsp = "yes" *) logic signed [PW-1:0] product;',
    `      ${via(stages.product, "product", "PW'(operand) * PW'(weight)")}`,
    "      assign products[part*PW +: PW] = product;",
    "    end",
    "",
    "    logic signed [YW-1:0] partial, sum;",
    "    always_comb begin",
    "      partial = '0;",
    "      for (int part = 0; part < PARTS; part++)",
    "        partial = partial + YW'($signed(products[part*PW +: PW]));",
    "    end",
    `    ${via(stages.sum, "sum", "partial")}`,
    "",
    "    for (genvar i = 0; i < EACH; i++) begin : g_row",
    "      localparam int ROW = group*EACH + i;",
    "      if (ROW < ROWS) begin : g_there",
    "        logic signed [YW-1:0] total;",
    "        always_ff @(posedge clk)",
    `          if (slot_last == ${slot}'(i)) total <= (first_last ? $signed(BIAS[ROW*YW +: YW]) : total) + sum;`,
    `        assign ${stages.after > 0 ? "totals" : "y"}[ROW*YW +: YW] = total;`,
    "      end",
    "    end",
    "  end",
    ...behind(stages.after),
    "",
    "endmodule",
    "",
  ].join("\n");
}

/** The counters as they come with the sums, behind `late` registers. */
function arrivals(late: number, slotBits: number, isFirst: string): string[] {
  const name = (i: number) => (i === late ? "last" : `${i}`);
  const names = Array.from({ length: late }, (_, i) => name(i + 1));
  if (late === 0)
    return [`  wire first_last = ${isFirst};`, `  wire [${slotBits - 1}:0] slot_last = slot;`];
  return [
    `  logic ${names.map((n) => `first_${n}`).join(", ")};`,
    `  logic [${slotBits - 1}:0] ${names.map((n) => `slot_${n}`).join(", ")};`,
    "  always_ff @(posedge clk) begin",
    ...columns(
      names.flatMap((n, i) => [
        [`first_${n}`, i === 0 ? `<= ${isFirst};` : `<= first_${names[i - 1]};`],
        [`slot_${n}`, i === 0 ? "<= slot;" : `<= slot_${names[i - 1]};`],
      ]),
      "    ",
    ),
    "  end",
  ];
}

/** Registers behind the results. */
function behind(after: number): string[] {
  if (after === 0) return [];
  const names = Array.from({ length: after }, (_, i) => `totals_${i + 1}`);
  return [
    "",
    `  logic [ROWS*YW-1:0] ${names.join(", ")};`,
    "  always_ff @(posedge clk) begin",
    ...names.map((name, i) => `    ${name} <= ${i === 0 ? "totals" : names[i - 1]};`),
    "  end",
    `  assign y = ${names[after - 1]};`,
  ];
}

/** The weights of all multipliers step by step; zero where there is none. */
function weightMemory(
  block: SerialBlock,
  memory: { readonly type: WireType; readonly stepBits: number; readonly isRegister: boolean },
): string[] {
  const { type, stepBits, isRegister } = memory;
  const { perRow, run, rowsEach, multipliers } = serialShape(block);
  const columnCount = block.inputs.length;
  const assign = isRegister ? "<=" : "=";
  const steps = Array.from({ length: run * rowsEach }, (_, step) => {
    const literals = Array.from({ length: multipliers }, (_, m) => {
      const row = Math.floor(m / perRow) * rowsEach + Math.floor(step / run);
      const column = (m % perRow) * run + (step % run);
      const isThere = row < block.rows && column < columnCount;
      return literal(isThere ? block.weights[row * columnCount + column] : 0, type);
    });
    return [
      `      ${stepBits}'d${step}: weights ${assign} {`,
      ...wrapped(literals.reverse(), "          "),
      "      };",
    ];
  });
  return [
    `  ${isRegister ? "always_ff @(posedge clk)" : "always_comb"}`,
    "    case (step)",
    ...steps.flat(),
    `      default: weights ${assign} '0;`,
    "    endcase",
  ];
}

/** An integer as the low bits of it read with a sign. */
function modulo(value: number, width: number): number {
  const low = value - Math.floor(value / 2 ** width) * 2 ** width;
  return low >= 2 ** (width - 1) ? low - 2 ** width : low;
}
