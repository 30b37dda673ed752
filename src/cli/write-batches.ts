import { type BatchWriter, type WriteAllOptions, writeAll } from "../data/write-all.ts";
import type { Session } from "./session.ts";

/**
 * Writes batches with a bar of the rows and heeds Ctrl-C, which leaves no file.
 * @param total - rows to expect.
 * @returns rows written.
 */
export async function writeBatches<B extends { readonly rows: number }>(
  session: Session,
  writer: BatchWriter<B>,
  batches: AsyncIterable<B> | Iterable<B>,
  { total, ...names }: Pick<WriteAllOptions, "task" | "out"> & { readonly total: number },
): Promise<number> {
  const progress = session.progress(names.task, total);
  const onRows = (rows: number) => progress.update(rows);
  return writeAll(writer, batches, { ...names, signal: session.signal, onRows }).finally(() =>
    progress.finish(),
  );
}
