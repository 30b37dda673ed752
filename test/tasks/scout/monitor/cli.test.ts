import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../../../../src/cli/program.ts";
import { randomTallies, snapshotOf, testRun } from "./samples.ts";

/** `forty scout monitor` with Ctrl-C as soon as it has said where it is, after a look there. */
async function monitor(...argv: string[]) {
  const stop = new AbortController();
  const said: string[] = [];
  const looked: Promise<number>[] = [];
  const hear = (text: string) => {
    said.push(text);
    const [, url] = /monitor {2}(http\S+)/.exec(text) ?? [];
    if (!url) return;
    const look = fetch(url).then(({ status }) => status);
    looked.push(look);
    void look.finally(() => stop.abort());
  };
  const code = await runCli(["scout", "monitor", ...argv], {
    ...{ out: hear, err: hear, isInteractive: false, columns: 80 },
    ...{ signal: stop.signal, now: () => 0 },
  });
  return { code, text: said.join(""), looked: await Promise.all(looked) };
}

test("forty scout monitor says where it is, serves until Ctrl-C and ends well", async () => {
  const run = testRun();
  run.snapshot(snapshotOf(randomTallies(1), 1));
  const { code, text, looked } = await monitor(run.folder, "--port", "0");
  expect([code, looked]).toEqual([0, [200]]);
  expect(text).toMatch(/^monitor {2}http:\/\/127\.0\.0\.1:\d+\/\n$/);
});

test("forty scout monitor puts the token into the address", async () => {
  const { text, looked } = await monitor(testRun().folder, "--port", "0", "--token", "a b");
  expect(text).toMatch(/\/\?token=a%20b\n/);
  expect(looked).toEqual([200]);
});

test("forty scout monitor waits for a run to come, and takes no file for one", async () => {
  const run = testRun();
  const missing = join(run.folder, "later");
  expect((await monitor(missing, "--port", "0")).text).toMatch(`${missing} is not there yet`);
  const file = join(run.folder, "file");
  writeFileSync(file, "");
  const { code, text } = await monitor(file, "--port", "0");
  expect([code, text]).toEqual([
    2,
    `error: monitor: ${file} is a file; give the folder of a run\n`,
  ]);
});

test("forty scout monitor refuses ports that are none and a token that is empty", async () => {
  const { folder } = testRun();
  expect((await monitor(folder, "--port", "70000")).text).toMatch(
    "--port: expected a whole number >= 0 and <= 65535",
  );
  expect((await monitor(folder, "--token", "")).code).toBe(2);
});
