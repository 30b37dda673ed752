import { Command, CommanderError } from "commander";
import { ConfigError, isFortyError } from "../base/errors.ts";
import { version } from "../tasks/version.ts";
import { createSession } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import type { Run } from "./verb.ts";
import { verbs } from "./verbs.ts";

/**
 * Runs one command line (without "node" and "forty").
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
 */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command("forty")
    .description("Machine learning for 40 MHz Level-1 scouting and CMS analysis")
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getErrHelpWidth: () => terminal.columns,
      getOutHelpWidth: () => terminal.columns,
      outputError: () => {}, // reported once, below
    });
  try {
    let code = 0;
    await define(program, argv, terminal, () => {
      code = 1;
    });
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return report(error, { program, argv, terminal });
  }
}

/** Adds all verbs; only those that the command line names are loaded. */
async function define(
  program: Command,
  argv: readonly string[],
  terminal: Terminal,
  onFail: () => void,
): Promise<void> {
  const run: Run =
    (work) =>
    async (...args) => {
      // commander appends the options and the command to the arguments
      const json = (args.at(-2) as { json?: boolean }).json === true;
      const result = await work(createSession(terminal, { json, onFail }), ...(args as never));
      if (json) terminal.out(`${JSON.stringify(result)}\n`);
    };
  for (const [name, { summary, load }] of Object.entries(verbs)) {
    const command = program.command(name).description(summary);
    if (!argv.includes(name)) continue;
    (await load()).define(command, run);
    for (const leaf of leavesOf(command))
      leaf.option(
        "--json",
        "end with one JSON object on standard output, all else on standard error",
      );
  }
}

function leavesOf(command: Command): Command[] {
  return command.commands.length > 0 ? command.commands.flatMap(leavesOf) : [command];
}

interface Context {
  readonly program: Command;
  readonly argv: readonly string[];
  readonly terminal: Terminal;
}

/** Says what went wrong, in one line where it is not a bug of ours; returns the exit code. */
function report(error: unknown, { program, argv, terminal }: Context): number {
  const { command, words } = commandOf(program, argv);
  const say = (text: string) => terminal.err(`${text}\n`);
  if (error instanceof CommanderError) {
    const isHelp = /^commander\.(help|version)/.test(error.code);
    if (!isHelp) say(`error: ${words}: ${usageText(error.message, words)}`);
    return isHelp ? error.exitCode && 2 : 2;
  }
  if (isCancelled(error)) {
    say(`stopped: ${error.message}`);
    const canResume = command.options.some((option) => option.long === "--resume");
    const again = argv.filter((word) => word !== "--resume").map(shellQuoted);
    if (canResume) say(`continue with: forty ${again.join(" ")} --resume`);
    return 130;
  }
  if (isFortyError(error) || isSystemError(error)) {
    say(`error: ${error.message}`);
    return error instanceof ConfigError ? 2 : 1;
  }
  say(`error: ${error instanceof Error ? error.stack : String(error)}`);
  say("this is a bug in forty; please report it with the command line and the text above");
  return 1;
}

/** The command that a command line means, and its words: "forty simulate muons". */
function commandOf(program: Command, argv: readonly string[]): { command: Command; words: string } {
  let command = program;
  const words = ["forty"];
  for (const word of argv) {
    const next = command.commands.find((c) => c.name() === word);
    if (next === undefined) break;
    command = next;
    words.push(word);
  }
  return { command, words: words.join(" ") };
}

/** "error: unknown option '--sed'\n(Did you mean --seed?)" in our form. */
function usageText(message: string, words: string): string {
  const [what, guess] = message.replace(/^error: /, "").split(/\s*\(Did you mean (.*)\?\)/s);
  const remedy = guess === undefined ? `see ${words} --help` : `did you mean ${guess}?`;
  return `${what.replaceAll("'", '"').replace(/\.$/, "")}; ${remedy}`;
}

function isCancelled(error: unknown): error is Error {
  return error instanceof Error && /^(CancelledError|AbortError)$/.test(error.name);
}

/** Disk full, no permission and the like: the message says it all. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error && "code" in error;
}

function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
