/** What the page needs of the run: runs in a browser. */
export type { Alarm } from "../results/alarms.ts";
export type { Snapshot } from "../results/snapshot.ts";
export { type AlarmRow, alarmRows } from "./alarm-rows.ts";
export { figureCsv } from "./csv.ts";
export { departures } from "./departures.ts";
export { type FigureCard, type FigureGroup, figureGroups } from "./figures.ts";
export type {
  AlarmRecord,
  Hello,
  HistoryPoint,
  Messages,
  RunState,
  Status,
  Update,
} from "./messages.ts";
export { type CrossingRange, wholeOrbit } from "./orbit-figures.ts";
export { type RateRow, rateTables } from "./rates.ts";
export { type Strip, strips } from "./strips.ts";
