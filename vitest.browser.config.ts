import { defineConfig } from "vitest/config";

/** The look into a browser: `npm run test:browser`, part of `.ci/run`. */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    allowOnly: false,
    fileParallelism: false,
  },
});
