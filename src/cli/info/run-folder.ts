import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "../../base/errors.ts";
import type { Description } from "../info.ts";
import { countText, numberText, textTable } from "../text-table.ts";

/** Longest list of settings or numbers shown; `--json` gives them all. */
const shownLines = 60;

/** Files, configuration and numbers of a run folder. `FormatError` where it is none. */
export async function describeRun(path: string): Promise<Description> {
  const names = (await readdir(path)).sort();
  if (!names.includes("config.json"))
    throw new FormatError(`${path}: not a run folder: there is no config.json in it`);
  const files = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(path, name));
      return { name, bytes: found.isDirectory() ? null : found.size };
    }),
  );
  const config = await readJson(join(path, "config.json"));
  const metrics = names.includes("metrics.json")
    ? await readJson(join(path, "metrics.json"))
    : null;
  const lines = [
    `${path}: run folder${metrics === null ? ", not finished (no metrics.json)" : ""}`,
    textTable(
      ["file", "bytes"],
      files.map(({ name, bytes }) => [
        bytes === null ? `${name}/` : name,
        bytes === null ? "" : countText(bytes),
      ]),
    ),
    ...listed("configuration", config),
    ...listed("numbers", metrics),
  ];
  return { text: lines.join("\n"), data: { file: path, format: "run", files, config, metrics } };
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

function listed(title: string, value: unknown): string[] {
  const entries = flat(value, "");
  if (entries.length === 0) return [];
  const rest = entries.length - shownLines;
  const more = rest > 0 ? [`... and ${countText(rest)} more; --json gives them all`] : [];
  return [`${title}:`, ...entries.slice(0, shownLines).map((line) => `  ${line}`), ...more];
}

/** "model.hidden: [128, 128]", one line per scalar or list of scalars. */
function flat(value: unknown, path: string): string[] {
  if (value === null || value === undefined) return [];
  const isList = Array.isArray(value) && value.every((x) => typeof x !== "object");
  if (typeof value !== "object" || isList) return [`${path}: ${scalarText(value)}`];
  return Object.entries(value).flatMap(([key, inner]) =>
    flat(inner, path ? `${path}.${key}` : key),
  );
}

function scalarText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(scalarText).join(", ")}]`;
  return typeof value === "number" ? numberText(value) : String(value);
}
