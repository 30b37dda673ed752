import { DataError } from "../base/errors.ts";
import { detectFormat, splitTreePath } from "./detect.ts";
import type { RootColumn } from "./root/column.ts";
import { openRoot, type RootFile, type RootKey } from "./root/file.ts";
import { ObjectReader, stringIn } from "./root/object.ts";
import { ntupleClass, readNtuple } from "./root/rntuple.ts";
import { openFileSource } from "./root/source-node.ts";
import type { BranchInfo, RootTree } from "./root/tree.ts";
import { parseUnits, unitsKey } from "./source.ts";

const treeClasses = ["TTree", "TNtuple", "TNtupleD", ntupleClass];

/** Opens a ROOT file on disk. `FormatError` where it is missing, truncated or something else. */
export async function openRootFile(path: string): Promise<RootFile> {
  const { file } = splitTreePath(path);
  await detectFormat(file);
  return openRoot(await openFileSource(file));
}

/** Paths of the trees and RNTuples of a file, in its order. */
export function treePaths(file: RootFile): string[] {
  const keys = file.keys().filter((key) => treeClasses.includes(key.className));
  return [...new Set(keys.map((key) => key.path))];
}

/** A TTree or RNTuple by its path and cycle, the newest by default. */
export function openAnyTree(file: RootFile, path: string, cycle?: number): Promise<RootTree> {
  const isNtuple = file.key(path, cycle).className === ntupleClass;
  return isNtuple ? readNtuple(file, path, cycle) : file.tree(path, cycle);
}

/** Where the objects that are texts hold them. */
const textMembers: Readonly<Record<string, string>> = { TNamed: "fTitle", TObjString: "fString" };

/** The TNamed and TObjString objects of the top directory, their texts by name. */
export async function namedTexts(file: RootFile): Promise<Record<string, string>> {
  const isText = (key: RootKey) => key.className in textMembers && key.path === key.name;
  const texts: Record<string, string> = {};
  for (const path of new Set(
    file
      .keys()
      .filter(isText)
      .map((key) => key.path),
  )) {
    const key = file.key(path);
    if (!isText(key)) continue; // another object of that name is newer
    const reader = new ObjectReader(await file.payload(key), file.streamers);
    texts[path] = stringIn(reader.object(key.className), textMembers[key.className]);
  }
  return texts;
}

/** A tree of a ROOT file on disk with what stands beside it. */
export interface OpenTree {
  readonly tree: RootTree;
  /** Texts of the file by name. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Units by branch, where the file tells them. */
  readonly units: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Opens a tree of a ROOT file: that behind the colon of "nano.root:Events" (";2" behind it asks for
 * a cycle), else the only one. Throws `DataError` where the tree is to be named or is not there.
 */
export async function openNamedTree(path: string): Promise<OpenTree> {
  const file = await openRootFile(path);
  try {
    const [, name = "", cycle] = /^(.*?)(?:;(\d+))?$/.exec(treeOf(file, path)) ?? [];
    const tree = await openAnyTree(file, name, cycle === undefined ? undefined : Number(cycle));
    const metadata = await namedTexts(file);
    const units = parseUnits(path, metadata[unitsKey]);
    return { tree, metadata, units, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** NanoAOD's tree, the one that is meant where a file holds others beside. */
const eventTree = "Events";

function treeOf(file: RootFile, path: string): string {
  const named = splitTreePath(path).tree;
  if (named !== null) return named;
  const depth = (one: string) => one.split("/").length;
  const paths = treePaths(file).sort((a, b) => depth(a) - depth(b));
  if (paths.length === 1) return paths[0];
  if (paths.includes(eventTree)) return eventTree;
  if (paths.length > 1)
    throw new DataError(
      `${path}: holds ${paths.length} trees: ${paths.join(", ")}; name one, as ${path}:${paths[0]}`,
    );
  const classes = [...new Set(file.keys().map((key) => key.className))];
  throw new DataError(
    `${path}: holds no tree${classes.length > 0 ? `, only ${classes.join(", ")}` : ""}`,
  );
}

/** Type of a branch for people: "float32[nMuon]", "float32[3]", "vector<int>", "bool". */
export function branchType({ typeName, jagged, counter, inner, readable }: BranchInfo): string {
  const items = jagged && !typeName.includes("<") ? `[${counter ?? ""}]` : "";
  const text = `${typeName}${items}${inner.map((n) => `[${n}]`).join("")}`;
  return readable === true ? text : `${text}, not read`;
}

/** What a branch holds, for which nothing but its description is read. */
export interface BranchShape extends Pick<RootColumn, "type"> {
  readonly jagged: boolean;
  /** Its items are lists themselves. */
  readonly nested: boolean;
}

/** Shapes of all readable branches, by name. */
export async function branchShapes({
  branches,
  ...tree
}: RootTree): Promise<Map<string, BranchShape>> {
  const names = branches.flatMap(({ name, readable }) => (readable === true ? [name] : []));
  const empty = await tree.read(names, { start: 0, stop: 0 });
  return new Map(
    empty.map(({ name, type, offsets, innerOffsets }) => [
      name,
      { type, jagged: offsets !== undefined, nested: innerOffsets !== undefined },
    ]),
  );
}

/** The part of a branch name before its first "_" or "." ("Muon" of "Muon_pt"), else all of it. */
export function collectionOf(name: string): string {
  return name.split(/[_.]/, 1)[0] || name;
}
