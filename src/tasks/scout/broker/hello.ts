import { z } from "zod";

/** A sign of life of a worker; no threads say that it leaves. */
export interface Hello {
  readonly worker: string;
  readonly threads: number;
}

const helloSchema = z.strictObject({ worker: z.string().max(200), threads: z.int().min(0) });

export const encodeHello = (hello: Hello) => new TextEncoder().encode(JSON.stringify(hello));

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
    /** Takes a hello; other bytes are ignored. */
    hear(bytes: Uint8Array): void {
      const hello = readHello(bytes);
      if (hello === null) return;
      if (hello.threads === 0) seen.delete(hello.worker);
      else seen.set(hello.worker, { threads: hello.threads, at: now() });
    },
    seen(): Seen {
      for (const [worker, { at }] of seen) if (now() - at > forgetMs) seen.delete(worker);
      const threads = [...seen.values()].reduce((sum, { threads }) => sum + threads, 0);
      return { workers: seen.size, threads };
    },
  };
}

function readHello(bytes: Uint8Array): Hello | null {
  try {
    return helloSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}
