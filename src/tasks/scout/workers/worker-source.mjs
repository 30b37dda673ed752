// Starts worker.ts from the TypeScript sources, in tests and scripts; the built package has no use
// for this file, and so does not hold it.
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
