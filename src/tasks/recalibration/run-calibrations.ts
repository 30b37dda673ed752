import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { FormatError } from "../../base/errors.ts";
import { type JetCorrectionRow, parseJetCorrections } from "../../cms/jet-calibration/jec.ts";
import {
  type CalibrationLut,
  parseCalibrationLut,
  parseCompressionLut,
} from "../../cms/jet-calibration/lut.ts";
import type { JetRecalibrationConfig } from "./config.ts";

/** The files of `--corrections` and `--lut`, read before the training. */
export interface GivenCalibrations {
  readonly corrections: { readonly name: string; readonly rows: JetCorrectionRow[] } | null;
  readonly lut: { readonly name: string; readonly table: CalibrationLut } | null;
}

/** Reads the calibrations to compare with. @throws FormatError with file and line. */
export async function readCalibrations({
  corrections,
  lut,
}: Pick<JetRecalibrationConfig, "corrections" | "lut">): Promise<GivenCalibrations> {
  return {
    corrections: corrections
      ? {
          name: basename(corrections),
          rows: parseJetCorrections(await text(corrections), corrections),
        }
      : null,
    lut: lut ? { name: basename(lut[0]), table: await readLut(lut) } : null,
  };
}

async function readLut([decimal, pt, eta]: readonly string[]): Promise<CalibrationLut> {
  return parseCalibrationLut(await text(decimal), decimal, {
    pt: parseCompressionLut(await text(pt), pt),
    eta: parseCompressionLut(await text(eta), eta),
  });
}

async function text(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: Error) => {
    throw new FormatError(`${path}: cannot be read: ${cause.message}`, { cause });
  });
}
