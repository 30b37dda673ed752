import type { Command } from "commander";
import type { Session } from "./session.ts";

/**
 * Wraps the work of a verb as a commander action: gives it a session and the arguments and options
 * as commander passes them; what it returns is printed as one JSON object under --json.
 */
export type Run = <A extends readonly unknown[]>(
  work: (session: Session, ...args: A) => Promise<object>,
) => (...args: unknown[]) => Promise<void>;

/**
 * Adds arguments, options and action to the command of a verb. Every option states unit and
 * default; `--json` comes by itself.
 */
export type Define = (command: Command, run: Run) => void;

/** A verb: its line in `forty --help` and the file that defines it, loaded when it is asked for. */
export interface Verb {
  readonly summary: string;
  readonly load: () => Promise<{ readonly define: Define }>;
}
