import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**", "test/logic/**"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    allowOnly: false,
    setupFiles: ["test/equality.ts"],
    pool: "forks",
    // what is imported stays from file to file: no result depends on a state of a module of src/
    isolate: false,
    // two work while one waits for another process, a broker or a clock
    maxWorkers: 3,
  },
});
