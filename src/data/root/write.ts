import { ConfigError, DataError } from "../../base/errors.ts";
import type { RootColumn } from "./column.ts";
import { FileLayout, type FileOptions, type Sink } from "./write-file.ts";
import { histogramObject, type RootHistogram } from "./write-histogram.ts";
import { checkedSchema, type RootField } from "./write-schema.ts";
import { TreeLayout, type TreeOptions } from "./write-tree.ts";

/** Settings of a file and of all its trees. */
export interface RootWriterOptions extends FileOptions, Omit<TreeOptions, "title"> {}

/** Takes the entries of a tree in pieces. */
export interface RootTreeWriter {
  /** Entries so far. */
  readonly entries: number;
  /**
   * Adds entries: a column for each field of the schema, those of counters optional. `DataError`
   * where lengths, types, offsets or counts do not fit.
   */
  append(columns: readonly RootColumn[]): Promise<void>;
}

/**
 * Takes trees and histograms; the file is there only when `close` is through. A failure of what
 * returns a promise drops all that was written.
 */
export interface RootWriter {
  /** Begins a tree, "Events" or "folder/Events"; several may be open. */
  tree(
    name: string,
    schema: readonly RootField[],
    options?: Pick<TreeOptions, "title">,
  ): RootTreeWriter;
  /** Writes a histogram, "pt" or "folder/pt". */
  histogram(histogram: RootHistogram): Promise<void>;
  /** Writes a text under a name, as a TNamed of the top directory; its title is the text. */
  text(name: string, text: string): Promise<void>;
  close(): Promise<void>;
  /** Drops everything; no file is left. */
  abort(): Promise<void>;
}

/**
 * A writer of ROOT files to any sink, in the format of ROOT 6. Memory holds the baskets that are
 * not yet full.
 */
export function rootWriter(sink: Sink, options: RootWriterOptions): RootWriter {
  const file = new FileLayout(sink, options);
  const trees = new Map<string, TreeLayout>();
  let isOpen = true;
  const abort = async () => {
    isOpen = false;
    await sink.abort();
  };
  let last: Promise<unknown> = Promise.resolve();
  /** Does one piece of work after the other, however the calls overlap. */
  const guarded = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(async () => {
      if (!isOpen) throw new DataError("rootWriter: the file is closed; begin a new one");
      try {
        await work();
      } catch (cause) {
        await abort();
        throw cause;
      }
    });
    last = done.catch(() => {});
    return done;
  };
  return {
    tree(path, schema, { title } = {}) {
      const { folder, name } = splitPath(path);
      if (trees.has(path)) throw new ConfigError(`tree "${path}": is in the file already`);
      const fields = checkedSchema(`tree "${path}"`, schema);
      const directory = folder === null ? file.root : file.folder(folder);
      const tree = new TreeLayout(file, directory, name, fields, { ...options, title });
      trees.set(path, tree);
      return {
        get entries() {
          return tree.entries;
        },
        append: (columns) => guarded(() => tree.append(columns)),
      };
    },
    histogram: (histogram) =>
      guarded(async () => {
        const { folder, name } = splitPath(histogram.name);
        const object = histogramObject({ ...histogram, name });
        const directory = folder === null ? file.root : file.folder(folder);
        await file.object(object, directory, name, histogram.title ?? "");
      }),
    text: (name, text) =>
      guarded(() =>
        file.object({ class: "TNamed", fName: name, fTitle: text }, file.root, name, ""),
      ),
    close: () =>
      guarded(async () => {
        for (const tree of trees.values()) await tree.finish();
        await file.finish();
        isOpen = false;
        await sink.close();
      }),
    abort,
  };
}

/** "folder/name" in its parts; `ConfigError` where it is deeper or a part is empty. */
function splitPath(path: string): { folder: string | null; name: string } {
  const parts = path.split("/");
  if (parts.length > 2 || parts.some((part) => part === "" || part.includes(";")))
    throw new ConfigError(`"${path}": expected a name, or a folder and a name as "folder/name"`);
  return parts.length === 1 ? { folder: null, name: path } : { folder: parts[0], name: parts[1] };
}

/** A sink in memory; `bytes` gives the file once it is closed. */
export function memorySink(): Sink & { bytes(): Uint8Array<ArrayBuffer> } {
  const pieces: [number, Uint8Array][] = [];
  return {
    async write(at, bytes) {
      pieces.push([at, bytes]);
    },
    async close() {},
    async abort() {
      pieces.length = 0;
    },
    bytes() {
      const size = pieces.reduce((n, [at, piece]) => Math.max(n, at + piece.length), 0);
      const all = new Uint8Array(size);
      for (const [at, piece] of pieces) all.set(piece, at);
      return all;
    },
  };
}
