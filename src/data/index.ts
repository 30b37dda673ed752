export { type CheckOptions, requireFinite, requireIntegers, requireVaries } from "./checks.ts";
export { dedupeRows } from "./dedupe.ts";
export { detectFormat, formatOfName, type TableFormat } from "./detect.ts";
export {
  type ColumnInfo,
  type Database,
  type DatabaseOptions,
  openDatabase,
  sqlName,
  sqlText,
} from "./duckdb.ts";
export {
  inspectTable,
  type ReadOptions,
  readBatches,
  readTable,
  type TableInfo,
} from "./read.ts";
export {
  applyScaler,
  type FeatureMatrix,
  featureMatrix,
  invertScaler,
  minMaxScaler,
  type Scaler,
  standardScaler,
} from "./scale.ts";
export { type Split, splitByColumn, splitByFractions } from "./split.ts";
export {
  type Column,
  type ColumnType,
  type ColumnValues,
  column,
  columnType,
  concat,
  makeColumn,
  makeTable,
  numericColumn,
  rowsWhere,
  selectColumns,
  selectRows,
  type Table,
  unknownColumn,
  withColumns,
} from "./table.ts";
export {
  createTableWriter,
  schemaOf,
  type TableWriter,
  type WriteOptions,
  writeTable,
} from "./write.ts";
