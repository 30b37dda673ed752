import type { FloatNetwork, FloatNode } from "../network.ts";
import { nonzeroColumns, positionsOf, widthsOf } from "./nodes.ts";

/** What becomes of one lane, and what that asks of its fixed-point form. */
export interface Use {
  /** It is multiplied by weights or by another lane: its width costs logic. */
  factor: boolean;
  /** It is multiplied by another lane. */
  product: boolean;
  /** It goes into a sum, a comparison or an output as it is. */
  term: boolean;
  /** It addresses a table. */
  lookup: boolean;
  /** It leaves the network. */
  output: boolean;
  /** Value of 1 that those who read it ask for; null: free to choose. */
  unit: number | null;
  /** Largest step that does no harm, in units of the network; null: not known. */
  step: number | null;
}

/** A lane whose integers are known exactly: values = n · unit with n in [lo, hi]. */
export interface Exact {
  readonly unit: number;
  readonly lo: number;
  readonly hi: number;
}

export interface Uses {
  readonly widths: ReadonlyMap<string, number>;
  readonly uses: ReadonlyMap<string, readonly Use[]>;
  /** Unit a lane has by what it is made of (hardware integers passing through), null: any. */
  readonly natural: ReadonlyMap<string, readonly (number | null)[]>;
  readonly exact: ReadonlyMap<string, readonly (Exact | null)[]>;
  /** Lanes of the inputs that a product with several columns reads. */
  readonly scaled: ReadonlyMap<string, readonly boolean[]>;
}

/** How far a period may be from a whole number of units: constants in float32 are off by 1e-7. */
const periodTolerance = 1e-3;

/** Finds what each lane of a (simplified) network is for, `steps` by output name. */
export function findUses(
  network: FloatNetwork,
  steps: Readonly<Record<string, number>> = {},
): Uses {
  const widths = widthsOf(network);
  const { natural, exact } = naturalUnits(network, widths);
  const uses = new Map<string, Use[]>();
  for (const [name, width] of widths)
    uses.set(
      name,
      Array.from({ length: width }, () => ({
        factor: false,
        product: false,
        term: false,
        lookup: false,
        output: false,
        unit: null,
        step: null,
      })),
    );
  const mark = (name: string, lane: number, use: Partial<Use>) => {
    const all = uses.get(name)!;
    const of = all[all.length === 1 ? 0 : lane];
    of.factor ||= use.factor ?? false;
    of.product ||= use.product ?? false;
    of.term ||= use.term ?? false;
    of.lookup ||= use.lookup ?? false;
    of.output ||= use.output ?? false;
    of.unit ??= use.unit ?? null;
    if (use.step != null) of.step = Math.min(of.step ?? Number.POSITIVE_INFINITY, use.step);
  };
  const markAll = (name: string, use: Partial<Use>) => {
    for (let lane = 0; lane < widths.get(name)!; lane++) mark(name, lane, use);
  };

  for (const { name, from } of network.outputs) {
    const [first, ...others] = natural.get(from)!;
    const unit = others.every((other) => other === first) ? first : null;
    markAll(from, {
      term: true,
      output: true,
      unit: unit ?? uses.get(from)![0].unit ?? 1,
      step: steps[name],
    });
  }
  const scaled = new Map(network.inputs.map((i) => [i.name, i.labels.map(() => false)]));
  for (const node of [...network.nodes].reverse()) {
    const own = uses.get(node.output)!;
    switch (node.op) {
      case "pick":
        node.lanes.forEach(([input, lane], i) => {
          mark(node.inputs[input], lane, own[i]);
        });
        break;
      case "affine":
        markAffine(node);
        break;
      case "activation":
        if (isLaneWise(node.kind))
          for (const [lane, { unit }] of own.entries()) mark(node.input, lane, { unit });
        else if (node.kind === "hardSigmoid") markAll(node.input, { term: true });
        else markAll(node.input, { lookup: true, unit: 1 });
        break;
      case "quantize":
        markAll(node.input, { unit: 1 });
        break;
      case "multiply":
        markAll(node.a, { factor: true, product: true });
        markAll(node.b, { factor: true, product: true });
        break;
      case "add":
      case "sub":
      case "maximum":
        own.forEach(({ unit, step }, lane) => {
          const common = natural.get(node.output)![lane] ?? unit;
          mark(node.a, lane, { term: true, unit: common, step });
          mark(node.b, lane, { term: true, unit: common, step });
        });
        break;
      case "modulo":
        own.forEach(({ step }, lane) => {
          const unit = moduloUnit(natural.get(node.input)![lane], node.period);
          mark(node.input, lane, { term: true, unit, step });
        });
        break;
      case "max":
      case "argmax":
      case "softmax":
        markAll(node.input, {
          term: node.op !== "softmax",
          lookup: node.op === "softmax",
          unit: 1,
          step: own[0].step,
        });
        break;
    }
  }
  return { widths, uses, natural, exact, scaled };

  function markAffine(node: FloatNode & { op: "affine" }): void {
    const isOnce = positionsOf(node) === 1 && !node.gather;
    if (!isOnce) {
      markAll(node.input, { factor: true, unit: 1 });
      return;
    }
    const rows = Array.from({ length: node.rows }, (_, row) => nonzeroColumns(node, row));
    for (const [row, columns] of rows.entries()) {
      const magnitudes = new Set(
        columns.map((column) => {
          const unit = natural.get(node.input)![column] ?? 1;
          return Math.fround(Math.abs(node.weights[row * node.columns + column] * unit));
        }),
      );
      // sums of equal weights need no multiplier: rounding their terms would gain nothing
      const isScaling = magnitudes.size <= 1 && !node.weightFormats;
      for (const column of columns) {
        const { step } = uses.get(node.output)![row];
        const weight = Math.abs(node.weights[row * node.columns + column]);
        if (isScaling) mark(node.input, column, { term: true, step: step && step / weight });
        else mark(node.input, column, { factor: true, unit: node.weightFormats ? 1 : null });
        if (columns.length > 1 && !node.weightFormats) markScaled(node.input, column);
      }
    }
  }

  function markScaled(name: string, lane: number): void {
    const known = scaled.get(name);
    if (known) known[lane] = true;
    const node = network.nodes.find((n) => n.output === name);
    if (node?.op === "pick") markScaled(node.inputs[node.lanes[lane][0]], node.lanes[lane][1]);
  }
}

/** Functions that scale with their argument: f(u x) = u f(x) for u > 0. */
export const isLaneWise = (kind: string): boolean =>
  kind === "relu" || kind === "leakyRelu" || kind === "identity";

/** The unit in which a period is a whole number: that of the lane where it fits, or the period. */
function moduloUnit(unit: number | null, period: number): number {
  if (unit === null) return period;
  const count = period / unit;
  return Math.abs(count - Math.round(count)) < periodTolerance ? unit : period;
}

/** Units that follow from whole numbers coming in, and lanes that stay whole. */
function naturalUnits(network: FloatNetwork, widths: ReadonlyMap<string, number>) {
  const natural = new Map<string, (number | null)[]>();
  const exact = new Map<string, (Exact | null)[]>();
  for (const input of network.inputs) {
    natural.set(
      input.name,
      input.isInteger.map((whole) => (whole ? 1 : null)),
    );
    exact.set(
      input.name,
      input.ranges.map((range, i) =>
        range && input.isInteger[i] ? { unit: 1, lo: range[0], hi: range[1] } : null,
      ),
    );
  }
  const at = <T>(lanes: readonly T[], lane: number) => lanes[lanes.length === 1 ? 0 : lane];
  for (const node of network.nodes) {
    const width = widths.get(node.output)!;
    const units: (number | null)[] = new Array(width).fill(null);
    const known: (Exact | null)[] = new Array(width).fill(null);
    for (let lane = 0; lane < width; lane++) {
      switch (node.op) {
        case "pick": {
          const [input, from] = node.lanes[lane];
          units[lane] = natural.get(node.inputs[input])![from];
          known[lane] = exact.get(node.inputs[input])![from];
          break;
        }
        case "affine": {
          if (node.gather || node.weightFormats) break;
          const columns = nonzeroColumns(node, lane);
          if (columns.length !== 1) break;
          const weight = node.weights[lane * node.columns + columns[0]];
          const unit = natural.get(node.input)![columns[0]];
          const from = exact.get(node.input)![columns[0]];
          if (unit !== null) units[lane] = unit * Math.abs(weight);
          if (from && node.bias[lane] === 0)
            known[lane] = {
              unit: from.unit * Math.abs(weight),
              lo: weight > 0 ? from.lo : -from.hi,
              hi: weight > 0 ? from.hi : -from.lo,
            };
          break;
        }
        case "activation":
          if (isLaneWise(node.kind)) units[lane] = natural.get(node.input)![lane];
          break;
        case "add":
        case "sub":
        case "maximum":
          units[lane] = at(natural.get(node.a)!, lane) ?? at(natural.get(node.b)!, lane);
          break;
        case "multiply": {
          const a = at(natural.get(node.a)!, lane);
          const b = at(natural.get(node.b)!, lane);
          units[lane] = a === null && b === null ? null : (a ?? 1) * (b ?? 1);
          break;
        }
        case "modulo":
          units[lane] = moduloUnit(natural.get(node.input)![lane], node.period);
          break;
        case "max":
          units[lane] = natural.get(node.input)![0];
          break;
      }
    }
    if (node.op === "argmax") units[0] = 1;
    natural.set(node.output, units);
    exact.set(node.output, known);
  }
  return { natural, exact };
}
