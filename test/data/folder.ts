import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** Paths in a fresh folder that is removed after the tests of the file. */
export function temporaryFolder(): { path: string; at: (name: string) => string } {
  const path = mkdtempSync(join(tmpdir(), "forty-data-"));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return { path, at: (name) => join(path, name) };
}
