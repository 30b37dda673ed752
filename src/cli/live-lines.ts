import type { Terminal } from "./terminal.ts";

/** Some lines at the bottom of a terminal, one per piece of work that runs. */
export interface LiveLines {
  /** Draws the lines anew; in a log nothing is drawn. */
  draw(lines: readonly string[]): void;
  /** A line that stays, above the live ones. */
  keep(line: string): void;
  /** Takes the live lines away. */
  finish(): void;
}

const redrawMs = 100;

/** Lines on standard error. */
export function createLiveLines(terminal: Terminal): LiveLines {
  const { isInteractive, columns } = terminal;
  const width = columns > 1 ? columns - 1 : 99; // some terminals do not know theirs
  let drawn = 0;
  let last = -Infinity;
  let shown: readonly string[] = [];
  const erase = () => {
    if (drawn > 0) terminal.err(`\u001b[${drawn}A\r\u001b[J`);
    drawn = 0;
  };
  const redraw = () => {
    erase();
    terminal.err(shown.map((line) => `${line.slice(0, width)}\n`).join(""));
    drawn = shown.length;
    last = terminal.now();
  };
  return {
    draw(lines) {
      shown = lines;
      if (isInteractive && terminal.now() - last >= redrawMs) redraw();
    },
    keep(line) {
      if (isInteractive) erase();
      terminal.err(`${line}\n`);
      if (isInteractive) redraw();
    },
    finish() {
      if (isInteractive) erase();
      shown = [];
    },
  };
}
