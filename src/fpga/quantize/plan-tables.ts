import { ConfigError } from "../../base/errors.ts";
import type { Rounding } from "../format.ts";
import type { FloatNode } from "../network.ts";
import { chooseFormat, coverFormat, integerBits } from "./choose-format.ts";
import { inputsOf } from "./nodes.ts";
import { isNeverNegative, isTable } from "./plan-lanes.ts";
import { maxAddress, type TablePlan, termBits, type Widths } from "./plan-types.ts";
import type { Calibration } from "./ranges.ts";
import type { Uses } from "./uses.ts";

/** Products that only an exp reads, and that are never positive: they are computed negated. */
export function negatedArguments({ network, values }: Calibration): ReadonlySet<string> {
  const readers = network.nodes.flatMap(inputsOf);
  const names = network.nodes.flatMap((node) =>
    node.op === "activation" && node.kind === "exp" ? [node.input] : [],
  );
  return new Set(
    network.nodes
      .filter((node) => node.op === "affine" && !node.weightFormats && names.includes(node.output))
      .map((node) => node.output)
      .filter((name) => readers.filter((read) => read === name).length === 1)
      .filter((name) => values.get(name)!.every((lane) => lane.every((value) => value <= 0))),
  );
}

/** Address and result of the tables of one node. */
export function planTables(
  { values }: Calibration,
  {
    node,
    uses,
    widths,
    rounding,
    isNegated,
    tables,
  }: {
    node: FloatNode;
    uses: Uses;
    widths: Widths;
    rounding: Rounding;
    isNegated: boolean;
    tables: Record<string, TablePlan>;
  },
): void {
  const name = node.output;
  if (node.op !== "softmax" && !(node.op === "activation" && isTable(node))) return;
  const address = widths.addresses(name);
  const most = node.op === "activation" && node.kind === "exp" ? 2 * maxAddress : maxAddress;
  if (address > most)
    throw new ConfigError(
      `quantize: the table of ${node.layer} would have ${address} address bits, ${2 ** address} entries; at most ${most} bits are built`,
    );
  const [use] = uses.uses.get(name)!;
  const width = widths.activations(name) + (use.factor && !use.product ? 0 : termBits);
  const input = values.get(node.input)!;
  if (node.op === "softmax") {
    const choice = { width: address, signed: false, rounding };
    const exps = { signed: false, width, integer: 1, rounding, overflow: "SAT" } as const;
    const isNegated = false;
    const distances = chooseFormat(belowLargest(input), choice);
    tables[name] = { isNegated, address: distances, result: exps };
    const sums = { ...exps, width: address, integer: integerBits(input.length, false) };
    tables[`${name}/reciprocal`] = { isNegated, address: sums, result: exps };
    return;
  }
  const all = joined(input).map((value) => (isNegated ? -value : value));
  const signed = all.some((value) => value < 0);
  tables[name] = {
    isNegated,
    address: chooseFormat(all, { width: address, signed, rounding }),
    result: coverFormat(joined(values.get(name)!), {
      signed: !isNeverNegative(node),
      rounding,
      width,
    }),
  };
}

/** All lanes one after the other. */
function joined(lanes: readonly Float64Array[]): Float64Array {
  const rows = lanes[0].length;
  const all = new Float64Array(rows * lanes.length);
  lanes.forEach((lane, i) => {
    all.set(lane, i * rows);
  });
  return all;
}

/** Distance of each lane to the largest one of its row. */
function belowLargest(lanes: readonly Float64Array[]): Float64Array {
  const largest = lanes[0].map((_, row) => Math.max(...lanes.map((lane) => lane[row])));
  return joined(lanes.map((lane) => lane.map((value, row) => largest[row] - value)));
}
