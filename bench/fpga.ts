/**
 * Models of the trigger's size as logic: seconds to emit, resources estimated and as Yosys
 * counts them, and what shared sums save.
 *
 * `npm run bench fpga [-- --model NAME --clock 360 --yosys --naive]`
 * Emission is everything from the integer program to the SystemVerilog text, on one core. Savings
 * are LUTs of the whole design against two baselines without shared sums, each row of a product a
 * plain tree of the signed digits of its weights: written down literally, and with equal nodes of
 * all rows made once, as a synthesis tool does. `--yosys` synthesizes the emitted text (minutes),
 * `--naive` the text of the literal baseline too.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { emitSystemVerilog } from "../src/fpga/emit/index.ts";
import { buildLogic, buildNetlist, pipelineNetlist, price } from "../src/fpga/logic/index.ts";
import type { LogicNode, Netlist } from "../src/fpga/netlist.ts";
import type { FixedProgram } from "../src/fpga/program.ts";
import { runYosys } from "../src/tasks/fpga/run-yosys.ts";
import {
  anomalyProgram,
  convolutionProgram,
  jetProgram,
  kernelProgram,
  muonProgram,
  serialized,
} from "../test/fpga/emit/large-programs.ts";
import { denseProgram } from "../test/fpga/logic/networks.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string" },
    clock: { type: "string", default: "360" },
    yosys: { type: "boolean", default: false },
    naive: { type: "boolean", default: false },
  },
});
const clockMhz = Number(options.clock);
const top = "top";

/** Random weights: normal with 40 % zeros for the trained-like one, uniform in the others. */
const models: Readonly<Record<string, () => FixedProgram>> = {
  "trained-like 32x3": () => denseProgram([4, 32, 32, 32, 1], { inputBits: 10 }),
  "muon 32x3": () => muonProgram([32, 3]),
  "muon 128x4 serial": () => muonProgram([128, 4], { strategies: serialized(4, 128) }),
  "falkon linear": () => kernelProgram(0),
  "falkon gaussian 100": () => kernelProgram(100),
  "anomaly 57-32-16-8": anomalyProgram,
  "jets 16-64-32-32-5": jetProgram,
  "conv2d 8x8": convolutionProgram,
};

/** The same logic with equal nodes made once. */
function merged({ name, nodes, blocks, outputs }: Netlist): Netlist {
  const known = new Map<string, number>();
  const kept: LogicNode[] = [];
  const moved: number[] = [];
  for (const node of nodes) {
    const copy: Record<string, unknown> = { ...node };
    for (const key of ["a", "b", "condition"])
      if (key in copy) copy[key] = moved[Number(copy[key])];
    const { layer, lo, hi, ...what } = copy;
    const key = JSON.stringify(what);
    const place = known.get(key) ?? kept.push(copy as LogicNode) - 1;
    known.set(key, place);
    moved.push(place);
  }
  const at = (ids: readonly number[]) => ids.map((id) => moved[id]);
  return {
    name,
    nodes: kept,
    blocks: blocks.map((block) => ({ ...block, inputs: at(block.inputs) })),
    outputs: outputs.map((output) => ({ ...output, nodes: at(output.nodes) })),
  };
}

function emitted(program: FixedProgram, share: boolean) {
  const began = performance.now();
  const { netlist, vectors } = buildLogic(program, { share });
  const pipeline = pipelineNetlist(netlist, { clockMhz });
  const cost = price(netlist, pipeline);
  const files = emitSystemVerilog(netlist, pipeline, { program, vectors, top });
  return { cost, files, seconds: (performance.now() - began) / 1000 };
}

async function synthesized({ files }: ReturnType<typeof emitted>) {
  const folder = mkdtempSync(join(tmpdir(), "bench-fpga-"));
  try {
    for (const { path, text } of files) writeFileSync(join(folder, path), text);
    const { luts, srls, ffs, dsps, seconds } = await runYosys({ folder, top, limitMinutes: 60 });
    return { luts: luts + srls, ffs, dsps, seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const lutsOf = (netlist: Netlist) =>
  price(netlist, pipelineNetlist(netlist, { clockMhz, retime: false })).luts;
const percent = (part: number, whole: number) => `${(100 * (1 - part / whole)).toFixed(1)} %`;
const ratio = (a: number, b: number) => (a / b).toFixed(2);

console.log(`Node ${process.version}, ${clockMhz} MHz`);
for (const [name, make] of Object.entries(models)) {
  if (options.model !== undefined && !name.includes(options.model)) continue;
  const program = make();
  emitted(program, true); // to warm up
  const design = emitted(program, true);
  const { cost } = design;
  const literal = buildNetlist(program, { share: false });
  const [once, each] = [lutsOf(merged(literal)), lutsOf(literal)];
  console.log(
    `${name}: emitted in ${design.seconds.toFixed(2)} s; ${cost.luts} LUTs, ${cost.ffs} FFs, ${cost.dsps} DSPs, ` +
      `${cost.latencyClocks} clocks = ${cost.latencyNs.toFixed(1)} ns; ` +
      `LUTs saved ${percent(cost.luts, each)} of ${each} literally, ${percent(cost.luts, once)} of ${once} merged`,
  );
  if (!options.yosys) continue;
  const { luts, ffs, dsps, seconds } = await synthesized(design);
  console.log(
    `  Yosys (${seconds.toFixed(0)} s): ${luts} LUTs, ${ffs} FFs, ${dsps} DSPs; estimated / counted ${ratio(cost.luts, luts)} LUTs, ${ratio(cost.ffs, ffs)} FFs`,
  );
  if (!options.naive) continue;
  const naive = await synthesized(emitted(program, false));
  console.log(
    `  Yosys of the literal text (${naive.seconds.toFixed(0)} s): ${naive.luts} LUTs, of which shared sums save ${percent(luts, naive.luts)}`,
  );
}
