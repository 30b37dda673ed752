import type { FixedFormat } from "../format.ts";
import type { Lane, TableOp } from "../program.ts";
import { formatOf } from "./export-values.ts";
import { activation } from "./functions.ts";

const kinds = {
  exp: "Exp",
  reciprocal: "Reciprocal",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
  sqrt: "Sqrt",
  softplus: "Softplus",
} as const;

/** A table as a function of float numbers and a cast. */
export interface TableTwin {
  /** ONNX operator. */
  readonly opType: string;
  /** True where the function takes -x. */
  readonly isNegated: boolean;
  /** Cast of the result. */
  readonly format: FixedFormat;
  /** Rounding mode of Quant. */
  readonly mode: "ROUND" | "FLOOR";
}

/** The function whose rounded values are the table's, at every entry; null where none is. */
export function findTwin(table: TableOp, { fraction }: Lane): TableTwin | null {
  const { values, first } = table;
  const lo = values.reduce((a, b) => Math.min(a, b));
  const hi = values.reduce((a, b) => Math.max(a, b));
  const format = formatOf({ fraction: table.fraction, lo, hi });
  const top = 2 ** (format.width - (format.signed ? 1 : 0)) - 1;
  const bottom = format.signed ? -top - 1 : 0;
  for (const [kind, opType] of Object.entries(kinds))
    for (const isNegated of [false, true])
      for (const [mode, round] of Object.entries({ ROUND: halfEven, FLOOR: Math.floor })) {
        const f = activation({ kind: kind as keyof typeof kinds, alpha: 0, beta: 0 });
        const fits = values.every((value, i) => {
          const x = (first + i) * 2 ** -fraction;
          const y = f(isNegated ? -x : x) * 2 ** table.fraction;
          return Math.min(Math.max(round(y), bottom), top) === value;
        });
        if (fits) return { opType, isNegated, format, mode: mode as TableTwin["mode"] };
      }
  return null;
}

function halfEven(y: number): number {
  const below = Math.floor(y);
  if (y - below !== 0.5) return Math.round(y);
  return below % 2 === 0 ? below : below + 1;
}
