import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadPage } from "../../../../src/tasks/scout/monitor/run-page.ts";
import {
  type MonitorOptions,
  serveMonitor,
} from "../../../../src/tasks/scout/monitor/run-server.ts";
import { randomTallies, snapshotOf, type TestRun, testRun } from "./samples.ts";
import { listen } from "./stream.ts";

/** Loaded once, as that takes a while. */
const page = loadPage();

async function serve(run: TestRun, options: Partial<MonitorOptions> = {}) {
  const monitor = await serveMonitor({ run: run.folder, port: 0, page: await page, ...options });
  onTestFinished(() => monitor.close());
  const { origin, port } = new URL(monitor.url);
  const ask = (path: string, init: RequestInit = {}) => fetch(`${origin}${path}`, init);
  return { ...monitor, origin, port: Number(port), ask };
}

const begun = (seconds = 1) => {
  const run = testRun();
  run.snapshot(snapshotOf(randomTallies(1), seconds));
  return run;
};

/** A request with the headers as they are given; fetch sets Host itself. */
function statusOf(port: number, headers: Record<string, string>, path = "/metrics") {
  return new Promise<number | undefined>((done, fail) => {
    httpRequest({ host: "127.0.0.1", port, path, headers }, (response) => {
      response.resume();
      done(response.statusCode);
    })
      .on("error", fail)
      .end();
  });
}

describe("the server of the monitor", () => {
  test("serves the page with all its files and nothing else", async () => {
    const { ask } = await serve(begun());
    const response = await ask("/");
    const html = await response.text();
    expect(response.headers.get("content-type")).toMatch("text/html");
    const files = Array.from(html.matchAll(/(?:src|href)="\.(\/assets[^"]+)"/g), (m) => m[1]);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect((await ask(file)).status).toBe(200);
    for (const path of ["/config.json", "/../package.json", "/%2e%2e/package.json", "/assets/"])
      expect((await ask(path)).status, path).toBe(404);
  });

  test("lets pages load from itself only, and be in no frame", async () => {
    const { ask } = await serve(begun());
    const { headers } = await ask("/");
    const policy = headers.get("content-security-policy");
    expect(policy).toMatch("default-src 'none'");
    expect(policy).toMatch("frame-ancestors 'none'");
    expect(policy).not.toMatch("unsafe");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });

  test("answers GET and HEAD only", async () => {
    const { ask } = await serve(begun());
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const response = await ask("/snapshot", { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    }
    for (const path of ["/", "/snapshot", "/events"]) {
      const response = await ask(path, { method: "HEAD" });
      expect([response.status, await response.text()], path).toEqual([200, ""]);
    }
  });

  test("says that a run has not begun, then sends its first snapshot", async () => {
    const run = testRun({ isNew: true });
    const { ask, origin } = await serve(run);
    expect((await ask("/snapshot")).status).toBe(404);
    expect((await ask("/metrics")).status).toBe(404);
    const stream = await listen(`${origin}/events`);
    expect(await stream.next()).toMatchObject({ name: "hello", data: { history: [] } });
    expect(await stream.next()).toMatchObject({ name: "status", data: { state: "waiting" } });
    run.config();
    run.snapshot(snapshotOf(randomTallies(1), 1));
    expect((await stream.next()).name).toBe("hello");
    const update = await stream.next();
    expect(update).toMatchObject({ name: "update", data: { state: "live", snapshot: { run: 7 } } });
    stream.stop();
  });

  test("sends every new snapshot to every client, once", async () => {
    const run = begun();
    const { origin } = await serve(run);
    const streams = await Promise.all([1, 2].map(() => listen(`${origin}/events`)));
    for (const { next } of streams) {
      expect(await next()).toMatchObject({ name: "hello", data: { folder: "RUN", alarm: 0.001 } });
      expect(await next()).toMatchObject({ name: "update", data: { points: [] } });
    }
    run.snapshot(snapshotOf(randomTallies(2), 2));
    for (const { next } of streams) {
      const update = await next();
      expect(update).toMatchObject({
        data: { points: [{ seconds: 2 }], snapshot: { seconds: 2, orbits: 8 } },
      });
    }
    run.snapshot(snapshotOf(randomTallies(3), 3, { isDone: true }));
    for (const { next, stop } of streams) {
      expect(await next()).toMatchObject({ data: { state: "finished" } });
      stop();
    }
  });

  test("sums luminosity sections and says what is wrong with a range", async () => {
    const run = begun();
    for (const lumi of [1, 2, 3])
      run.block(lumi, randomTallies(lumi, { lumi, orbits: 10 * lumi }), {
        first: lumi,
        last: lumi,
      });
    const { ask } = await serve(run);
    expect(await (await ask("/snapshot?lumis=2-3")).json()).toMatchObject({
      ...{ orbits: 50, lumis: { first: 2, last: 3 }, run: 7 },
    });
    const [bad, none] = await Promise.all([ask("/snapshot?lumis=x"), ask("/snapshot?lumis=8-9")]);
    expect([bad.status, none.status]).toEqual([400, 404]);
    expect(await none.json()).toEqual({
      error: "monitor: no finished block in luminosity sections 8 to 9; there are 1 to 3",
    });
  });

  test("gives Prometheus the numbers of the snapshot", async () => {
    const { ask } = await serve(begun());
    const response = await ask("/metrics");
    expect(response.headers.get("content-type")).toMatch("text/plain");
    expect(await response.text()).toMatch(/^forty_scout_orbits_total 8$/m);
  });

  test("compares with the run that it is given, or that the configuration names", async () => {
    const reference = begun(9);
    const given = await serve(begun(), { reference: reference.folder });
    expect(await (await given.ask("/reference")).json()).toMatchObject({ seconds: 9 });
    const run = testRun({ isNew: true });
    run.config({ reference: reference.folder });
    run.snapshot(snapshotOf(randomTallies(1), 1));
    const configured = await serve(run);
    expect((await configured.ask("/reference")).status).toBe(200);
    expect((await (await serve(begun())).ask("/reference")).status).toBe(404);
    const empty = testRun().folder;
    await expect(
      serveMonitor({ run: run.folder, port: 0, page: await page, reference: empty }),
    ).rejects.toThrow(`monitor: ${empty} holds no snapshot.json; give the folder of a run`);
  });

  test("says that a port is taken, and how to go on", async () => {
    const { port } = await serve(begun());
    await expect(serveMonitor({ run: testRun().folder, page: await page, port })).rejects.toThrow(
      `monitor: port ${port} of 127.0.0.1 is taken; choose another with --port, or --port 0 for any`,
    );
    await expect(
      serveMonitor({ run: testRun().folder, page: await page, port: 0, host: "192.0.2.1" }),
    ).rejects.toThrow("monitor: 192.0.2.1 is no address of this machine");
  });

  test("ends its streams and its port when closed", async () => {
    const { origin, close } = await serve(begun());
    const stream = await listen(`${origin}/events`);
    await close();
    await expect(
      (async () => {
        for (;;) await stream.next();
      })(),
    ).rejects.toThrow();
    await expect(fetch(origin)).rejects.toThrow();
  });

  test("outlives what is no HTTP", async () => {
    const { ask, port } = await serve(begun());
    for (const text of ["\0\0\0\r\n\r\n", "GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n"])
      await new Promise((done) => connect(port, "127.0.0.1").on("close", done).resume().end(text));
    expect((await ask("/snapshot")).status).toBe(200);
  });
});

describe("on a loopback address", () => {
  test("no token is asked for", async () => {
    const { url } = await serve(begun());
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  test("a name that was made to point here is refused", async () => {
    const { port } = await serve(begun());
    for (const host of [
      `127.0.0.1:${port}`,
      "localhost:9999",
      "LOCALHOST",
      "[::1]:80",
      "127.1.2.3",
    ])
      expect(await statusOf(port, { host }), host).toBe(200);
    for (const host of [
      "evil.example",
      `evil.example:${port}`,
      "localhost.evil.example",
      "127.0.0.1.evil",
    ])
      expect(await statusOf(port, { host }), host).toBe(403);
  });
});

describe("with a token", () => {
  test("a random one comes with every other address", async () => {
    const urls = [];
    for (const _ of [1, 2]) urls.push(new URL((await serve(begun(), { host: "0.0.0.0" })).url));
    const [a, b] = urls.map((url) => url.searchParams.get("token"));
    expect(a).toMatch(/^[\w-]{32}$/);
    expect(a).not.toBe(b);
  });

  test("nothing is answered without it", async () => {
    const { ask } = await serve(begun(), { token: "s e=cret;1" });
    for (const path of ["/", "/events", "/snapshot", "/metrics", "/reference", "/nothing"]) {
      for (const wrong of ["", "?token=", "?token=s", "?token=s+e%3Dcret%3B2"]) {
        const response = await ask(path + wrong);
        const text = await response.text();
        expect(response.status, path + wrong).toBe(401);
        expect(text).toMatch("open the address that &#39;forty scout monitor&#39; printed");
        expect(response.headers.get("set-cookie")).toBeNull();
      }
      const bad = { authorization: "Bearer nonsense", cookie: "forty-monitor=x" };
      expect((await ask(path, { headers: bad })).status, path).toBe(401);
    }
  });

  test("the address gives a cookie that no script can read, and the cookie suffices", async () => {
    const { ask, url, port } = await serve(begun(), { token: "s e=cret;1" });
    const response = await fetch(url);
    expect(response.status).toBe(200);
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(`forty-monitor-${port}=`);
    expect(cookie).toMatch("HttpOnly; SameSite=Strict; Path=/");
    const headers = { cookie: `other=1; ${cookie.split(";")[0]}` };
    expect((await ask("/snapshot", { headers })).status).toBe(200);
    const broken = { cookie: `forty-monitor-${port}=%E0%A4%A` };
    expect((await ask("/snapshot", { headers: broken })).status).toBe(401);
  });

  test("programs send it as a bearer", async () => {
    const { ask } = await serve(begun(), { token: "secret" });
    const headers = { authorization: "Bearer secret" };
    expect((await ask("/metrics", { headers })).status).toBe(200);
  });
});
