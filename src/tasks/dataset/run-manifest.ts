import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError, DataError } from "../../base/errors.ts";
import { type Fingerprint, writeWhole } from "../run-folder.ts";
import { version } from "../version.ts";
import type { DatasetCounts } from "./counts.ts";
import type { DatasetSettings } from "./settings.ts";

/** An input that is done: its rows lie in a part until all are joined. */
export interface DoneFile {
  /** The path as it was given. */
  readonly path: string;
  /** Size, and SHA-256 of the first and last MiB. */
  readonly fingerprint: Fingerprint;
  readonly format: string;
  /** Label of a simulated file. */
  readonly simulation: string | null;
  /** Name of its part in the hidden folder. */
  readonly part: string;
  readonly counts: DatasetCounts;
}

/** An input that could not be used. */
export interface FailedFile {
  readonly path: string;
  readonly error: string;
}

/** What is done so far; lies beside the output as OUT.manifest.json and stays there. */
export interface Manifest {
  readonly task: "dataset";
  readonly version: string;
  readonly settings: DatasetSettings;
  readonly complete: boolean;
  readonly files: readonly DoneFile[];
  readonly failed: readonly FailedFile[];
}

/** The manifest of an output. */
export const manifestPath = (out: string) => `${out}.manifest.json`;

/** The hidden folder beside an output that holds parts until they are joined. */
export const partsFolder = (out: string) => join(dirname(out), `.${basename(out)}.parts`);

/** Name of the part of an input: the same path and content give the same. */
export function partName(path: string, { sha256 }: Fingerprint): string {
  const hash = createHash("sha256")
    .update(`${resolve(path)}\0${sha256}`)
    .digest("hex");
  return `${hash.slice(0, 16)}.parquet`;
}

/**
 * Files of an earlier try whose parts are still there; none without `resume`. Throws `ConfigError`
 * where there is an unfinished try but `resume` is not set, nothing to resume, or other settings.
 */
export async function doneBefore(
  out: string,
  settings: DatasetSettings,
  resume: boolean,
): Promise<DoneFile[]> {
  const before = await readManifest(out);
  const path = manifestPath(out);
  if (before === null) {
    if (!resume) return [];
    throw new ConfigError(`dataset: no ${path} to resume from; leave --resume out`);
  }
  if (!resume) {
    if (before.complete || before.files.length === 0) return [];
    throw new ConfigError(
      `dataset: ${path} tells of ${before.files.length} files done already; ` +
        "add --resume, or remove it to begin again",
    );
  }
  if (before.version !== version)
    throw new ConfigError(
      `dataset: ${path} is of version ${before.version}, this is ${version}; remove it to begin again`,
    );
  const changed = Object.entries(settings).find(
    ([key, value]) => before.settings[key as keyof DatasetSettings] !== value,
  );
  if (changed)
    throw new ConfigError(
      `dataset: ${path} was made with ${changed[0]} ` +
        `${before.settings[changed[0] as keyof DatasetSettings]}, now it is ${changed[1]}; ` +
        "resume with the same settings",
    );
  return before.files.filter(({ part }) => existsSync(join(partsFolder(out), part)));
}

/** Writes the manifest, whole or not at all. */
export async function writeManifest(
  out: string,
  manifest: Omit<Manifest, "task" | "version">,
): Promise<void> {
  const full: Manifest = { task: "dataset", version, ...manifest };
  await writeWhole(manifestPath(out), `${JSON.stringify(full, null, 2)}\n`);
}

async function readManifest(out: string): Promise<Manifest | null> {
  const path = manifestPath(out);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw cause;
  });
  if (text === null) return null;
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.task === "dataset" && Array.isArray(manifest.files)) return manifest;
  } catch {} // told below
  throw new DataError(`${path}: not a manifest of a dataset; remove it to begin again`);
}
