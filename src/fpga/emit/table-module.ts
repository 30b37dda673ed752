import type { Interval } from "../logic/intervals.ts";
import type { LogicNode } from "../netlist.ts";
import { columns, comment } from "./layout.ts";
import type { Scope } from "./names.ts";
import { declaration, literal, typeOf, type WireType } from "./wires.ts";

type TableNode = Extract<LogicNode, { op: "table" }>;

/** The read-only memories of a design: one module for all tables with the same content. */
export interface Tables {
  /** Name of the module that holds the table, read by a wire of this interval. */
  moduleOf(node: TableNode, address: Interval): string;
  /** Text of every module asked for, by name. */
  modules(): ReadonlyMap<string, string>;
}

/** Collects tables; names are "<top>_table_<label>". */
export function collectTables(top: string, names: Scope): Tables {
  const known = new Map<string, string>();
  const texts = new Map<string, string>();
  return {
    moduleOf(node, address) {
      const type = typeOf(address);
      const key = [node.label, type.signed, type.width, node.first, node.values.join()].join("|");
      const before = known.get(key);
      if (before !== undefined) return before;
      const name = names.claim(`${top}_table_${node.label}`);
      known.set(key, name);
      texts.set(name, tableModule(name, node, type));
      return name;
    },
    modules: () => texts,
  };
}

/**
 * A memory addressed by the bits of n as they are (two's complement), so that no subtraction is
 * needed; places that n never reaches hold 0.
 */
function tableModule(
  name: string,
  { label, first, values, lo, hi }: TableNode,
  n: WireType,
): string {
  const result = typeOf({ lo, hi });
  const address = { width: n.width, signed: false };
  const cells = Array.from({ length: 2 ** n.width }, (_, bits) => {
    const signed = n.signed && bits >= 2 ** (n.width - 1) ? bits - 2 ** n.width : bits;
    const value = values[signed - first] ?? 0;
    const place = String(bits).padStart(String(2 ** n.width - 1).length);
    return `rom[${place}] = ${literal(value, result).padStart(result.width > 3 ? 8 : 6)};`;
  });
  const perLine = 4;
  const rows = Array.from({ length: Math.ceil(cells.length / perLine) }, (_, i) =>
    cells.slice(i * perLine, (i + 1) * perLine),
  );
  return [
    ...comment([`Table ${label}: value for n from ${first} to ${first + values.length - 1}`]),
    "",
    `module ${name} (`,
    `    input  ${declaration("logic", n, "n")},`,
    `    output ${declaration("logic", result, "value")}`,
    ");",
    "",
    `  ${declaration("logic", result, "rom")} [0:${2 ** n.width - 1}];`,
    `  ${declaration("wire", address, "address")} = n;`,
    "  assign value = rom[address];",
    "",
    "  initial begin",
    ...columns(rows, "    "),
    "  end",
    "",
    "endmodule",
    "",
  ].join("\n");
}
