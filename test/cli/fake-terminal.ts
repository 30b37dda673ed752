import { runCli } from "../../src/cli/program.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

/** A terminal that keeps what is written to it and whose clock moves 1 s per look. */
export function fakeTerminal(settings: Partial<Terminal> = {}) {
  const written = { out: "", err: "" };
  let ms = 0;
  const terminal: Terminal = {
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    isInteractive: false,
    columns: 100,
    signal: new AbortController().signal,
    now: () => {
      ms += 1000;
      return ms;
    },
    ...settings,
  };
  return { terminal, written };
}

/** Runs one command line in this process. */
export async function forty(argv: readonly string[], settings: Partial<Terminal> = {}) {
  const { terminal, written } = fakeTerminal(settings);
  const code = await runCli(argv, terminal);
  return { code, ...written };
}
