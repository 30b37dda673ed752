import { spawn } from "node:child_process";
import { CancelledError, ConfigError, SessionError } from "../../base/errors.ts";

/** How an external tool is run. */
export interface ToolLimits {
  readonly cwd: string;
  /** What to do where the tool is not there. */
  readonly missing: string;
  readonly limitMinutes: number;
  readonly signal?: AbortSignal;
  /** Exit codes that are no failure (default: 0). */
  readonly accept?: readonly number[];
}

/**
 * Runs a program to its end and returns all it printed.
 * @throws ConfigError where there is no such program; SessionError where it fails, with its last
 * lines, or takes longer than allowed.
 */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd, missing, limitMinutes, signal, accept = [0] }: ToolLimits,
): Promise<{ readonly code: number; readonly text: string }> {
  const name = command.split("/").at(-1)!;
  return new Promise((resolve, reject) => {
    const timer = AbortSignal.timeout(limitMinutes * 60_000);
    const child = spawn(command, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      signal: signal ? AbortSignal.any([signal, timer]) : timer,
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    const text = () => Buffer.concat(chunks).toString("utf8");
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT")
        reject(new ConfigError(`${name}: not found; ${missing}`, { cause: error }));
      else if (timer.aborted)
        reject(
          new SessionError(
            `${name}: not done after ${limitMinutes} minutes; last lines: ${lastLines(text())}`,
          ),
        );
      else if (signal?.aborted) reject(new CancelledError(`${name}: cancelled`));
      else reject(error);
    });
    child.on("close", (code) => {
      if (code !== null && accept.includes(code)) resolve({ code, text: text() });
      else
        reject(
          new SessionError(`${name}: failed (exit code ${code}) in ${cwd}: ${lastLines(text())}`),
        );
    });
  });
}

/** The end of what a tool said, errors first where it names any. */
export function lastLines(text: string): string {
  const lines = text.trimEnd().split("\n");
  const errors = lines.filter((line) => /error/i.test(line)).slice(0, 5);
  return `\n${[...errors, ...lines.slice(-12)].join("\n")}`;
}
