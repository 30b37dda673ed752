import { execFile } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codeBlock } from "./readme.ts";

const run = promisify(execFile);
const project = mkdtempSync(join(tmpdir(), "forty-package-"));
afterAll(() => rmSync(project, { recursive: true, force: true }));

const { version, exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
  version: string;
  exports: Record<string, string | { types: string; default: string }>;
};

/** Files in the packed package. */
let packed: string[] = [];
/** Why the package could not be installed, null where it was. */
let unreachable: string | null = null;

/** Output of a program that must succeed in the empty project. */
async function inProject(file: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(file, args, { cwd: project }).catch((error) => {
    throw new Error(`${file} ${args.join(" ")}\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}

beforeAll(async () => {
  await run("npm", ["run", "build"]);
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", project]);
  const [{ filename, files }] = JSON.parse(stdout) as [
    { filename: string; files: { path: string }[] },
  ];
  packed = files.map((file) => file.path);
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  copyFileSync(".npmrc", join(project, ".npmrc"));
  await run("npm", ["install", "--prefer-offline", "--no-progress", filename], {
    cwd: project,
  }).catch((error: { stderr: string }) => {
    const isNetwork = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ENOTCACHED/;
    if (!isNetwork.test(error.stderr)) throw new Error(error.stderr);
    unreachable = "npm cannot reach its registry and the cache lacks packages";
    console.warn(`skipped: ${unreachable}`);
  });
}, 180_000);

describe("the packed package", () => {
  test("holds the compiled code with types, the monitor's page and the sample, no sources", () => {
    expect(packed).toEqual(expect.arrayContaining(["LICENSE", "README.md", "dist/cli/main.js"]));
    const odd = packed.filter(
      (path) =>
        !/^(dist\/.+\.(js|d\.ts)|dist\/web\/.+|data\/.+|package\.json|[A-Z]+(\.md)?)$/.test(path),
    );
    expect(odd).toEqual([]);
    for (const target of Object.values(exports)) {
      if (typeof target === "string") continue;
      expect(packed).toContain(target.types.slice(2));
      expect(packed).toContain(target.default.slice(2));
    }
  });
});

describe("installed into an empty project", () => {
  test("gives the command", async ({ skip }) => {
    if (unreachable) skip(unreachable);
    expect(await inProject("npx", "--no-install", "forty", "--version")).toBe(`${version}\n`);
    const out = JSON.parse(
      await inProject("npx", "forty", "simulate", "muons", "-n", "100", "-o", "m.csv", "--json"),
    );
    expect(out).toMatchObject({ file: "m.csv", rows: 100 });
    expect(existsSync(join(project, "m.csv"))).toBe(true);
  });

  test("gives every entry to an import", async ({ skip }) => {
    if (unreachable) skip(unreachable);
    const entries = Object.keys(exports)
      .filter((entry) => entry !== "./package.json")
      .map((entry) => `forty${entry.slice(1)}`);
    const code = `for (const e of ${JSON.stringify(entries)}) console.log(e, Object.keys(await import(e)).length > 0)`;
    const lines = (await inProject(process.execPath, "--input-type=module", "-e", code)).trim();
    expect(lines.split("\n")).toEqual(entries.map((entry) => `${entry} true`));
  });

  test("gives types that a strict project accepts", async ({ skip }) => {
    if (unreachable) skip(unreachable);
    copyFileSync("test/package/project/user.ts", join(project, "user.ts"));
    const tsc = resolve("node_modules/typescript/bin/tsc");
    const types = resolve("node_modules/@types");
    await inProject(
      ...([process.execPath, tsc, "--noEmit", "--strict", "--skipLibCheck"] as const),
      ...["--target", "es2023", "--module", "nodenext", "--lib", "es2023,dom"],
      ...["--typeRoots", types, "--types", "node", "user.ts"],
    );
  });

  test("runs the programs of README and CHANGELOG", async ({ skip }) => {
    if (unreachable) skip(unreachable);
    writeFileSync(join(project, "readme.mjs"), codeBlock("README.md", "js"));
    const words = await inProject(process.execPath, "readme.mjs");
    const [, before, after] = words.match(/^rms of phi: ([\d.]+) -> ([\d.]+) rad\n$/) ?? [];
    expect(Number(before)).toBeGreaterThan(0.45);
    expect(Number(before)).toBeLessThan(0.55);
    expect(Number(after)).toBeLessThan(0.15);
    writeFileSync(join(project, "changelog.mjs"), codeBlock("CHANGELOG.md", "js"));
    const [, first, second] =
      (await inProject(process.execPath, "changelog.mjs")).match(
        /\[\s*0,\s*([\d.]+),\s*([\d.]+)/,
      ) ?? [];
    expect(Number(first)).toBeCloseTo(Math.sin(1) + Math.cos(1), 5);
    expect(Number(second)).toBeCloseTo(Math.sin(2) + 2 * Math.cos(2), 5);
  });
});
