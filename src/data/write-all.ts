import { CancelledError } from "../base/errors.ts";
import type { TableWriter } from "./write.ts";

export interface WriteAllOptions {
  /** Who works, and on what, for the message of a stop: "convert", "out.parquet". */
  readonly task: string;
  readonly out: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with the rows so far, after each batch. */
  readonly onRows?: ((rows: number) => void) | undefined;
}

/** Takes batches of any kind; the file is there only when `close` is through. */
export interface BatchWriter<B> extends Omit<TableWriter, "append"> {
  append(batch: B): Promise<void>;
}

/** A writer that is opened with the first batch, which shows the schema. */
export function lazyWriter<B>(open: (first: B) => Promise<BatchWriter<B>>): BatchWriter<B> {
  let writer: BatchWriter<B> | null = null;
  return {
    async append(batch) {
      writer ??= await open(batch);
      await writer.append(batch);
    },
    close: async () => writer?.close(),
    abort: async () => writer?.abort(),
  };
}

/**
 * Writes batch after batch and closes the writer, which then has the file in its place. Any
 * failure, of the batches too, drops what was written and goes on to the caller.
 * @returns rows written.
 * @throws CancelledError where the signal fired.
 */
export async function writeAll<B extends { readonly rows: number }>(
  writer: BatchWriter<B>,
  batches: AsyncIterable<B> | Iterable<B>,
  { task, out, signal, onRows = () => {} }: WriteAllOptions,
): Promise<number> {
  const requireGoing = () => {
    if (signal?.aborted) throw new CancelledError(`${task}: cancelled; ${out} was not written`);
  };
  let rows = 0;
  try {
    for await (const batch of batches) {
      await writer.append(batch);
      rows += batch.rows;
      onRows(rows);
      await new Promise<void>((go) => setTimeout(go)); // lets Ctrl-C through
      requireGoing();
    }
    requireGoing();
    await writer.close();
    return rows;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
