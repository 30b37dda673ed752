import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

/** What pages may import from src: code that runs in a browser. */
const entries = [
  "src/report/index.ts",
  "src/report/page-style.ts",
  "src/tasks/scout/monitor/view.ts",
];
/** Packages of the pages; what code of src wraps is its own matter. */
const packages = /^(preact(\/hooks)?|uplot(\/dist\/uPlot\.min\.css)?)$/;

/** Imports that are left when the types are gone. */
function importsOf(path: string): string[] {
  const text = readFileSync(path, "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const statics = /^(?:import|export)\s+(type\s)?([^;"']*?from\s+)?"([^"]+)"/gm;
  return Array.from(text.matchAll(statics), ([, type, names = "", target]) => {
    const list = /^\{([^}]*)\}/.exec(names)?.[1].split(",") ?? [];
    const named = list.map((name) => name.trim()).filter(Boolean);
    const areTypes = named.length > 0 && named.every((name) => name.startsWith("type "));
    return type || areTypes ? [] : [target];
  }).flat();
}

const files = readdirSync("web", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts"))
  .map((name) => join("web", name));

test("pages import only packages of their own and code of src that is meant for browsers", () => {
  expect(files.length).toBeGreaterThan(5);
  const odd = files.flatMap((path) =>
    importsOf(path)
      .map((target) =>
        target.startsWith(".") ? relative(".", join(dirname(path), target)) : target,
      )
      .filter((target) => !target.startsWith("web/"))
      .filter((target) => !packages.test(target) && !entries.includes(target))
      .map((target) => `${path} imports ${target}`),
  );
  expect(odd).toEqual([]);
});

test("no file behind these entries needs Node", () => {
  const seen = new Set<string>();
  const needs: string[] = [];
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const target of importsOf(path)) {
      if (target.startsWith("node:")) needs.push(`${path} imports ${target}`);
      else if (target.startsWith(".")) visit(join(dirname(path), target));
    }
  };
  for (const entry of entries) visit(entry);
  expect(seen.size).toBeGreaterThan(20);
  expect(needs).toEqual([]);
});
