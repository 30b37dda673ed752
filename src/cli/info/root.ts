import { namedTexts, openAnyTree, openRootFile, treePaths } from "../../data/read-root.ts";
import type { RootFile } from "../../data/root/file.ts";
import { type HistogramData, isHistogramClass, readHistogram } from "../../data/root/histogram.ts";
import type { Description } from "../info.ts";
import { countText, numberText, shortened, textTable } from "../text-table.ts";
import { branchLines, type TreeFacts } from "./root-branches.ts";

/** Longest list of objects shown without --all. */
const shownObjects = 40;

/** Classes told of by their trees, histograms and metadata, or that are only folders. */
const known = /^(TDirectory(File)?|TNamed|TObjString)$/;

/** Version, compression, objects, trees with branches, histograms and metadata of a ROOT file. */
export async function describeRoot(path: string, { all }: { all: boolean }): Promise<Description> {
  const file = await openRootFile(path);
  try {
    const keys = file.keys().map(({ path: name, className, cycle, title, bytes }) => {
      return { path: name, className, cycle, title, bytes };
    });
    const trees: TreeFacts[] = [];
    for (const name of treePaths(file)) trees.push(await treeFacts(file, name));
    const histograms: HistogramFacts[] = [];
    for (const name of new Set(keys.flatMap((k) => (isHistogramClass(k.className) ? k.path : []))))
      histograms.push(await histogramFacts(file, name));
    const told = new Set([...trees, ...histograms].map((one) => one.path));
    const unread = keys.filter((k) => !told.has(k.path) && !known.test(k.className));
    const metadata = await namedTexts(file);
    const { compression } = file;
    const version = versionText(file.version);
    const bytes = file.source.size;
    const data = { file: path, format: "root", version, compression, bytes, keys };
    const head = `${path}: ROOT ${version}, compression ${compression}, ${countText(bytes)} bytes, ${counted(keys.length, "object")}`;
    const lines = [
      head,
      ...listed(
        ["object", "class", "cycle", "bytes"],
        keys.map((k) => [k.path, k.className, String(k.cycle), countText(k.bytes)]),
        all,
      ),
      ...trees.flatMap((tree) => treeLines(tree, all)),
      ...histogramLines(histograms, all),
      ...(unread.length > 0
        ? ["", `classes not read: ${[...new Set(unread.map((k) => k.className))].join(", ")}`]
        : []),
      ...Object.entries(metadata)
        .filter(([name]) => name !== "forty.units") // shown with the columns of the tree
        .map(([name, text]) => `${name}: ${shortened(text)}`),
    ];
    return {
      text: lines.join("\n"),
      data: { ...data, trees, histograms, unread, metadata },
    };
  } finally {
    await file.close();
  }
}

/** 63016 as "6.30/16". */
function versionText(version: number): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${Math.floor(version / 10_000)}.${two(Math.floor(version / 100) % 100)}/${two(version % 100)}`;
}

/** A tree, or why it could not be opened: the rest of the file is still worth telling. */
async function treeFacts(file: RootFile, path: string): Promise<TreeFacts> {
  const { className, cycle } = file.key(path);
  try {
    const { title, entries, branches } = await openAnyTree(file, path);
    return { path, className, cycle, title, entries, branches };
  } catch (error) {
    const reason = (error as Error).message;
    return { path, className, cycle, title: "", entries: 0, branches: [], error: reason };
  }
}

function treeLines(tree: TreeFacts, all: boolean): string[] {
  const { path, cycle, className, entries, branches, error } = tree;
  const what = className === "ROOT::RNTuple" ? "RNTuple" : className;
  if (error !== undefined) return ["", `${what} ${path};${cycle}: cannot be read: ${error}`];
  const parts =
    what === "RNTuple"
      ? counted(branches.length, "field")
      : counted(branches.length, "branch", "branches");
  const head = `${what} ${path};${cycle}: ${counted(entries, "entry", "entries")}, ${parts}`;
  return ["", head, ...branchLines(branches, all)];
}

type HistogramFacts = Pick<HistogramData, "className" | "title" | "entries"> & {
  readonly path: string;
  readonly axes: readonly { label: string; bins: number; min: number; max: number }[];
  readonly error?: string;
};

async function histogramFacts(file: RootFile, path: string): Promise<HistogramFacts> {
  try {
    const { className, title, entries, axes } = await readHistogram(file, path);
    const spans = axes.map(({ label, edges }) => {
      return { label, bins: edges.length - 1, min: edges[0], max: edges[edges.length - 1] };
    });
    return { path, className, title, entries, axes: spans };
  } catch (error) {
    const { className } = file.key(path);
    return { path, className, title: "", entries: 0, axes: [], error: (error as Error).message };
  }
}

function histogramLines(histograms: readonly HistogramFacts[], all: boolean): string[] {
  if (histograms.length === 0) return [];
  const rows = histograms.map(({ path, className, entries, axes, error }) => [
    path,
    className,
    numberText(entries),
    error ??
      axes
        .map(({ label, bins, min, max }) =>
          `${bins} bins ${numberText(min)} to ${numberText(max)} ${label}`.trim(),
        )
        .join(" x "),
  ]);
  return ["", ...listed(["histogram", "class", "entries", "axes"], rows, all)];
}

function counted(n: number, one: string, several = `${one}s`): string {
  return `${countText(n)} ${n === 1 ? one : several}`;
}

/** A table of at most 40 rows, of all with `all`. */
function listed(header: readonly string[], rows: readonly string[][], all: boolean): string[] {
  if (rows.length === 0) return [];
  const shown = all ? rows : rows.slice(0, shownObjects);
  const more = rows.length - shown.length;
  return [
    textTable(header, shown),
    ...(more > 0 ? [`... and ${countText(more)} more; --all lists them`] : []),
  ];
}
