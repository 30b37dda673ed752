import type { NodeId } from "../netlist.ts";
import { declarations } from "./declarations.ts";
import { columns } from "./layout.ts";
import type { Scope } from "./names.ts";
import { declaration, typeOf, type WireType } from "./wires.ts";

/** A wire that is read later than it is there. */
export interface Delayed {
  readonly id: NodeId;
  readonly name: string;
  readonly lo: number;
  readonly hi: number;
  /** Clock in which it is there. */
  readonly from: number;
  /** Clocks in which it is read, ascending, all after `from`. */
  readonly taps: readonly number[];
}

/** One register. */
interface Step {
  readonly name: string;
  readonly from: string;
  readonly type: WireType;
}

/** Delays longer than this become one instance of the delay module. */
const longest = 3;

/** Registers of one module: where a wire is read in a clock, and the text that makes it so. */
export interface Registers {
  /** Name of wire `id` in a clock. */
  nameAt(id: NodeId, clock: number): string;
  /** Declarations and assignments of what is new in a clock. */
  text(clock: number): string[];
  /** Clocks that have new registers, ascending. */
  readonly clocks: readonly number[];
}

/** Plans the registers of one module; x_t3 is x as registered until clock 3. */
export function planRegisters(
  wires: readonly Delayed[],
  { delayModule, names }: { readonly delayModule: string; readonly names: Scope },
): Registers {
  const at = new Map<string, string>();
  const steps = new Map<number, Step[]>();
  const lines = new Map<number, string[]>();
  for (const { id, name, lo, hi, from, taps } of wires) {
    const type = typeOf({ lo, hi });
    let last = name;
    let clock = from;
    for (const tap of taps) {
      const isLong = tap - clock > longest;
      for (let t = isLong ? tap : clock + 1; t <= tap; t++) {
        const next = names.claim(`${name}_t${t}`);
        if (isLong)
          add(lines, t, [
            `  ${declaration("wire", type, next)};`,
            `  ${delayModule} #(.WIDTH(${type.width}), .CLOCKS(${tap - clock})) ${names.claim(`${name}_to_t${t}`)} (.clk, .d(${last}), .q(${next}));`,
          ]);
        else add(steps, t, [{ name: next, from: last, type }]);
        last = next;
      }
      clock = tap;
      at.set(`${id}@${tap}`, last);
    }
  }
  const nameOf = new Map(wires.map(({ id, name, from }) => [`${id}@${from}`, name]));
  return {
    nameAt: (id, clock) => at.get(`${id}@${clock}`) ?? nameOf.get(`${id}@${clock}`) ?? "",
    text: (clock) => [...registers(steps.get(clock) ?? []), ...(lines.get(clock) ?? [])],
    clocks: [...new Set([...steps.keys(), ...lines.keys()])].sort((a, b) => a - b),
  };
}

function registers(steps: readonly Step[]): string[] {
  if (steps.length === 0) return [];
  return [
    ...declarations("logic", steps),
    "  always_ff @(posedge clk) begin",
    ...columns(
      steps.map(({ name, from }) => [name, `<= ${from};`]),
      "    ",
    ),
    "  end",
  ];
}

function add<K, V>(lists: Map<K, V[]>, key: K, items: readonly V[]): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [...items]);
  else list.push(...items);
}
