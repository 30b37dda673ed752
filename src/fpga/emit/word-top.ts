import { ConfigError } from "../../base/errors.ts";
import type { Netlist, Pipeline } from "../netlist.ts";
import { type Bus, bitRange, portsOf } from "./buses.ts";
import { columns, comment } from "./layout.ts";
import { identifier } from "./names.ts";
import type { EmitOptions } from "./system-verilog.ts";
import { ports } from "./top-module.ts";
import { type EmittedFile, framed, literal, typeOf, type WireType } from "./wires.ts";

/** A bit field of a word, as the input of the program with the same label. */
export interface WordField {
  readonly label: string;
  readonly lowBit: number;
  readonly width: number;
  readonly signed: boolean;
}

/** A word of a trigger link and what it is. */
export interface WordLayout {
  /** Name of the port. */
  readonly name: string;
  readonly width: number;
  readonly fields: readonly WordField[];
  /** What the word is, with its source, for the header. */
  readonly about: string;
}

/** Name of the top module around a design. */
export const wordTopName = (top: string): string => `${top}_word`;

/** The word as a bus. */
export const wordBus = ({ name, width, fields }: WordLayout): Bus => ({
  name: identifier(name),
  width,
  fields: fields.map((field) => {
    const hi = 2 ** (field.signed ? field.width - 1 : field.width) - 1;
    const lo = field.signed ? -hi - 1 : 0;
    return { ...field, low: field.lowBit, node: null, lo, hi, fraction: 0 };
  }),
});

/**
 * A top module `<top>_word` around an emitted design that takes its inputs straight from the bits
 * of a raw word: wiring only, same latency. A field that can hold more than its lane is held at the
 * lane's limits where the lane has fewer bits; with as many, other values than the lane's must not come.
 * @throws ConfigError where an input has no field, or a field lies outside of the word.
 */
export function emitWordTop(
  netlist: Netlist,
  pipeline: Pipeline,
  word: WordLayout,
  options: EmitOptions = {},
): EmittedFile {
  const top = identifier(options.top ?? netlist.name);
  const { inputs, outputs } = portsOf(netlist, options.program, options.lanes);
  const byLabel = new Map(word.fields.map((field) => [field.label, field]));
  for (const { label, lowBit, width } of word.fields)
    if (lowBit < 0 || width < 1 || lowBit + width > word.width)
      throw new ConfigError(
        `word ${word.name}: ${label} takes bits ${lowBit} to ${lowBit + width - 1} of ${word.width}`,
      );
  const rows = inputs.flatMap((bus) =>
    bus.fields.map((lane) => {
      const field = byLabel.get(lane.label);
      if (field === undefined)
        throw new ConfigError(
          `word ${word.name}: no field for the input ${lane.label}; it has ${[...byLabel.keys()].join(", ")}`,
        );
      return { bus, lane, field };
    }),
  );
  const bus = wordBus(word);
  const busText = inputs.map(({ name, width }) => `  wire [${width - 1}:0] ${name};`);
  const isPaced = pipeline.interval > 1;
  const text = [
    ...comment([
      `${netlist.name} on a raw word: ${word.about}`,
      ...word.fields.map(
        (field) =>
          `  ${bitRange({ low: field.lowBit, width: field.width })} ${field.label}${field.signed ? ", signed" : ""}`,
      ),
      `Latency ${pipeline.latency} clocks; the outputs are those of ${top}.`,
    ]),
    "",
    `module ${wordTopName(top)} (`,
    ...ports([bus], outputs, isPaced),
    ");",
    "",
    ...columns(
      rows.map(({ lane, field }) => [
        "wire",
        ...(field.signed ? ["signed"] : [""]),
        field.width === 1 && !field.signed ? "" : `[${field.width - 1}:0]`,
        `${identifier(lane.label)}_bits`,
        `= ${bus.name}${bitRange({ low: field.lowBit, width: field.width })};`,
      ]),
      "  ",
    ),
    "",
    ...busText,
    ...columns(
      rows.map(({ bus: { name, width }, lane, field }) => [
        "assign",
        `${name}${width === 1 ? "" : bitRange(lane)}`,
        `= ${fitted(`${identifier(lane.label)}_bits`, field, lane)};`,
      ]),
      "  ",
    ),
    "",
    `  ${top} model (`,
    ...columns(
      [
        ...["clk", "rst", "valid_in", ...(isPaced ? ["ready"] : []), "valid_out"],
        ...[...inputs, ...outputs].map(({ name }) => name),
      ].map((name, i, all) => [`.${name}${i < all.length - 1 ? "," : ""}`]),
      "    ",
    ),
    "  );",
    "",
    "endmodule",
    "",
  ].join("\n");
  return { path: `${wordTopName(top)}.sv`, text: framed(text) };
}

/** The bits of a field as those of its lane. */
function fitted(
  name: string,
  field: WireType,
  lane: { readonly lo: number; readonly hi: number } & WireType,
): string {
  const hi = 2 ** (field.signed ? field.width - 1 : field.width) - 1;
  const lo = field.signed ? -hi - 1 : 0;
  const range = typeOf(lane);
  const fits =
    field.signed === range.signed
      ? field.width <= range.width
      : !field.signed && field.width < range.width;
  if (fits) return field.width === range.width ? name : `${range.width}'(${name})`;
  if (lane.lo <= lo && lane.hi >= hi) return `${range.width}'(${name})`;
  const low =
    lo < lane.lo ? `${name} < ${literal(lane.lo, field)} ? ${literal(lane.lo, range)} : ` : "";
  const high =
    hi > lane.hi ? `${name} > ${literal(lane.hi, field)} ? ${literal(lane.hi, range)} : ` : "";
  return `${low}${high}${range.width}'(${name})`;
}
