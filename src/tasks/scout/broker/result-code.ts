import { z } from "zod";
import { FormatError } from "../../../base/errors.ts";
import type { TalliesJson } from "../results/tallies.ts";
import { restartsSchema } from "./hello.ts";
import type { StoredObject } from "./parcels.ts";

/** Kept crossings of a block, as a file in the store. */
export interface KeptFile extends StoredObject {
  readonly sha256: string;
}

/** What a worker says of a block: its result, or why there is none. */
export interface BlockReport {
  readonly run: number;
  readonly id: number;
  /** Host and process of the worker. */
  readonly worker: string;
  /** Threads that it has replaced so far, as in its signs of life, which may get lost. */
  readonly restarts: number;
  /** The object that the block lies in, to be removed when it is done. */
  readonly object: string | null;
  readonly outcome:
    | {
        readonly orbits: readonly { readonly orbit: number; readonly lumi: number }[];
        readonly tallies: TalliesJson;
        readonly file: KeptFile | null;
      }
    | { readonly failure: string };
}

const index = z.int().min(0);
const objectName = z.string().regex(/^[\w-]+$/);
const reportSchema = z.strictObject({
  ...{ run: index, id: index, worker: z.string(), object: objectName.nullable() },
  restarts: restartsSchema,
  outcome: z.union([
    z.strictObject({ failure: z.string() }),
    z.strictObject({
      orbits: z.array(z.strictObject({ orbit: index, lumi: index })).min(1),
      tallies: z.strictObject({
        counts: z.record(z.string(), z.number()),
        bins: z.record(z.string(), z.array(z.number())),
      }),
      file: z
        .strictObject({
          ...{ object: objectName, bytes: z.int().min(1), partBytes: z.int().min(1) },
          sha256: z.string().length(64),
        })
        .nullable(),
    }),
  ]),
});

/** As JSON, whose numbers come back as the same numbers. */
export function encodeReport(report: BlockReport): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(report));
}

/** @throws FormatError for bytes that are no report. */
export function decodeReport(bytes: Uint8Array): BlockReport {
  try {
    return reportSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new FormatError(`broker: ${bytes.length} bytes are no result of a block`, { cause });
  }
}
