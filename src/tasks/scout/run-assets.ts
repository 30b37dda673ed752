import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../base/errors.ts";
import { type Fingerprint, findModel, fingerprint, modelFile } from "../run-folder.ts";
import type { Assets } from "./stages/stage.ts";
import { type Stage, stageFiles } from "./stages/stages.ts";

/**
 * Files that stages name, and their fingerprints; a model may be a run folder that holds it, or a
 * folder of `forty fpga`, whose program it then is.
 */
export async function loadAssets(
  stages: readonly Stage[],
): Promise<{ readonly assets: Assets; readonly inputs: readonly Fingerprint[] }> {
  const assets: Record<string, Uint8Array> = {};
  const inputs: Fingerprint[] = [];
  for (const { path, is } of stageFiles(stages)) {
    const program = join(path, "program.json");
    const hasProgram = is === "model" && (await stat(program).catch(() => null)) !== null;
    const isOnnx = is === "model" && !hasProgram;
    const file = hasProgram ? program : isOnnx ? await modelFile(path) : path;
    assets[path] = isOnnx ? await findModel(path) : await readAsset(file);
    inputs.push(await fingerprint(file));
  }
  return { assets, inputs };
}

/** A whole file; `DataError` where it cannot be read. */
export async function readAsset(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: Error) => {
    throw new DataError(`${path}: cannot be read: ${cause.message}; check the path`, { cause });
  });
}
