import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError, DataError, FormatError } from "../base/errors.ts";

/** A run is a folder: everything that went in and came out, nothing outside it. */
export interface RunFolder {
  readonly path: string;
  /** True where the folder holds an interrupted run of the same configuration to go on with. */
  readonly resuming: boolean;
  /** Writes a file beside, then renames: it is whole or not there. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** Bytes of a file, or null where there is none. */
  read(name: string): Promise<Uint8Array | null>;
  /** Appends one line to `events.jsonl`. */
  event(event: object): void;
}

/**
 * Makes the folder of a run and stores its configuration, or opens it to resume.
 * @throws ConfigError where the folder holds another run already, or nothing to resume.
 */
export async function openRun(
  path: string,
  config: { readonly inputs: readonly Fingerprint[]; readonly [setting: string]: unknown },
  { resume = false }: { readonly resume?: boolean } = {},
): Promise<RunFolder> {
  const wanted = `${JSON.stringify(config, null, 2)}\n`;
  const folder = createFolder(path);
  const before = await readText(join(path, "config.json"));
  const done = existsSync(join(path, "metrics.json"));
  if (before !== null && !resume)
    throw new ConfigError(
      `run: ${path} holds a run already; choose another folder${done ? "" : " or add --resume"}`,
    );
  if (resume && before === null)
    throw new ConfigError(`run: ${path} holds no run to resume; leave --resume out`);
  if (before !== null && before !== wanted)
    throw new ConfigError(`run: ${path} ${difference(before, wanted, config)}`);
  if (before === null) {
    const isNew = !existsSync(path);
    if (!isNew && !statSync(path).isDirectory())
      throw new ConfigError(`run: ${path} is a file; choose another folder`);
    if (!isNew && readdirSync(path).length > 0)
      throw new ConfigError(`run: ${path} is not empty and not a run; choose another folder`);
    makeFolder(path);
    await folder.write("config.json", wanted).catch(({ cause }: DataError) => {
      if (isNew) rmSync(path, { recursive: true, force: true });
      throw writeError(join(path, "config.json"), cause, "try again");
    });
  }
  removeLeftovers(path);
  return { ...folder, resuming: before !== null };
}

function createFolder(path: string): Omit<RunFolder, "resuming"> {
  return {
    path,
    async write(name, content) {
      const target = join(path, name);
      makeFolder(dirname(target));
      await writeWhole(target, content);
    },
    async read(name) {
      try {
        return new Uint8Array(await readFile(join(path, name)));
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw new DataError(`run: cannot read ${join(path, name)}: ${(cause as Error).message}`, {
          cause,
        });
      }
    },
    event(event) {
      const file = join(path, "events.jsonl");
      const size = existsSync(file) ? statSync(file).size : 0;
      try {
        appendFileSync(file, `${JSON.stringify(event)}\n`);
      } catch (cause) {
        if (existsSync(file)) truncateSync(file, size); // no half a line
        throw writeError(file, cause);
      }
    },
  };
}

/** Folder by folder: Node's own recursion never ends where the system gives ENOENT, as in /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Writes beside and renames, so that no half-written file is ever seen under the name. */
export async function writeWhole(target: string, content: string | Uint8Array): Promise<void> {
  const beside = join(
    dirname(target),
    `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`,
  );
  try {
    await writeFile(beside, content);
    await rename(beside, target);
  } catch (cause) {
    await rm(beside, { force: true });
    throw writeError(target, cause);
  }
}

/** Files that a killed process was writing beside. */
function removeLeftovers(path: string): void {
  for (const name of readdirSync(path, { recursive: true, encoding: "utf8" }))
    if (/^\..+\.[\da-f]{12}\.tmp$/.test(basename(name))) rmSync(join(path, name), { force: true });
}

function writeError(path: string, cause: unknown, then = "go on with --resume"): DataError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason =
    code === "ENOSPC"
      ? `no space left on the disk; free some and ${then}`
      : code === "EACCES" || code === "EROFS" || code === "EPERM"
        ? "no permission to write there; choose another folder"
        : code === "ENOTDIR" || code === "EEXIST"
          ? "a file is in the way; choose another folder"
          : message;
  return new DataError(`run: cannot write ${path}: ${reason}`, { cause });
}

/** What an input file was: name, size and SHA-256, so that a run can be checked later. */
export interface Fingerprint {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export async function fingerprint(path: string): Promise<Fingerprint> {
  const hash = createHash("sha256");
  const info = await stat(path).catch(() => null);
  if (!info) throw new DataError(`${path}: no such file; check the path`);
  if (info.isDirectory()) throw new DataError(`${path}: is a folder; give a file`);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return { file: basename(path), bytes: info.size, sha256: hash.digest("hex") };
}

/** Path of the ONNX file that a path means: itself, or `model.onnx` of a run folder. */
export async function modelFile(path: string): Promise<string> {
  const info = await stat(path).catch(() => null);
  if (!info)
    throw new DataError(`model: ${path} does not exist; give a run folder or a .onnx file`);
  return info.isDirectory() ? join(path, "model.onnx") : path;
}

/** Bytes of the ONNX file that a path means. */
export async function findModel(path: string): Promise<Uint8Array> {
  const file = await modelFile(path);
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "ENOENT"
      ? new DataError(`model: ${resolve(path)} holds no model.onnx; is the run finished?`)
      : new FormatError(`model: cannot read ${file}: ${cause.message}`, { cause });
  });
  return new Uint8Array(bytes);
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return null;
    throw new DataError(`run: cannot read ${path}: ${cause.message}`, { cause });
  });
}

/** Says how a run there differs: by its input, or by its first other setting. */
function difference(
  before: string,
  wanted: string,
  { inputs }: { readonly inputs: readonly Fingerprint[] },
): string {
  const there = inputsOf(before);
  const changed = inputs.find((now, i) => now.sha256 !== there?.[i]?.sha256);
  if (!there || !changed || JSON.stringify(there) === JSON.stringify(inputs))
    return `was started with another configuration (${firstDifference(before, wanted)}); resume with the same settings`;
  const text = (list: readonly Fingerprint[]) =>
    list.map((f) => `${f.file} of ${f.bytes} bytes, sha256 ${f.sha256.slice(0, 8)}`).join(", ");
  return `was started on other input: ${text(there)} there, ${text(inputs)} now; restore the input or start a new run`;
}

function inputsOf(config: string): Fingerprint[] | null {
  try {
    return (JSON.parse(config) as { inputs?: Fingerprint[] }).inputs ?? null;
  } catch {
    return null;
  }
}

function firstDifference(before: string, wanted: string): string {
  const a = before.split("\n");
  const b = wanted.split("\n");
  const i = b.findIndex((line, k) => line !== a[k]);
  return `${(a[i] ?? "").trim() || "nothing"} there, ${(b[i] ?? "").trim() || "nothing"} now`;
}
