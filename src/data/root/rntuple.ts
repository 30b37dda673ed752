import { CancelledError, ConfigError, DataError, FormatError } from "../../base/errors.ts";
import { nearMiss } from "../../base/near-miss.ts";
import { loadChecksums } from "./checksum.ts";
import { type Chunk, ColumnBuilder, type RootColumn } from "./column.ts";
import type { Piece } from "./fetch.ts";
import type { RootFile } from "./file.ts";
import type { ReadFrom } from "./read-columns.ts";
import { type ChunkSteps, readChunk } from "./rntuple-chunk.ts";
import { type ElementRequest, readElements } from "./rntuple-elements.ts";
import { type Envelope, envelopeType, openEnvelope } from "./rntuple-envelope.ts";
import { type FieldColumn, type FieldPlan, fieldColumns } from "./rntuple-fields.ts";
import { type NtupleCluster, readPageList } from "./rntuple-pages.ts";
import { readSchema } from "./rntuple-schema.ts";
import type { EntryRange, RootTree } from "./tree.ts";

/** Class of the key of an RNTuple. */
export const ntupleClass = "ROOT::RNTuple";

/** Where header and footer lie, and what they unpack to. */
interface Anchor {
  readonly header: Piece & { readonly size: number };
  readonly footer: Piece & { readonly size: number };
}

/**
 * Opens an RNTuple of a file, to be read as a TTree is: reads its description, no data.
 * All format versions 1.x are read. Throws `FormatError` where header, footer or page lists are
 * corrupt, and `DataError` where `path` is no RNTuple.
 * @see https://github.com/root-project/root/blob/master/tree/ntuple/doc/BinaryFormatSpecification.md
 */
export async function readNtuple(file: RootFile, path: string, cycle?: number): Promise<RootTree> {
  const where = `${file.name}: RNTuple "${path}"`;
  const anchor = await readAnchor(file, path, cycle);
  const checksums = await loadChecksums();
  const envelope = async (type: number, piece: Piece, size: number, what: string) => {
    const [bytes] = await file.decompress([
      { bytes: await file.source.read(piece.seek, piece.bytes), size, where: `${where}: ${what}` },
    ]);
    return openEnvelope(bytes, type, { where: `${where}: ${what}`, checksums });
  };
  const { header, footer } = anchor;
  const head: Envelope = await envelope(envelopeType.header, header, header.size, "header");
  const foot = await envelope(envelopeType.footer, footer, footer.size, "footer");
  const schema = readSchema(head, foot, where);
  const clusters: NtupleCluster[] = [];
  for (const [i, group] of schema.groups.entries()) {
    const what = `page list ${i}`;
    const list = await envelope(envelopeType.pageList, group.piece, group.size, what);
    const place = { headerChecksum: head.checksum, where: `${where}: ${what}` };
    clusters.push(...readPageList(list, group, place));
  }
  return ntupleTree(file, schema, clusters, where);
}

async function readAnchor(file: RootFile, path: string, cycle?: number): Promise<Anchor> {
  const key = file.key(path, cycle);
  if (key.className !== ntupleClass)
    throw new DataError(`${file.name}: "${path}" is a ${key.className}, not an RNTuple`);
  const reader = await file.payload(key);
  reader.header();
  const start = reader.position;
  const epoch = reader.u16();
  const version = [epoch, reader.u16(), reader.u16(), reader.u16()].join(".");
  if (epoch !== 1)
    throw reader.error(`format version ${version}; only 1.x is read, convert it with ROOT 6.34+`);
  const link = () => {
    const [seek, bytes, size] = [reader.u64(), reader.u64(), reader.u64()];
    return { seek, bytes, size };
  };
  const anchor = { header: link(), footer: link() };
  const largest = reader.u64();
  const { xxh3 } = await loadChecksums();
  const fields = reader.bytes.subarray(start, reader.position);
  const stored = reader.view.getBigUint64(reader.skip(8));
  // Later versions may add fields before the checksum; then it is left to header and footer.
  if (reader.remaining === 0 && xxh3(fields) !== stored)
    throw reader.error("the checksum does not match; the file is corrupt");
  if (anchor.header.bytes > largest || anchor.footer.bytes > largest)
    throw reader.error(`a header or footer cut into pieces of ${largest} bytes, which is not read`);
  return anchor;
}

function ntupleTree(
  file: RootFile,
  schema: { readonly name: string; readonly description: string } & Parameters<
    typeof fieldColumns
  >[0],
  clusters: NtupleCluster[],
  where: string,
): RootTree {
  clusters.sort((a, b) => a.first - b.first);
  const fields = fieldColumns(schema, clusters);
  const entries = clusters.reduce((first, cluster) => {
    if (cluster.first !== first)
      throw new FormatError(`${where}: a cluster from entry ${cluster.first}, expected ${first}`);
    return first + cluster.entries;
  }, 0);
  const find = fieldFinder(fields, where);
  const { source, decompress } = file;
  const read: RootTree["read"] = (names, { start = 0, stop = entries } = {}, { signal } = {}) => {
    const isRange = Number.isInteger(start) && Number.isInteger(stop);
    if (!(isRange && 0 <= start && start <= stop && stop <= entries))
      throw new ConfigError(`${where}: no entries ${start} to ${stop}; it has ${entries}`);
    const wanted = names.map(find);
    return readFields({ source, decompress, signal }, wanted, { clusters, start, stop, where });
  };
  return {
    name: schema.name,
    title: schema.description,
    entries,
    branches: fields.map(({ info }) => info),
    read: async (...args) => read(...args),
    async *batches(names, entriesPerBatch, options) {
      if (!(Number.isInteger(entriesPerBatch) && entriesPerBatch > 0))
        throw new ConfigError(
          `${where}: batches of ${entriesPerBatch} entries; expected 1 or more`,
        );
      for (let start = 0; start < entries; start += entriesPerBatch) {
        const stop = Math.min(entries, start + entriesPerBatch);
        yield await read(names, { start, stop }, options);
      }
    },
  };
}

interface WantedField {
  readonly name: string;
  readonly plan: FieldPlan;
}

function fieldFinder(fields: readonly FieldColumn[], where: string): (name: string) => WantedField {
  const byName = new Map(fields.map((field) => [field.info.name, field]));
  return (name) => {
    const found = byName.get(name);
    if (found === undefined) {
      const near = nearMiss(name, [...byName.keys()]);
      throw new DataError(
        `${where}: no field "${name}"${near === null ? "" : `; did you mean "${near}"?`}`,
      );
    }
    if (found.plan === null)
      throw new DataError(`${where}, field "${name}": not read: ${found.info.readable}`);
    return { name, plan: found.plan };
  };
}

/** Compressed bytes in work at a time. */
const windowBytes = 32 * 1024 * 1024;

interface Task {
  readonly field: number;
  readonly steps: ChunkSteps;
}

async function readFields(
  from: ReadFrom,
  fields: readonly WantedField[],
  range: Required<EntryRange> & { clusters: readonly NtupleCluster[]; where: string },
): Promise<RootColumn[]> {
  const builders = fields.map(({ name, plan: { type, inner, levels } }) => {
    const axes = { jagged: levels.length > 0, nested: levels.length > 1 };
    return new ColumnBuilder({ name, type, inner, ...axes, entries: range.stop - range.start });
  });
  let tasks: Task[] = [];
  let bytes = 0;
  const flush = async () => {
    if (from.signal?.aborted) throw new CancelledError("reading was stopped");
    const done = await runTasks(from, tasks);
    for (const [i, chunk] of done.entries()) builders[tasks[i].field].add(chunk);
    [tasks, bytes] = [[], 0];
  };
  for (const [c, cluster] of range.clusters.entries()) {
    const start = Math.max(0, range.start - cluster.first);
    const stop = Math.min(cluster.entries, range.stop - cluster.first);
    if (start >= stop) continue;
    for (const [field, { name, plan }] of fields.entries()) {
      const where = `${range.where}, field "${name}", cluster ${c}`;
      tasks.push({ field, steps: readChunk(plan, { cluster, start, stop }, where) });
      bytes += bytesOf(plan, cluster);
      if (bytes >= windowBytes) await flush();
    }
  }
  await flush();
  return builders.map((builder) => builder.column());
}

function bytesOf({ levels, values, characters }: FieldPlan, { pages }: NtupleCluster): number {
  let bytes = 0;
  for (const { id } of [...levels.flat(), ...values, ...characters])
    for (const { piece } of pages[id] ?? []) bytes += piece.bytes;
  return bytes;
}

/** Runs all tasks step by step; what they ask for in one step is read together, and once. */
async function runTasks(from: ReadFrom, tasks: readonly Task[]): Promise<Chunk[]> {
  const done: Chunk[] = new Array(tasks.length);
  let asked = tasks.map(({ steps }, i) => ({ i, next: steps.next() }));
  while (asked.length > 0) {
    const requests = new Map<string, ElementRequest>();
    const waiting: { i: number; key: string }[] = [];
    for (const { i, next } of asked) {
      if (next.done) {
        done[i] = next.value;
        continue;
      }
      const { column, pages, from: first, to } = next.value;
      const key = `${column.id} ${first} ${to} ${pages[0]?.piece.seek}`;
      if (!requests.has(key)) requests.set(key, next.value);
      waiting.push({ i, key });
    }
    const keys = [...requests.keys()];
    const values = await readElements(from, [...requests.values()]);
    const found = new Map(keys.map((key, k) => [key, values[k]]));
    asked = waiting.map(({ i, key }) => {
      const value = found.get(key);
      if (value === undefined) throw new FormatError("internal: elements asked for but not read");
      return { i, next: tasks[i].steps.next(value) };
    });
  }
  return done;
}
