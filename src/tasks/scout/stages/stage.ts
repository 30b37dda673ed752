import { z } from "zod";
import type { CompiledMenu } from "../../../cms/menu/index.ts";
import type { Runtime } from "../../../runtime/index.ts";
import type { ScoutOrbit } from "../orbit/scout-orbit.ts";
import type { Tallies } from "../results/tallies.ts";

/** Contents of the files that stages name, by path. */
export type Assets = Readonly<Record<string, Uint8Array>>;

/** A stage ready to run. */
export interface RunningStage {
  readonly name: string;
  /** Works on some orbits. @returns items done: muons, crossings, values. */
  run(orbits: readonly ScoutOrbit[], tallies: Tallies): number | Promise<number>;
  dispose?(): Promise<void>;
}

/** What stages so far make known to later ones. */
export interface StageContext {
  readonly runtime: Runtime;
  readonly assets: Assets;
  /** Scores, quantities of a crossing from here on. */
  readonly scores: string[];
  /** Names of the selections, in the order of their bits in `ScoutOrbit.kept`. */
  readonly selections: string[];
  menu: CompiledMenu | null;
}

/** A file that a stage reads: a model may be a run folder that holds it. */
export interface StageFile {
  readonly path: string;
  readonly is: "model" | "text";
}

/** A kind of stage: its settings, the files they name, and how it is made ready. */
export interface StageKind<S extends z.ZodType = z.ZodType> {
  readonly schema: S;
  readonly files?: (settings: z.output<S>) => readonly StageFile[];
  /** @throws ConfigError for names that no stage before gives, FormatError for unusable files. */
  readonly create: (
    settings: z.output<S>,
    context: StageContext,
  ) => RunningStage | Promise<RunningStage>;
}

/** Gives `create` the type of the schema. */
export const defineStage = <S extends z.ZodType>(kind: StageKind<S>): StageKind<S> => kind;

/** Name of a stage. */
export const stageName = z
  .string()
  .regex(/^[A-Za-z]\w*$/)
  .describe("letters, digits and _; not given twice");
