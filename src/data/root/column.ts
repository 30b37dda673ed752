import { FormatError } from "../../base/errors.ts";
import type { Chunk } from "./decode.ts";
import { type ColumnValues, type ElementType, elements } from "./element.ts";

/** Values of a branch for a range of entries. */
export interface RootColumn {
  readonly name: string;
  readonly type: ElementType;
  /** All values in order; flat: entries x inner, jagged: items x inner. Bool as 0 and 1. */
  readonly values: ColumnValues | string[];
  /** First item of each entry, then their number [entries + 1]; absent for flat columns. */
  readonly offsets?: Uint32Array;
  /** Fixed inner axes of an item, as [3] of `x[n][3]`; empty for scalars. */
  readonly inner: readonly number[];
  /** First value of each item, then their number [items + 1]; for vectors of vectors. */
  readonly innerOffsets?: Uint32Array;
}

const mostItems = 2 ** 32 - 1;

/** Joins the chunks of a branch, given in the order of entries. The list is emptied on the way. */
export function joinChunks(
  head: Pick<RootColumn, "name" | "type" | "inner">,
  chunks: readonly Chunk[],
  shape: { jagged: boolean; nested: boolean },
): RootColumn {
  const { name, type, inner } = head;
  return {
    name,
    type,
    inner,
    values: joinValues(
      type,
      chunks.map((chunk) => chunk.values),
    ),
    ...(shape.jagged && {
      offsets: toOffsets(
        name,
        chunks.map((chunk) => chunk.counts),
      ),
    }),
    ...(shape.nested && {
      innerOffsets: toOffsets(
        name,
        chunks.map((chunk) => chunk.innerCounts),
      ),
    }),
  };
}

function joinValues(
  type: ElementType,
  parts: readonly (ColumnValues | string[])[],
): ColumnValues | string[] {
  if (type === "string") return (parts as string[][]).flat();
  const numbers = parts as readonly ColumnValues[];
  if (numbers.length === 1) return numbers[0];
  const values = elements[type].make(numbers.reduce((n, part) => n + part.length, 0));
  let done = 0;
  for (const part of numbers) {
    values.set(part as never, done); // parts have the type of the whole
    done += part.length;
  }
  return values;
}

function toOffsets(name: string, parts: readonly (Uint32Array | null)[]): Uint32Array {
  const offsets = new Uint32Array(parts.reduce((n, part) => n + (part?.length ?? 0), 1));
  let total = 0;
  let at = 0;
  for (const counts of parts) {
    if (counts === null) continue;
    for (let i = 0; i < counts.length; i++) offsets[++at] = total += counts[i];
  }
  if (total > mostItems)
    throw new FormatError(
      `branch "${name}": ${total} items, more than ${mostItems}; read it in batches`,
    );
  return offsets;
}
