import { useEffect, useRef, useState } from "preact/hooks";
import type { Snapshot } from "../../src/tasks/scout/monitor/view.ts";

/** A snapshot from the server, or why there is none. */
export interface Fetched {
  readonly snapshot: Snapshot | null;
  readonly error: string | null;
}

const nothing: Fetched = { snapshot: null, error: null };

/**
 * Fetches a snapshot when the address changes, and again on a change of `version`, one request
 * at a time: what changed meanwhile is fetched when the answer is there. Null fetches nothing.
 */
export function useFetched(path: string | null, version: unknown): Fetched {
  const [fetched, setFetched] = useState<Fetched & { path: string | null }>({
    ...nothing,
    path: null,
  });
  const [round, setRound] = useState(0);
  const busy = useRef<string | null>(null);
  const last = useRef<unknown>(null);
  useEffect(() => {
    if (path === null || busy.current === path) return;
    if (fetched.path === path && last.current === version) return;
    busy.current = path;
    last.current = version;
    void fetchSnapshot(path).then((result) => {
      if (busy.current !== path) return; // another was asked for since
      busy.current = null;
      setFetched({ ...result, path });
      setRound((n) => n + 1);
    });
  }, [path, version, round]);
  return fetched.path === path ? fetched : nothing;
}

async function fetchSnapshot(path: string): Promise<Fetched> {
  try {
    const response = await fetch(path);
    const body = (await response.json()) as Snapshot & { error?: string };
    return response.ok
      ? { snapshot: body, error: null }
      : { snapshot: null, error: body.error ?? `the server said ${response.status}` };
  } catch (error) {
    return { snapshot: null, error: `the server cannot be reached: ${(error as Error).message}` };
  }
}
