import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../base/errors.ts";
import { type Fingerprint, findModel, fingerprint } from "../run-folder.ts";
import type { Assets } from "./stages/stage.ts";
import { type Stage, stageFiles } from "./stages/stages.ts";

/** Files that stages name, and their fingerprints; a model may be a run folder that holds it. */
export async function loadAssets(
  stages: readonly Stage[],
): Promise<{ readonly assets: Assets; readonly inputs: readonly Fingerprint[] }> {
  const assets: Record<string, Uint8Array> = {};
  const inputs: Fingerprint[] = [];
  for (const { path, is } of stageFiles(stages)) {
    assets[path] = is === "model" ? await findModel(path) : await readAsset(path);
    inputs.push(await fingerprint(is === "model" ? await fileOf(path) : path));
  }
  return { assets, inputs };
}

/** A whole file; `DataError` where it cannot be read. */
export async function readAsset(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: Error) => {
    throw new DataError(`${path}: cannot be read: ${cause.message}; check the path`, { cause });
  });
}

/** The model of a run folder, or the file itself. */
async function fileOf(path: string): Promise<string> {
  const inRun = join(path, "model.onnx");
  return (await readFile(inRun).catch(() => null)) === null ? path : inRun;
}
