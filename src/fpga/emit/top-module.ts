import type { NodeId } from "../netlist.ts";
import { type Bus, bitRange, describeBus, type Ports } from "./buses.ts";
import type { ModuleContext } from "./context.ts";
import { declarations } from "./declarations.ts";
import { startClocks, startPort } from "./layer-module.ts";
import { columns, comment, wrapped } from "./layout.ts";
import { planRegisters } from "./registers.ts";
import { literal, typeCells, typeOf } from "./wires.ts";

/**
 * The module around the layers: inputs and outputs as one bus per vector, the valid bit beside them
 * (the only register with a reset), and registers that bring all outputs to the same clock.
 */
export function topModule(
  { inputs, outputs }: Ports,
  context: ModuleContext,
  header: readonly string[],
): string {
  const { plan, delayModule } = context;
  const { netlist, pipeline, names, top } = plan;
  const { nodes } = netlist;
  const local = plan.moduleScope();
  for (const { instance } of plan.layers) local.claim(instance);
  const results = [...new Set(outputs.flatMap((bus) => bus.fields.map((field) => field.node!)))];
  const registers = planRegisters(
    results
      .filter((id) => nodes[id].op !== "constant")
      .map((id) => ({
        ...nodes[id],
        id,
        name: names[id],
        from: pipeline.stages[id],
        taps: pipeline.stages[id] < pipeline.latency ? [pipeline.latency] : [],
      })),
    { delayModule, names: local },
  );
  return [
    ...comment([
      ...header,
      "",
      ...inputs.flatMap((bus) => describeBus(bus, "in ")),
      ...outputs.flatMap((bus) => describeBus(bus, "out")),
    ]),
    "",
    `module ${top} (`,
    ...ports(inputs, outputs, pipeline.interval > 1),
    ");",
    "",
    ...validChain(pipeline.latency, pipeline.interval),
    "",
    "  // lanes of the inputs",
    ...columns(
      inputs.flatMap(({ name, width, fields }) =>
        fields
          .filter(({ node }) => node !== null && plan.isLive[node])
          .map((field) => [
            "wire",
            ...typeCells(field),
            names[field.node!],
            `= ${name}${width === 1 ? "" : bitRange(field)};`,
          ]),
      ),
      "  ",
    ),
    ...plan.layers.flatMap((layer) => [
      "",
      ...declarations(
        "wire",
        layer.exports.map((id) => ({ name: names[id], type: typeOf(nodes[id]) })),
      ),
      `  ${layer.module} ${layer.instance} (`,
      ...wrapped(
        [
          ".clk",
          ...startClocks(layer, plan).map((t) => `.${startPort(t)}(${validAt(t)})`),
          ...[...layer.imports, ...layer.exports].map((id) => `.${names[id]}`),
        ],
        "    ",
      ),
      "  );",
    ]),
    "",
    `  // outputs in clock ${pipeline.latency}`,
    ...registers.clocks.flatMap((clock) => registers.text(clock)),
    ...outputs.flatMap(({ name, fields }) => [
      `  assign ${name} = {`,
      ...wrapped(fields.map((field) => resultText(field.node!, field)).reverse(), "    "),
      "  };",
    ]),
    "",
    "endmodule",
    "",
  ].join("\n");

  function resultText(
    id: NodeId,
    type: { readonly width: number; readonly signed: boolean },
  ): string {
    const node = nodes[id];
    return node.op === "constant"
      ? literal(node.value, type)
      : registers.nameAt(id, pipeline.latency);
  }
}

/** Ports of a top module, as the testbench and other tops connect them. */
export function ports(
  inputs: readonly Bus[],
  outputs: readonly Bus[],
  hasReady: boolean,
): string[] {
  const range = (width: number) => (width === 1 ? "" : `[${width - 1}:0]`);
  const rows = [
    ["input  logic", "", "clk"],
    ["input  logic", "", "rst"],
    ["input  logic", "", "valid_in"],
    ...(hasReady ? [["output logic", "", "ready"]] : []),
    ...inputs.map(({ name, width }) => ["input  logic", range(width), name]),
    ["output logic", "", "valid_out"],
    ...outputs.map(({ name, width }) => ["output logic", range(width), name]),
  ];
  return columns(
    rows.map(([kind, type, name], i) => [kind, type, i < rows.length - 1 ? `${name},` : name]),
    "    ",
  );
}

/** The valid bit of a clock. */
const validAt = (clock: number) => (clock === 0 ? "accept" : `valid[${clock - 1}]`);

function validChain(latency: number, interval: number): string[] {
  const counter = typeOf({ lo: 0, hi: Math.max(1, interval - 1) }).width;
  const accept =
    interval === 1
      ? ["  wire accept = valid_in;"]
      : [
          `  // one inference every ${interval} clocks: valid_in counts where ready`,
          `  logic [${counter - 1}:0] pause;`,
          `  assign ready = pause == ${counter}'d0;`,
          "  wire accept = valid_in & ready;",
          "  always_ff @(posedge clk)",
          `    if (rst) pause <= ${counter}'d0;`,
          `    else if (accept) pause <= ${counter}'d${interval - 1};`,
          `    else if (!ready) pause <= pause - ${counter}'d1;`,
          "",
        ];
  if (latency === 0) return [...accept, "  assign valid_out = accept;"];
  const next = latency === 1 ? "accept" : `{valid[${latency - 2}:0], accept}`;
  return [
    ...accept,
    `  // valid[i] belongs to clock i + 1`,
    `  logic [${latency - 1}:0] valid;`,
    "  always_ff @(posedge clk)",
    `    if (rst) valid <= '0;`,
    `    else valid <= ${next};`,
    `  assign valid_out = valid[${latency - 1}];`,
  ];
}
