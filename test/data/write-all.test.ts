import { expect, test } from "vitest";
import { DataError } from "../../src/base/errors.ts";
import { type BatchWriter, lazyWriter, writeAll } from "../../src/data/write-all.ts";

interface Batch {
  readonly rows: number;
}

/** A writer that notes what is done to it. */
function notingWriter(): { notes: string[]; writer: BatchWriter<Batch> } {
  const notes: string[] = [];
  const writer: BatchWriter<Batch> = {
    append: async ({ rows }) => void notes.push(`append ${rows}`),
    close: async () => void notes.push("close"),
    abort: async () => void notes.push("abort"),
  };
  return { notes, writer };
}

const names = { task: "convert", out: "x.csv" };

test("batches are appended in order, then the writer is closed once", async () => {
  const { notes, writer } = notingWriter();
  const seen: number[] = [];
  const onRows = (rows: number) => void seen.push(rows);
  expect(
    await writeAll(writer, [{ rows: 2 }, { rows: 0 }, { rows: 3 }], { ...names, onRows }),
  ).toBe(5);
  expect(notes).toEqual(["append 2", "append 0", "append 3", "close"]);
  expect(seen).toEqual([2, 2, 5]);
});

test("a failing batch drops what was written, and lets the source clean up", async () => {
  const { notes, writer } = notingWriter();
  async function* batches(): AsyncGenerator<Batch> {
    try {
      yield { rows: 1 };
      throw new DataError("file ends early");
    } finally {
      notes.push("source closed");
    }
  }
  await expect(writeAll(writer, batches(), names)).rejects.toThrow("file ends early");
  expect(notes).toEqual(["append 1", "source closed", "abort"]);
});

test("a signal stops between batches and before the file is finished", async () => {
  const stopping = new AbortController();
  const { notes, writer } = notingWriter();
  const onRows = (rows: number) => rows === 2 && stopping.abort();
  const options = { ...names, signal: stopping.signal, onRows };
  await expect(writeAll(writer, [{ rows: 1 }, { rows: 1 }, { rows: 1 }], options)).rejects.toThrow(
    "convert: cancelled; x.csv was not written",
  );
  expect(notes).toEqual(["append 1", "append 1", "abort"]);
});

test("a lazy writer is opened with the first batch, and not at all without one", async () => {
  const { notes, writer } = notingWriter();
  const lazy = lazyWriter(async ({ rows }: Batch) => {
    notes.push(`open ${rows}`);
    return writer;
  });
  await lazy.abort();
  expect(notes).toEqual([]);
  await writeAll(lazy, [{ rows: 4 }, { rows: 5 }], names);
  expect(notes).toEqual(["open 4", "append 4", "append 5", "close"]);
});
