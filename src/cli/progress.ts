import type { Terminal } from "./terminal.ts";

/** How far a piece of work is. */
export interface Progress {
  /** @param done - in [0, total]. @param note - a few words, such as the loss now. */
  update(done: number, note?: string): void;
  /** Takes the bar away. */
  finish(): void;
}

/** Time between two drawings of the bar, and between two lines in a log, ms. */
const redrawMs = 100;
const logMs = 10_000;
const barCells = 24;
const clearLine = "\r\u001b[K";

/** A bar on a terminal; elsewhere a line every 10 s, so that a log stays short. */
export function createProgress(terminal: Terminal, label: string, total: number): Progress {
  const { isInteractive, columns } = terminal;
  const intervalMs = isInteractive ? redrawMs : logMs;
  let last = isInteractive ? -Infinity : terminal.now();
  return {
    update(done, note = "") {
      if (terminal.now() - last < intervalMs) return;
      last = terminal.now();
      const share = total > 0 ? Math.min(1, done / total) : 0;
      const percent = `${Math.floor(100 * share)} %`;
      const filled = Math.round(barCells * share);
      const bar = `${"#".repeat(filled)}${".".repeat(barCells - filled)}`;
      const text = isInteractive
        ? `${label} [${bar}] ${percent.padStart(5)}  ${note}`.trimEnd().slice(0, columns - 1)
        : `${label}: ${percent}  ${note}`.trimEnd();
      terminal.err(isInteractive ? `${clearLine}${text}` : `${text}\n`);
    },
    finish() {
      if (isInteractive && last > -Infinity) terminal.err(clearLine);
      last = isInteractive ? -Infinity : terminal.now();
    },
  };
}
