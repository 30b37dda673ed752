import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**", "test/logic/**"],
    testTimeout: 60_000,
    allowOnly: false,
    pool: "forks",
    maxWorkers: 2,
  },
});
