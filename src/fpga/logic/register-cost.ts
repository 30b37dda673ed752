import type { Netlist, Pipeline } from "../netlist.ts";
import { isWiring, passedBits, usesOf } from "./demand.ts";
import { bitsOf } from "./intervals.ts";

/** Registers in a row that become one shift register in a LUT (SRL16E, SRLC32E). */
const shortestShift = 3;
const longestShift = 32;

/**
 * Registers of each node: every bit is kept until its last reader's stage, through wires and sums
 * that only rename it; where a chain runs for three clocks or more untapped, it is a shift register in LUTs.
 */
export function registerCost(
  { nodes, blocks, outputs }: Netlist,
  { stages, latency }: Pipeline,
): { readonly ffs: number; readonly luts: number }[] {
  // per bit of each node the stages in which it is read, by a bit mask per word of 32 stages
  const reads: Map<number, number>[][] = nodes.map((node) =>
    Array.from({ length: bitsOf(node) }, () => new Map()),
  );
  const read = (id: number, bit: number, word: number, mask: number) => {
    const masks = reads[id][Math.min(bit, reads[id].length - 1)];
    masks?.set(word, (masks.get(word) ?? 0) | mask);
  };
  const readAll = (id: number, stage: number) => {
    for (const bit of reads[id].keys()) read(id, bit, stage >> 5, 1 << (stage & 31));
  };
  for (const output of outputs) for (const id of output.nodes) readAll(id, latency);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const used = reads[i].map((masks) => masks.size > 0);
    const low = used.indexOf(true);
    if (low < 0) continue;
    if (node.op === "serial")
      for (const id of blocks[node.block].inputs)
        readAll(id, stages[i] - blocks[node.block].latency);
    if (isWiring(nodes, node))
      for (let bit = low; bit < used.length; bit++)
        for (const use of usesOf(nodes, node, { low: bit, end: bit + 1 }))
          for (let from = use.low; from < use.end; from++)
            for (const [word, mask] of reads[i][bit]) read(use.node, from, word, mask);
    else {
      const passed = passedBits(node);
      for (let bit = low; bit < Math.min(passed.bits, used.length); bit++)
        for (const [word, mask] of reads[i][bit]) read(passed.node, bit, word, mask);
      const end = used.lastIndexOf(true) + 1;
      if (end <= passed.bits) continue;
      for (const use of usesOf(nodes, node, { low, end })) {
        const from = use.node === passed.node ? Math.max(use.low, passed.bits) : use.low;
        for (let bit = from; bit < use.end; bit++)
          read(use.node, bit, stages[i] >> 5, 1 << (stages[i] & 31));
      }
    }
  }
  return nodes.map((node, i) => {
    const cost = { ffs: 0, luts: 0 };
    if (node.op === "constant" || isWiring(nodes, node)) return cost;
    for (const masks of reads[i].slice(passedBits(node).bits)) chain(masks, stages[i], cost);
    return cost;
  });
}

/** Adds the registers of one bit from its stage to each of its readers'. */
function chain(
  masks: ReadonlyMap<number, number>,
  start: number,
  cost: { ffs: number; luts: number },
): void {
  let at = start;
  const taps: number[] = [];
  for (const [word, mask] of masks)
    for (let bit = 0; bit < 32; bit++) if ((mask >>> bit) & 1) taps.push(word * 32 + bit);
  for (const tap of taps.sort((a, b) => a - b)) {
    const gap = tap - at;
    if (gap <= 0) continue;
    if (gap < shortestShift) cost.ffs += gap;
    else cost.luts += Math.ceil(gap / longestShift);
    at = tap;
  }
}
