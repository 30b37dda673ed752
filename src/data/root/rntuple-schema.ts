import { FormatError } from "../../base/errors.ts";
import type { Piece } from "./fetch.ts";
import type { Envelope, LittleReader } from "./rntuple-envelope.ts";

/** Structural roles of fields. */
export const fieldRole = { leaf: 0, collection: 1, record: 2, variant: 3, streamer: 4 } as const;

/** A node of the schema tree. */
export interface NtupleField {
  readonly id: number;
  readonly name: string;
  readonly typeName: string;
  /** Its own id where it is a top field. */
  readonly parent: number;
  readonly role: number;
  /** Values per item of a fixed array; 0 elsewhere. */
  readonly arraySize: number;
}

/** A sequence of elements of one type, cut into pages. */
export interface NtupleColumn {
  readonly id: number;
  readonly type: number;
  readonly bits: number;
  readonly field: number;
  /** Which of several ways to store the field this belongs to. */
  readonly representation: number;
  /** Added while writing: elements before the first page are zero. */
  readonly isDeferred: boolean;
  /** Range of quantized values. */
  readonly range: readonly [number, number];
}

/** Where the page list of some neighboring clusters lies. */
export interface ClusterGroup {
  readonly entries: number;
  readonly clusters: number;
  /** Bytes of the page list when unpacked. */
  readonly size: number;
  readonly piece: Piece;
}

/** What header and footer say. */
export interface NtupleSchema {
  readonly name: string;
  readonly description: string;
  readonly fields: readonly NtupleField[];
  readonly columns: readonly NtupleColumn[];
  /** Columns of each field, those of other fields that it shows among them. */
  readonly columnsOf: readonly (readonly NtupleColumn[])[];
  readonly groups: readonly ClusterGroup[];
}

const flag = { repetitive: 1, projected: 2, checksum: 4, deferred: 1, range: 2 };

interface Parts {
  readonly fields: NtupleField[];
  readonly columns: NtupleColumn[];
  readonly aliases: { readonly column: number; readonly field: number }[];
}

/** Reads the schema. @see RNTuple Binary Format Specification 1.0, "Header Envelope" and "Footer" */
export function readSchema(header: Envelope, footer: Envelope, where: string): NtupleSchema {
  const { reader } = header;
  reader.features();
  const name = reader.string();
  const description = reader.string();
  reader.string(); // the program that wrote it
  const parts: Parts = { fields: [], columns: [], aliases: [] };
  readParts(reader, parts);
  footer.reader.features();
  if (footer.reader.bits64() !== header.checksum)
    throw new FormatError(`${where}: header and footer do not belong together`);
  footer.reader.record(() => readParts(footer.reader, parts));
  const groups = footer.reader.list(() => footer.reader.record(() => readGroup(footer.reader)));
  return { name, description, ...parts, columnsOf: columnsByField(parts, where), groups };
}

/** Fields, columns and aliases; those of the footer go on where the header ended. */
function readParts(reader: LittleReader, { fields, columns, aliases }: Parts): void {
  const [firstField, firstColumn] = [fields.length, columns.length];
  fields.push(...reader.list((i) => reader.record(() => readField(reader, firstField + i))));
  columns.push(...reader.list((i) => reader.record(() => readColumn(reader, firstColumn + i))));
  aliases.push(
    ...reader.list(() => reader.record(() => ({ column: reader.u32(), field: reader.u32() }))),
  );
  reader.list(() => reader.record(() => null)); // how classes were streamed
}

function readField(reader: LittleReader, id: number): NtupleField {
  reader.u32(); // version of the field
  reader.u32(); // version of the type
  const parent = reader.u32();
  const role = reader.u16();
  const flags = reader.u16();
  const name = reader.string();
  const typeName = reader.string();
  reader.string(); // alias of the type
  reader.string(); // description
  const arraySize = flags & flag.repetitive ? reader.u64() : 0;
  return { id, name, typeName, parent, role, arraySize };
}

function readColumn(reader: LittleReader, id: number): NtupleColumn {
  const type = reader.u16();
  const bits = reader.u16();
  const field = reader.u32();
  const flags = reader.u16();
  const representation = reader.u16();
  const isDeferred = (flags & flag.deferred) !== 0;
  if (isDeferred) reader.i64(); // its first element; what is missing before it says the same
  const range: [number, number] = flags & flag.range ? [reader.f64(), reader.f64()] : [0, 0];
  return { id, type, bits, field, representation, isDeferred, range };
}

function readGroup(reader: LittleReader): ClusterGroup {
  reader.u64(); // its first entry
  return {
    entries: reader.u64(),
    clusters: reader.u32(),
    size: reader.u64(),
    piece: reader.locator(),
  };
}

function columnsByField({ fields, columns, aliases }: Parts, where: string): NtupleColumn[][] {
  const found: NtupleColumn[][] = fields.map(() => []);
  const add = (field: number, column: NtupleColumn | undefined) => {
    if (column === undefined || field >= fields.length)
      throw new FormatError(`${where}: a column of field ${field}, there are ${fields.length}`);
    found[field].push(column);
  };
  for (const { parent, id } of fields)
    if (parent > id) throw new FormatError(`${where}: field ${id} before its parent ${parent}`);
  for (const column of columns) add(column.field, column);
  for (const alias of aliases) add(alias.field, columns[alias.column]);
  return found;
}
