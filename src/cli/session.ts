import { createLiveLines, type LiveLines } from "./live-lines.ts";
import { createProgress, type Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** What a verb sees while it works. */
export interface Session {
  /** Fires on Ctrl-C: finish tidily and throw `CancelledError`. */
  readonly signal: AbortSignal;
  /** One or more lines for people: on standard output, under --json on standard error. */
  say(text: string): void;
  /** Says on standard error what failed; the work goes on, but the exit code becomes 1. */
  fail(text: string): void;
  /** A bar on a terminal, quiet lines in a log. Always on standard error. */
  progress(label: string, total: number): Progress;
  /** Lines for work that runs side by side. Always on standard error. */
  lines(): LiveLines;
}

/**
 * A session on a terminal.
 * @param options.json - leaves standard output to the result.
 * @param options.onFail - called when part of the work failed.
 */
export function createSession(
  terminal: Terminal,
  { json, onFail = () => {} }: { readonly json: boolean; readonly onFail?: () => void },
): Session {
  let bar: Progress | null = null;
  return {
    signal: terminal.signal,
    say(text) {
      bar?.finish(); // it draws itself again below the text
      (json ? terminal.err : terminal.out)(`${text}\n`);
    },
    fail(text) {
      bar?.finish();
      onFail();
      terminal.err(`error: ${text}\n`);
    },
    progress(label, total) {
      bar?.finish();
      bar = createProgress(terminal, label, total);
      return bar;
    },
    lines: () => createLiveLines(terminal),
  };
}
