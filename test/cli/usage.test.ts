import { readFileSync } from "node:fs";
import { Command, type Option } from "commander";
import { describe, expect, test } from "vitest";
import { verbs } from "../../src/cli/verbs.ts";
import { version } from "../../src/tasks/version.ts";
import { forty } from "./fake-terminal.ts";

describe("wrong usage ends with code 2 and one line that helps", () => {
  test.each([
    [["simulat"], 'error: forty: unknown command "simulat"; did you mean simulate?\n'],
    [["simulate", "muon"], 'error: forty simulate: unknown command "muon"; did you mean muons?\n'],
    [
      ["simulate", "muons", "--sed", "3", "-o", "x.csv"],
      'error: forty simulate muons: unknown option "--sed"; did you mean --seed?\n',
    ],
    [
      ["simulate", "muons"],
      'error: forty simulate muons: required option "-o, --out <file>" not specified; see forty simulate muons --help\n',
    ],
    [["info"], 'error: forty info: missing required argument "file"; see forty info --help\n'],
    [
      ["simulate", "muons", "-n", "1.5", "-o", "x.csv"],
      'error: --rows: expected a whole number >= 1, got "1.5"\n',
    ],
    [
      ["simulate", "muons", "-n", "", "-o", "x.csv"],
      'error: --rows: expected a whole number >= 1, got ""\n',
    ],
    [
      ["convert", "a.csv", "-o", "b.csv", "--columns", "pt,,eta"],
      'error: --columns: expected different names separated by commas, got "pt,,eta" (an empty name)\n',
    ],
    [
      ["convert", "./a.csv", "-o", "a.csv"],
      "error: --out: a.csv is also read; give the result another name\n",
    ],
    [
      ["simulate", "muons", "-o", "muons.txt"],
      "error: muons.txt: unknown ending; name the file .csv, .csv.gz, .parquet or .root\n",
    ],
  ])("%j", async (argv, message) => {
    expect(await forty(argv)).toEqual({ code: 2, out: "", err: message });
  });

  test("no verb at all shows the help on standard error", async () => {
    const { code, out, err } = await forty([]);
    expect([code, out]).toEqual([2, ""]);
    for (const name of Object.keys(verbs)) expect(err).toMatch(new RegExp(`^  ${name} `, "m"));
  });
});

describe("help", () => {
  test("asked for, it goes to standard output and is no failure", async () => {
    for (const argv of [["--help"], ["help"], ["info", "--help"], ["simulate", "muons", "-h"]]) {
      const { code, out, err } = await forty(argv);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(/^Usage: forty /);
    }
  });

  test("every option of every verb says its default, or that it is required", async () => {
    const silent: string[] = [];
    for (const [name, { load }] of Object.entries(verbs)) {
      const command = new Command(name);
      (await load()).define(command, () => async () => {});
      for (const { words, option } of optionsOf(command, name)) {
        const says = /\((default: .+|required)\)/.test(option.description);
        if (option.required && !says && option.defaultValue === undefined)
          silent.push(`${words} ${option.flags}`);
      }
    }
    expect(silent).toEqual([]);
  });

  test("the version is the package's", async () => {
    const text = readFileSync("package.json", "utf8");
    expect(version).toBe((JSON.parse(text) as { version: string }).version);
    expect(await forty(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });
});

function optionsOf(command: Command, words: string): { words: string; option: Option }[] {
  return [
    ...command.options.map((option) => ({ words, option })),
    ...command.commands.flatMap((inner) => optionsOf(inner, `${words} ${inner.name()}`)),
  ];
}
