/** Waits for what others bring about, and passes on the first failure. */
export interface Gate {
  /** Something has changed: all who wait look again. */
  changed(): void;
  /** All who wait, now or later, get the first of these errors. */
  fail(error: Error): void;
  until(holds: () => boolean): Promise<void>;
  /** Throws the error, where there is one. */
  check(): void;
}

export function createGate(): Gate {
  let failure: Error | null = null;
  let waiting: (() => void)[] = [];
  const changed = () => {
    for (const look of waiting) look();
    waiting = [];
  };
  const check = () => {
    if (failure !== null) throw failure;
  };
  return {
    ...{ changed, check },
    fail(error) {
      failure ??= error;
      changed();
    },
    async until(holds) {
      while (failure === null && !holds()) await new Promise<void>((look) => waiting.push(look));
      check();
    },
  };
}
