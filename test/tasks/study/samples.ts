import type { StudyConfig, StudyOptions } from "../../../src/tasks/index.ts";
import { studyMuons } from "../../../src/tasks/index.ts";
import { runtime } from "../samples.ts";

/** Settings under which a whole study takes seconds. */
export const tinyStudy: Partial<StudyConfig> = {
  rows: 600,
  epochs: 1,
  steps: 1,
  batches: [64],
  widths: [0.4, 0.9],
  centers: [5, 20, 100],
  largest: [150],
  lambdas: [1e-6, 1e-3],
  degrees: [2, 3],
};

/** A study of muons with the tiny settings. */
export function tinyMuonStudy(
  file: string,
  out: string,
  { config = {}, ...more }: Partial<StudyOptions> = {},
) {
  return studyMuons({
    files: [file],
    out,
    config: { ...tinyStudy, ...config },
    runtime,
    workers: 2,
    ...more,
  });
}
