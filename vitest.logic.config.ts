import { defineConfig } from "vitest/config";

/** The emitted logic of whole models in Verilator and C++: `npm run test:logic`, in minutes. */
export default defineConfig({
  test: {
    include: ["test/logic/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    allowOnly: false,
    fileParallelism: false,
  },
});
