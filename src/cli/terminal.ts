/** Where a command writes, and how it is told to stop. Everything a command knows of its process. */
export interface Terminal {
  /** Standard output. */
  out(text: string): void;
  /** Standard error. */
  err(text: string): void;
  /** Whether standard error is a terminal, on which a line can be drawn over. */
  readonly isInteractive: boolean;
  /** Width of the terminal, characters. */
  readonly columns: number;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
  /** A clock, ms. */
  now(): number;
}
