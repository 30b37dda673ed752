import type { BranchInfo } from "./branch.ts";
import type { ElementType, NumberType } from "./element.ts";
import { elementOf, indexTypes } from "./rntuple-decode.ts";
import type { NtupleCluster } from "./rntuple-pages.ts";
import {
  fieldRole,
  type NtupleColumn,
  type NtupleField,
  type NtupleSchema,
} from "./rntuple-schema.ts";

/** Columns that hold the same elements in turn: in each cluster one of them has the pages. */
export type Representations = readonly NtupleColumn[];

/** How the values of a field are put together. */
export interface FieldPlan {
  /** Offsets of the collections around the values, outermost first; two at most. */
  readonly levels: readonly Representations[];
  /** Fixed axes of an item. */
  readonly inner: readonly number[];
  readonly type: ElementType;
  /** `sizes`: the values are the lengths of a collection. */
  readonly kind: "numbers" | "text" | "sizes";
  /** Elements, or the ends of the texts, or those of the collection. */
  readonly values: Representations;
  /** Characters of the texts; empty elsewhere. */
  readonly characters: Representations;
}

/** A field that holds values, those inside of records and collections among them. */
export interface FieldColumn {
  readonly info: BranchInfo;
  /** Null where it is not read; `info.readable` says why. */
  readonly plan: FieldPlan | null;
}

interface Walk {
  readonly name: string;
  readonly levels: readonly Representations[];
  readonly inner: readonly number[];
}

const deepestNesting = 2;

/** Types of C++ as types of columns; others have that of their column. */
const numberTypes: Readonly<Record<string, NumberType>> = {
  bool: "bool",
  char: "int8",
  "std::byte": "uint8",
  "std::int8_t": "int8",
  "std::uint8_t": "uint8",
  "std::int16_t": "int16",
  "std::uint16_t": "uint16",
  "std::int32_t": "int32",
  "std::uint32_t": "uint32",
  "std::int64_t": "int64",
  "std::uint64_t": "uint64",
  float: "float32",
  double: "float64",
};

/**
 * The columns of an RNTuple: records become "record.member", base classes leave no trace in the
 * name, collections become offsets around the columns of their items.
 */
export function fieldColumns(
  schema: NtupleSchema,
  clusters: readonly NtupleCluster[],
): FieldColumn[] {
  const { fields, columnsOf } = schema;
  const children: NtupleField[][] = fields.map(() => []);
  for (const field of fields) if (field.parent !== field.id) children[field.parent].push(field);
  const entries = clusters.reduce((n, cluster) => n + cluster.entries, 0);
  const found: FieldColumn[] = [];

  const add = (field: NtupleField, walk: Walk, plan: FieldPlan | string) => {
    const columns = [...walk.levels.flat(), ...columnsOf[field.id]];
    found.push({
      info: {
        name: walk.name,
        typeName: field.typeName,
        jagged: walk.levels.length > 0,
        inner: walk.inner,
        counter: null,
        entries,
        ...storedBytes(columns, clusters),
        readable: typeof plan === "string" ? plan : true,
      },
      plan: typeof plan === "string" ? null : plan,
    });
  };

  /** Adds the columns below a field, or the field with the reason why it is not read. */
  const visit = (field: NtupleField, walk: Walk): void => {
    const problem = descend(field, walk);
    if (problem !== null) add(field, walk, problem);
  };

  const descend = (field: NtupleField, walk: Walk): string | null => {
    const below = children[field.id];
    const columns = columnsOf[field.id];
    const inner = field.arraySize > 0 ? [...walk.inner, field.arraySize] : walk.inner;
    switch (field.role) {
      case fieldRole.collection: {
        const offsets = representations(columns, 0);
        if (inner.length > 0) return "a collection in a fixed array";
        if (walk.levels.length === deepestNesting)
          return `collections nested deeper than ${deepestNesting}`;
        if (below.length === 0 || !areOffsets(offsets))
          return "a collection without offsets or items";
        const levels = [...walk.levels, offsets];
        for (const item of below) visit(item, { ...walk, levels });
        return null;
      }
      case fieldRole.record:
        for (const member of below)
          visit(member, { ...walk, name: join(walk.name, member.name), inner });
        return null;
      case fieldRole.variant:
        return "a variant";
      case fieldRole.streamer:
        return "an object in ROOT's own serialization";
      case fieldRole.leaf:
        if (columns.length > 0)
          add(field, { ...walk, inner }, leafPlan(field, columns, { ...walk, inner }));
        else if (below.length !== 1) return "a field without columns";
        else visit(below[0], { ...walk, inner }); // array, enum or atomic around a value
        return null;
      default:
        return `a field of unknown role ${field.role}`;
    }
  };

  for (const field of fields)
    if (field.parent === field.id) visit(field, { name: field.name, levels: [], inner: [] });
  return found;
}

/** "record.member"; a base class, named ":_0", does not show. */
function join(record: string, member: string): string {
  return member.startsWith(":") ? record : `${record}.${member}`;
}

function leafPlan(
  field: NtupleField,
  columns: readonly NtupleColumn[],
  walk: Walk,
): FieldPlan | string {
  const { levels, inner } = walk;
  const values = representations(columns, 0);
  const characters = representations(columns, 1);
  const unknown = columns.find((column) => elementOf(column) === null);
  if (unknown) return `column type 0x${unknown.type.toString(16)} of ${unknown.bits} bits`;
  const isText = field.typeName === "std::string";
  const common = { levels, inner, values, characters };
  if (isText)
    return areOffsets(values) && characters.length === values.length
      ? { ...common, type: "string", kind: "text" }
      : "a string without offsets or characters";
  if (characters.length > 0) return `a field of ${columns.length} columns`;
  if (areOffsets(values))
    return inner.length > 0
      ? "sizes in a fixed array"
      : { ...common, type: field.typeName.includes("64") ? "uint64" : "uint32", kind: "sizes" };
  const type = numberTypes[field.typeName] ?? (elementOf(values[0]) as NumberType);
  return { ...common, type, kind: "numbers" };
}

/** The k-th column of each representation. */
function representations(columns: readonly NtupleColumn[], k: number): NtupleColumn[] {
  const byRepresentation = new Map<number, NtupleColumn[]>();
  for (const column of columns) {
    const same = byRepresentation.get(column.representation);
    if (same === undefined) byRepresentation.set(column.representation, [column]);
    else same.push(column);
  }
  return [...byRepresentation.values()].flatMap((same) => same[k] ?? []);
}

function areOffsets(columns: Representations): boolean {
  return (
    columns.length > 0 && columns.every((c) => indexTypes.includes(c.type) && elementOf(c) !== null)
  );
}

function storedBytes(
  columns: readonly NtupleColumn[],
  clusters: readonly NtupleCluster[],
): { zippedBytes: number; totalBytes: number } {
  let [zippedBytes, totalBytes] = [0, 0];
  for (const { pages } of clusters)
    for (const { id, bits } of columns)
      for (const { piece, elements } of pages[id] ?? []) {
        zippedBytes += piece.bytes;
        totalBytes += Math.ceil((elements * bits) / 8);
      }
  return { zippedBytes, totalBytes };
}
