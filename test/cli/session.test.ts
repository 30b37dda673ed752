import { describe, expect, test, vi } from "vitest";
import { CancelledError, DataError } from "../../src/base/errors.ts";
import { createProgress } from "../../src/cli/progress.ts";
import { createSession } from "../../src/cli/session.ts";
import { textTable } from "../../src/cli/text-table.ts";
import { verbs } from "../../src/cli/verbs.ts";
import { fakeTerminal, forty } from "./fake-terminal.ts";

/** Runs `forty info x [more]` with other work behind it. */
async function fortyWith(work: () => Promise<object>, more: readonly string[] = []) {
  const load = vi.spyOn(verbs.info, "load").mockResolvedValue({
    define: (command, run) =>
      void command.argument("<file>").option("--resume", "go on").action(run(work)),
  });
  const result = await forty(["info", "x y", ...more]);
  load.mockRestore();
  return result;
}

describe("how a command ends", () => {
  test("a result is one JSON object on standard output under --json, and nothing otherwise", async () => {
    const work = async () => ({ rows: 3 });
    expect(await fortyWith(work, ["--json"])).toEqual({ code: 0, out: '{"rows":3}\n', err: "" });
    expect(await fortyWith(work)).toEqual({ code: 0, out: "", err: "" });
  });

  test("an error of ours is one line and code 1", async () => {
    const work = () => Promise.reject(new DataError("data: no rows; loosen the selection"));
    const err = "error: data: no rows; loosen the selection\n";
    expect(await fortyWith(work, ["--json"])).toEqual({ code: 1, out: "", err });
  });

  test("an error of the system is one line", async () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
    const { code, err } = await fortyWith(() => Promise.reject(full));
    expect([code, err]).toEqual([1, "error: ENOSPC: no space left on device, write\n"]);
  });

  test("any other error is a bug: the stack and a request to report it", async () => {
    const { code, err } = await fortyWith(() => Promise.reject(new TypeError("x is undefined")));
    expect(code).toBe(1);
    expect(err).toMatch(/^error: TypeError: x is undefined\n +at [\s\S]*please report/);
  });

  test("stopped work ends with 130 and says how to go on", async () => {
    const work = () => Promise.reject(new CancelledError("fit: cancelled in epoch 3"));
    const { code, err } = await fortyWith(work, ["--resume"]);
    expect(code).toBe(130);
    expect(err).toBe(
      "stopped: fit: cancelled in epoch 3\ncontinue with: forty info 'x y' --resume\n",
    );
  });
});

describe("what people see", () => {
  test("words go to standard output, under --json to standard error", () => {
    for (const json of [false, true]) {
      const { terminal, written } = fakeTerminal();
      createSession(terminal, { json }).say("done");
      expect(written).toEqual(json ? { out: "", err: "done\n" } : { out: "done\n", err: "" });
    }
  });

  test("progress is a line every 10 s in a log", () => {
    const { terminal, written } = fakeTerminal(); // 1 s per look at the clock
    const progress = createProgress(terminal, "train", 100);
    for (let i = 0; i < 40; i++) progress.update(i, `loss ${i}`);
    progress.finish();
    const lines = written.err.split("\n").filter(Boolean);
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines.length).toBeLessThanOrEqual(4);
    for (const line of lines) expect(line).toMatch(/^train: \d+ % {2}loss \d+$/);
  });

  test("progress is one line drawn over on a terminal, no wider than it, and goes away", () => {
    const { terminal, written } = fakeTerminal({ isInteractive: true, columns: 50 });
    const progress = createProgress(terminal, "train", 4);
    progress.update(1, "loss 0.5 and many more words than there is room for");
    progress.finish();
    const [before, drawn, after] = written.err.split("\r\u001b[K");
    expect([before, after]).toEqual(["", ""]);
    expect(drawn).toMatch(/^train \[######\.{18}\] {2}25 % {2}loss 0\.5/);
    expect(drawn.length).toBe(49);
  });

  test("tables align numbers to the right and words to the left", () => {
    const rows = [
      ["L1", "0.499(3)", "1 to 5"],
      ["network", "12,345", "20 to 30"],
    ];
    expect(textTable(["model", "phi", "range"], rows)).toBe(
      ["model         phi  range", "L1       0.499(3)  1 to 5", "network    12,345  20 to 30"].join(
        "\n",
      ),
    );
  });
});
