import { z } from "zod";

/** A sign of life of a worker; no threads say that it leaves. */
export interface Hello {
  readonly worker: string;
  readonly threads: number;
  /** Threads that it has replaced since it began with the run. */
  readonly restarts: number;
}

/** A sign of life of a run. */
export interface RunSign {
  /** Host and process. */
  readonly process: string;
}

/** Between two signs of life, ms. */
export const helloMs = 1000;

/** Far above what happens, so that counting up to it ends. */
export const restartsSchema = z.int().min(0).max(1e6);

const runSchema = z.strictObject({ process: z.string().max(200) });
const helloSchema = z.strictObject({
  worker: z.string().max(200),
  threads: z.int().min(0),
  restarts: restartsSchema,
});

export const encodeHello = (hello: Hello | RunSign) =>
  new TextEncoder().encode(JSON.stringify(hello));

/** Those who were heard of lately. */
export interface Seen {
  readonly workers: number;
  /** Their threads together. */
  readonly threads: number;
}

const forgetMs = 5000;

/** Counts the workers that say hello. @param now - clock, ms. */
export function createRollCall(now: () => number = () => performance.now()) {
  const seen = new Map<string, { threads: number; at: number }>();
  return {
    /** Takes a hello, and gives it; other bytes are ignored. */
    hear(bytes: Uint8Array): Hello | null {
      const hello = read(bytes, helloSchema);
      if (hello?.threads === 0) seen.delete(hello.worker);
      else if (hello) seen.set(hello.worker, { threads: hello.threads, at: now() });
      return hello;
    },
    seen(): Seen {
      for (const [worker, { at }] of seen) if (now() - at > forgetMs) seen.delete(worker);
      const threads = [...seen.values()].reduce((sum, { threads }) => sum + threads, 0);
      return { workers: seen.size, threads };
    },
  };
}

/**
 * Counts the threads that workers have replaced. A worker tells their number, not that there is one
 * more: so what is told twice counts once, and what is lost on its way comes with the next.
 * @returns a function that takes what a worker tells.
 */
export function createRestartCount(onRestart: () => void) {
  const known = new Map<string, number>();
  return ({ worker, restarts }: Pick<Hello, "worker" | "restarts">): void => {
    const before = known.get(worker) ?? 0;
    known.set(worker, Math.max(before, restarts));
    for (let n = before; n < restarts; n++) onRestart();
  };
}

/** The sign of a run, or null for other bytes. */
export const readRunSign = (bytes: Uint8Array): RunSign | null => read(bytes, runSchema);

function read<T>(bytes: Uint8Array, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}
