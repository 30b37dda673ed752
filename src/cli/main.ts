#!/usr/bin/env node
import { runCli } from "./program.ts";

const { stdout, stderr } = process;
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(130);
    stderr.write("\nstopping tidily; press Ctrl-C again to kill\n");
    stopping.abort();
  });
// a reader that has seen enough (forty info FILE | head) is no error
stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
  isInteractive: stderr.isTTY === true,
  columns: stderr.columns ?? 100,
  signal: stopping.signal,
  now: () => performance.now(),
});
