import { spawn } from "node:child_process";

/** Runs a command whose last line on standard output is a JSON object. */
export function runJson<R>(
  [command, ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<R> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (data) => {
      out += data;
    });
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0
        ? resolve(JSON.parse(out.trim().split("\n").at(-1) as string))
        : reject(new Error(`${[command, ...args].join(" ")}: exit ${code}`)),
    );
  });
}
