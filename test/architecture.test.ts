import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

/** Who may import whom (docs/architecture.md); a folder may always import itself. */
const core = ["base", "onnx", "graph", "ops", "autodiff", "compile", "runtime"];
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  onnx: ["base"],
  data: ["base"],
  graph: ["base", "onnx"],
  ops: ["base", "graph", "onnx"],
  autodiff: ["base", "graph", "ops"],
  compile: ["base", "onnx", "graph", "ops"],
  runtime: ["base", "onnx", "graph", "compile"],
  nn: core,
  kernels: [...core, "stats"],
  stats: core,
  fpga: [...core, "nn"],
  report: ["base", "stats"],
  cms: ["base", "data", "stats"],
  tasks: [...core, "nn", "kernels", "stats", "fpga", "report", "data", "cms"],
  cli: [...core, "nn", "kernels", "stats", "fpga", "report", "data", "cms", "tasks"],
  "index.ts": core,
};

/** Imports that may only bring types, since the code behind must not be needed. */
const typesOnly = ["graph -> onnx", "ops -> onnx"];

/** Where Node's own modules may be used; everything else runs in a browser. */
const nodeFiles = [
  /^runtime\/ort-node\.ts$/,
  /^data\/(csv|detect|write)\.ts$/,
  /^data\/root\/(.*-node|worker[a-z-]*)\.ts$/,
  /^tasks\/([^/]+\/){0,2}(run-[a-z-]+|worker)\.ts$/,
  /^cli\//,
];

/** The one file that may hold each package, whose types and slips stay behind it. */
const packages: Readonly<Record<string, RegExp>> = {
  "@bokuweb/zstd-wasm": /^data\/root\/write-codecs-node\.ts$/,
  "hash-wasm": /^data\/root\/checksum\.ts$/,
  "xz-decompress": /^data\/root\/codecs-web\.ts$/,
  zstddec: /^data\/root\/codecs-web\.ts$/,
  "@duckdb/node-api": /^data\/(duckdb|column-builder)\.ts$/,
  "@observablehq/plot": /^report\//,
  "@nats-io/jetstream": /^tasks\/scout\/broker\//,
  "@nats-io/transport-node": /^tasks\/scout\/broker\//,
  commander: /^(cli|tasks)\//,
  domino: /^report\/svg\.ts$/,
  "onnxruntime-common": /^runtime\/ort\.ts$/,
  "onnxruntime-node": /^runtime\/ort-node\.ts$/,
  "onnxruntime-web": /^runtime\/ort-web\.ts$/,
  zod: /^(tasks|cli)\//,
};

const longestFile = 600;
const reportedFile = 300;

interface Import {
  readonly target: string;
  /** True where nothing of it is left when the types are gone. */
  readonly typeOnly: boolean;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

function filesUnder(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path, ending);
    return ending.test(entry.name) ? [path] : [];
  });
}

/** Static and dynamic imports and re-exports of a TypeScript file. */
function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  const statics = /^(?:import|export)\s+(type\s)?([^;"']*?from\s+)?"([^"]+)"/gm;
  const dynamics = /\bimport\(\s*"([^"]+)"/g;
  return [
    ...Array.from(code.matchAll(statics), ([, type, names = "", target]) => ({
      target,
      typeOnly: type !== undefined || areAllTypes(names),
    })),
    ...Array.from(code.matchAll(dynamics), ([, target]) => ({ target, typeOnly: false })),
  ];
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

/** `{ type A, type B } from`. */
function areAllTypes(names: string): boolean {
  const list = names
    .match(/^\{([^}]*)\}/)?.[1]
    .split(",")
    .map((name) => name.trim());
  return list?.filter(Boolean).every((name) => name.startsWith("type ")) ?? false;
}

const sources: readonly Source[] = filesUnder("src", /\.ts$/).map((path) => {
  const text = readFileSync(path, "utf8");
  return { path: relative("src", path), text, imports: importsOf(text) };
});

const isLocal = (target: string) => target.startsWith(".");
const resolved = (from: string, target: string) => join(dirname(from), target);
const folderOf = (path: string) => path.split("/")[0];

describe("imports", () => {
  test("every folder of src has a row in the import table", () => {
    const folders = new Set(sources.map(({ path }) => folderOf(path)));
    expect([...folders].filter((folder) => !(folder in mayImport))).toEqual([]);
  });

  test("folders import only what the table allows", () => {
    const breaches = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => isLocal(target))
        .flatMap(({ target, typeOnly }) => {
          const [from, to] = [folderOf(path), folderOf(resolved(path, target))];
          if (from === to) return [];
          const isAllowed = mayImport[from]?.includes(to);
          const needsTypes = typesOnly.includes(`${from} -> ${to}`) && !typeOnly;
          return isAllowed && !needsTypes ? [] : [`${path} imports ${target}`];
        }),
    );
    expect(breaches).toEqual([]);
  });

  test("local imports name a file that exists", () => {
    const dead = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => isLocal(target) && !existsSync(join("src", resolved(path, target))))
        .map(({ target }) => `${path} imports ${target}`),
    );
    expect(dead).toEqual([]);
  });

  test("there is no cycle, except between files of ops", () => {
    const edges = new Map(
      sources.map(({ path, imports }) => [
        path,
        imports
          .filter(({ target, typeOnly }) => isLocal(target) && !typeOnly)
          .map(({ target }) => resolved(path, target))
          .filter((to) => !(folderOf(path) === "ops" && folderOf(to) === "ops")),
      ]),
    );
    expect(cyclesOf(edges)).toEqual([]);
  });

  test("Node's modules are used only at the rim", () => {
    const breaches = sources
      .filter(({ imports }) => imports.some(({ target }) => target.startsWith("node:")))
      .filter(({ path }) => !nodeFiles.some((allowed) => allowed.test(path)));
    expect(breaches.map(({ path }) => path)).toEqual([]);
  });

  test("each package is imported only where it is wrapped", () => {
    const breaches = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => !isLocal(target) && !target.startsWith("node:"))
        .filter(({ target }) => !packages[target]?.test(path))
        .map(({ target }) => `${path} imports ${target}`),
    );
    expect(breaches).toEqual([]);
  });
});

/** Every cycle that a depth-first walk closes, as "a -> b -> a". */
function cyclesOf(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const walk = (node: string, trail: readonly string[]) => {
    const at = trail.indexOf(node);
    if (at >= 0) cycles.push([...trail.slice(at), node].join(" -> "));
    if (at >= 0 || done.has(node)) return;
    for (const next of edges.get(node) ?? []) walk(next, [...trail, node]);
    done.add(node);
  };
  for (const node of edges.keys()) walk(node, []);
  return cycles;
}

describe("files", () => {
  test(`no file is longer than ${longestFile} lines`, () => {
    const all = ["src", "test", "bench", "scripts"].flatMap((f) => filesUnder(f, /\.(ts|mjs)$/));
    const lengths = all.map((path) => ({
      path,
      lines: readFileSync(path, "utf8").split("\n").length,
    }));
    const long = lengths.filter(({ lines }) => lines > reportedFile);
    if (long.length > 0)
      console.info(
        `over ${reportedFile} lines:`,
        long.map((f) => `${f.path} ${f.lines}`).join(", "),
      );
    expect(lengths.filter(({ lines }) => lines > longestFile)).toEqual([]);
  });

  test("an index.ts only lists names", () => {
    const chatty = sources
      .filter(({ path }) => path.endsWith("index.ts"))
      .filter(
        ({ text }) =>
          text.replaceAll(/^export (type )?(\{[^}]*\}|\*) from "[^"]+";\n/gm, "").trim() !== "",
      );
    expect(chatty.map(({ path }) => path)).toEqual([]);
  });

  test("errors have a class that says their kind", () => {
    const bare = /throw (new Error\(|["'`])/;
    expect(
      sources.filter(({ text }) => bare.test(withoutComments(text))).map(({ path }) => path),
    ).toEqual([]);
  });

  test("links in README, CHANGELOG and docs lead to files and headings", () => {
    const pages = [
      "README.md",
      "CHANGELOG.md",
      "data/README.md",
      ...filesUnder("docs", /\.md$/),
      ...filesUnder("src", /\.md$/),
    ];
    const dead = pages.flatMap((page) =>
      Array.from(
        readFileSync(page, "utf8").matchAll(/\]\((?!https?:)([^)]+)\)/g),
        ([, link]) => link,
      )
        .filter((link) => !leadsSomewhere(page, link))
        .map((link) => `${page}: ${link}`),
    );
    expect(dead).toEqual([]);
  });
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path, heading] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(target)) return false;
  if (heading === undefined) return true;
  const headings = readFileSync(target, "utf8").matchAll(/^#+ (.*)$/gm);
  const slugs = Array.from(headings, ([, text]) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  return slugs.includes(heading);
}

describe("public entries", () => {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Record<string, string | { types: string; default: string }>;
  };
  const entries = Object.entries(exports).flatMap(([entry, target]) =>
    typeof target === "string" ? [] : [{ entry, ...target }],
  );

  test("each entry has types and code from one source file", () => {
    for (const { types, default: code } of entries) {
      expect(types.replace(/\.d\.ts$/, "")).toBe(code.replace(/\.js$/, ""));
      expect(existsSync(sourceOf(code)), sourceOf(code)).toBe(true);
    }
  });

  test("the public names are the ones pinned here", async () => {
    const names = entries
      .filter(({ default: code }) => existsSync(sourceOf(code)))
      .map(
        ({ entry, default: code }) => `${entry}\n  ${publicNames(sourceOf(code)).join("\n  ")}\n`,
      );
    await expect(names.join("\n")).toMatchFileSnapshot("golden/public-names.txt");
  });
});

function sourceOf(code: string): string {
  return code.replace("./dist/", "src/").replace(/\.js$/, ".ts");
}

/** Exported names, types included, sorted; `export *` counts as the names behind it. */
function publicNames(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const behind = Array.from(text.matchAll(/^export \* from "([^"]+)"/gm), ([, target]) =>
    publicNames(join(dirname(path), target)),
  );
  const lists = Array.from(text.matchAll(/^export (type )?\{([^}]*)\} from/gm), ([, type, list]) =>
    list
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean)
      .map((name) => (type ? `type ${name}` : name)),
  );
  const kinds = /^export (?:async )?(function|const|class|interface|type) (\w+)/gm;
  const declared = Array.from(text.matchAll(kinds), ([, kind, name]) =>
    kind === "interface" || kind === "type" ? `type ${name}` : name,
  );
  const name = (line: string) => line.replace(/^type /, "").replace(/^.* as /, "");
  return [...lists.flat(), ...behind.flat(), ...declared].sort((a, b) =>
    name(a) < name(b) ? -1 : 1,
  );
}
