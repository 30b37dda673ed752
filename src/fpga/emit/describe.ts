import { printFormat } from "../format.ts";
import type { AffineOp, FixedOp, FixedProgram } from "../program.ts";

/** Lines that say what the operations of a layer are, with their formats. */
export function describeLayer(program: FixedProgram, layer: string): string[] {
  const strategy = program.strategies[layer];
  const how =
    strategy === undefined || strategy.kind === "adders"
      ? ""
      : strategy.kind === "multipliers"
        ? " with DSP multipliers"
        : ` over ${strategy.reuse} clocks`;
  return program.ops
    .filter((op) => op.layer === layer)
    .flatMap((op) => [
      `${op.output} = ${describeOp(op)}${op.op === "affine" ? how : ""}`,
      ...(op.op === "affine" && op.weights.length <= 256 ? describeRows(op) : []),
    ]);
}

/** What each row of a small product adds up: "row 2 = 3 x0 - x4 + 17". */
function describeRows({ rows, columns, weights, bias }: AffineOp): string[] {
  return Array.from({ length: rows }, (_, row) => {
    const terms = [...weights.subarray(row * columns, (row + 1) * columns)]
      .map((weight, column) => ({ n: weight, times: `x${column}` }))
      .concat({ n: bias[row], times: "" })
      .filter(({ n }) => n !== 0)
      .map(({ n, times }, i) => {
        const size = times !== "" && Math.abs(n) === 1 ? "" : `${Math.abs(n)} `;
        const sign = n < 0 ? (i === 0 ? "-" : "- ") : i === 0 ? "" : "+ ";
        return `${sign}${size}${times}`.trim();
      });
    return `  row ${row} = ${terms.join(" ") || "0"}`;
  });
}

/** One operation in words: "affine(x), 4 to 32, weights of 6 bits". */
export function describeOp(op: FixedOp): string {
  switch (op.op) {
    case "affine": {
      const zeros = op.weights.reduce((n, w) => n + (w === 0 ? 1 : 0), 0);
      const largest = op.weights.reduce((m, w) => Math.max(m, Math.abs(w)), 0);
      const times = op.gather === null ? "" : `, at ${op.gather.length / op.columns} positions`;
      const sparse = zeros === 0 ? "" : `, ${zeros} of them zero`;
      return `affine(${op.input}): ${op.columns} to ${op.rows}${times}, ${op.weights.length} weights up to ${largest}${sparse}`;
    }
    case "quantize": {
      const formats = [...new Set(op.formats.map(printFormat))];
      const shown = formats.slice(0, 4).join(" ");
      return `${shown}${formats.length > 4 ? ` ... (${formats.length} formats)` : ""} of ${op.input}`;
    }
    case "add":
    case "sub":
    case "multiply":
    case "maximum":
    case "less":
      return `${op.op}(${op.a}, ${op.b})`;
    case "select":
      return `select(${op.condition}, ${op.a}, ${op.b})`;
    case "clamp":
      return `clamp(${op.input}) to ${op.lo} ... ${op.hi}`;
    case "modulo":
      return `${op.input} modulo ${op.period}`;
    case "table":
      return `table ${op.label} of ${op.input}, ${op.values.length} entries`;
    case "rescale":
      return `${op.input} rescaled by powers of 2`;
    case "pick":
      return `lanes of ${op.inputs.join(", ")}`;
    case "constant":
      return `${op.values.length} constant${op.values.length === 1 ? "" : "s"}`;
    case "relu":
    case "max":
    case "argmax":
      return `${op.op}(${op.input})`;
  }
}
