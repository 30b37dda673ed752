// Starts worker.ts from the TypeScript sources, in tests and scripts; the built package has no use
// for this file, and so does not hold it.
import { importSource } from "../../../../scripts/sources.mjs";

await importSource(new URL("./worker.ts", import.meta.url));
