import { mkdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type MonitorOptions, serveMonitor } from "../../src/tasks/scout/monitor/index.ts";
import { loadPage } from "../../src/tasks/scout/monitor/run-page.ts";
import type { Alarm, Snapshot } from "../../src/tasks/scout/monitor/view.ts";
import { addTallies, createTallies } from "../../src/tasks/scout/results/tallies.ts";
import {
  randomTallies,
  snapshotOf,
  type TestRun,
  testRun,
} from "../tasks/scout/monitor/samples.ts";
import { hasBrowser, launchedBrowser } from "./chromium.ts";

const browser = launchedBrowser();

/** Where pictures of the page go, for people to look at. */
const pictures = ".cache/browser";
mkdirSync(pictures, { recursive: true });

const files = loadPage();

interface OpenOptions extends Partial<MonitorOptions> {
  readonly width?: number;
  readonly scheme?: "light" | "dark";
}

/** The page of a run, and what it must not do. */
async function open(
  run: TestRun,
  { width = 1280, scheme = "light", ...options }: OpenOptions = {},
) {
  const monitor = await serveMonitor({ run: run.folder, port: 0, page: await files, ...options });
  onTestFinished(() => monitor.close());
  const viewport = { width, height: 2400 };
  const context = await browser().newContext({ viewport, colorScheme: scheme });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(monitor.url).origin && !/^(data|blob):$/.test(protocol))
      complaints.push(`asks for ${request.url()}`);
  });
  await page.goto(monitor.url);
  await page.waitForSelector("header.top");
  return { page, complaints, monitor };
}

/** A run with a snapshot; more follow by `snap`, as of the same tallies. */
function begun(tallies = randomTallies(1), changes: Partial<Snapshot> = {}) {
  const run = testRun();
  const snap = (seconds: number, more: Partial<Snapshot> = {}) =>
    run.snapshot(snapshotOf(tallies, seconds, { ...changes, ...more }));
  snap(1);
  return { run, snap, tallies };
}

/** Snapshots until the test ends, so that a slow machine does not take the run for stalled. */
function goOn(snap: (seconds: number) => void): void {
  let seconds = 1;
  const timer = setInterval(() => snap(++seconds), 500);
  onTestFinished(() => clearInterval(timer));
}

/** Value of a number in the top bar. */
const fact = (page: Page, name: string) =>
  page
    .locator("dl.numbers div")
    .filter({ has: page.locator("dt").getByText(name, { exact: true }) })
    .locator("strong")
    .textContent();

const figure = (page: Page, id: string) => page.locator(`figure[id="${id}"]`);

/** Waits for a figure's drawing, and gives its texts. */
async function textsOf(page: Page, id: string): Promise<string[]> {
  await figure(page, id).locator(".drawing svg").waitFor();
  return figure(page, id).locator(".drawing svg text").allTextContents();
}

/** What comes to be so, within half a minute: a slow machine is none that fails. */
const eventually = <T>(read: () => T, message = "") =>
  expect.poll(read, { timeout: 30_000, interval: 100, message });

/** Waits for a number in the top bar. */
const expectFact = (page: Page, name: string, value: string) =>
  eventually(() => fact(page, name), name).toBe(value);

/** Waits until every figure in sight is drawn: from then on none moves another. */
async function allDrawn(page: Page): Promise<void> {
  const missing = () =>
    page.evaluate(() => {
      const figures = [...document.querySelectorAll("figure[id]")];
      const open = figures.filter(
        (figure) =>
          figure.getBoundingClientRect().top < innerHeight && !figure.querySelector(".drawing svg"),
      );
      return figures.length === 0 ? ["any figure"] : open.map(({ id }) => id);
    });
  await eventually(missing, "figures that are not drawn").toEqual([]);
}

/** Where something is, once it stays there. */
async function restingBox(locator: Locator) {
  let before = "";
  await eventually(async () => {
    const last = before;
    before = JSON.stringify(await locator.boundingBox());
    return before === last && before !== "null";
  }, "a place that does not change").toBe(true);
  return (await locator.boundingBox()) as NonNullable<
    Awaited<ReturnType<typeof locator.boundingBox>>
  >;
}

async function saved(page: Page, button: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button, exact: true }).click(),
  ]);
  return readFileSync(await download.path(), "utf8");
}

/** Pixels of the chart of rates that have the color of the grid in the theme of now. */
const gridPixels = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.querySelector(".strip canvas") as HTMLCanvasElement;
    const pixels = (drawing: CanvasRenderingContext2D) =>
      drawing.getImageData(0, 0, canvas.width, canvas.height).data;
    const brush = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
    brush.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--line");
    brush.fillRect(0, 0, 1, 1);
    const wanted = brush.getImageData(0, 0, 1, 1).data;
    const all = pixels(canvas.getContext("2d") as CanvasRenderingContext2D);
    let n = 0;
    for (let i = 0; i < all.length; i += 4)
      if (wanted.every((channel, c) => Math.abs(channel - all[i + c]) < 3)) n++;
    return n;
  });

const narrowSpace = "\u202f";

describe.skipIf(!hasBrowser)("the page of the monitor", () => {
  beforeAll(async () => {
    await files;
  });

  test("shows the numbers and all figures of the snapshot", async () => {
    const numbers = { orbits: 1_234_567, dropped: { late: 3, decode: 2 } };
    const { run, snap } = begun(randomTallies(1), numbers);
    const { page, complaints } = await open(run);
    await page.getByText("Run 7").waitFor();
    goOn(snap);
    await page.locator(".state").getByText("live").waitFor();
    await expectFact(page, "Orbits", `1${narrowSpace}234${narrowSpace}567`);
    await expectFact(page, "Real time", "0.445×"); // 5000 / 11245.5
    await expectFact(page, "Dropped orbits", "5");
    await page.getByText("3 late, 2 decode").waitFor();
    await expectFact(page, "Workers", "2");
    for (const id of ["dimuon-mass", "histogram-muonPt", "occupancy-muons", "map-muonMap"])
      expect((await textsOf(page, id)).length, id).toBeGreaterThan(8);
    for (const id of ["neighbors", "turn-on-muon.pt"])
      expect((await textsOf(page, id)).length, id).toBeGreaterThan(8);
    await eventually(() => page.locator(".strip canvas").count()).toBe(4);
    const row = page.getByRole("row").filter({ hasText: "L1_DoubleMu0" });
    const fired = randomTallies(1).counts["fired.L1_DoubleMu0"];
    await eventually(() => row.getByRole("cell").first().textContent()).toBe(String(fired));
    await page.screenshot({ path: `${pictures}/monitor.png`, fullPage: true });
    expect(complaints).toEqual([]);
  });

  test("follows the run by itself, to its end", async () => {
    const { run, snap } = begun();
    const { page, complaints } = await open(run);
    snap(2, { orbits: 777, dropped: { late: 4 } });
    await page.locator("dl.numbers strong").getByText("777").waitFor();
    const rate = page.locator('[data-strip="rate"] [role="img"]');
    await eventually(() => rate.getAttribute("aria-label")).toMatch(/orbits\/s 769/); // (777 - 8) / 1 s
    snap(3, { orbits: 778, isDone: true });
    await page.getByText("finished").waitFor();
    await eventually(() => page.title()).toBe("Run 7: finished");
    expect(complaints).toEqual([]);
  });

  test("keeps still while it is paused, tells what came since, and catches up", async () => {
    const { run, snap } = begun();
    const { page, complaints } = await open(run);
    await expectFact(page, "Orbits", "8"); // or the pause would hold a page that waits
    await page.getByRole("button", { name: "Pause" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Resume" }).waitFor();
    snap(6, { orbits: 508 });
    await page.getByText("Paused, 5 s and 500 orbits behind.").waitFor();
    await expectFact(page, "Orbits", "8");
    await page.getByRole("button", { name: "Resume" }).click();
    await page.locator("dl.numbers strong").getByText("508").waitFor();
    await page.getByText("behind").waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
  });

  test("shows the luminosity sections that are picked, and all again", async () => {
    const all = createTallies();
    const { run } = begun(all);
    const blocks = [1, 2, 3, 4].map((lumi) => randomTallies(10 + lumi, { lumi }));
    for (const [i, tallies] of blocks.entries()) {
      run.block(i, tallies, { first: i + 1, last: i + 1 });
      addTallies(all, tallies);
    }
    run.snapshot(snapshotOf(all, 2));
    const { page, complaints } = await open(run);
    const entries = (list: typeof blocks) => {
      const bins = list.flatMap(({ bins }) => [...bins["histogram.muonPt"].subarray(1, -1)]);
      return String(bins.reduce((a, b) => a + b, 0));
    };
    const shown = async () => {
      const text = await figure(page, "histogram-muonPt").locator(".n").textContent();
      return text?.replaceAll(/\D/g, "");
    };
    await eventually(shown).toBe(entries(blocks));
    await page.getByLabel("First luminosity section").fill("2");
    await page.getByLabel("Last luminosity section").fill("3");
    await page.getByLabel("Last luminosity section").press("Enter");
    await page.getByText("sections 2 to 3: 16 orbits").waitFor();
    await eventually(shown).toBe(entries(blocks.slice(1, 3)));
    await expectFact(page, "Orbits", "32"); // the run goes on
    await page.getByRole("button", { name: "All", exact: true }).click();
    await eventually(shown).toBe(entries(blocks));
    expect(complaints).toEqual([]);
  });

  test("draws the reference behind, with the ratio, and marks what departs", async () => {
    const changed = randomTallies(1);
    changed.bins["map.muonMap"][3 * 6 + 2] += 700;
    const { run } = begun(changed);
    const { page, complaints } = await open(run, { reference: begun().run.folder });
    const badge = figure(page, "map-muonMap").getByText("departs, Z =");
    await badge.waitFor();
    await eventually(() => page.getByText("departs, Z =").count()).toBe(1);
    const rows = page.getByRole("row").filter({ hasText: "map.muonMap" });
    await eventually(() => rows.count()).toBe(1);
    expect(await textsOf(page, "histogram-muonPt")).not.toContain("reference");
    await page.getByRole("button", { name: "Compare with RUN" }).click();
    await eventually(() => textsOf(page, "histogram-muonPt")).toContain("reference");
    await eventually(() => textsOf(page, "histogram-muonPt")).toContain("Ratio to reference");
    await textsOf(page, "map-muonMap-difference");
    await eventually(() => page.getByText("Over reference").count()).toBe(2);
    expect(complaints).toEqual([]);
  });

  test("draws turn-ons before those of the reference, and marks the one that departs", async () => {
    const changed = randomTallies(1);
    const passed = changed.bins["turnOn.on1.passed"];
    changed.bins["turnOn.on1.passed"] = passed.map((n) => Math.floor(n / 2));
    const { run } = begun(changed);
    const { page, complaints } = await open(run, { reference: begun().run.folder });
    await figure(page, "turn-on-muon.pt").getByText("departs, Z =").waitFor();
    await page.getByRole("button", { name: "Compare with RUN" }).click();
    await figure(page, "turn-on-on1").getByText("departs, Z =").waitFor();
    await eventually(() => page.getByText("departs, Z =").count()).toBe(1);
    const row = page.getByRole("row").filter({ hasText: "turnOn.on1" });
    await eventually(() => row.textContent()).toMatch("likelihood ratio");
    const link = row.getByRole("link");
    await eventually(() => link.getAttribute("href")).toBe("#turn-on-on1");
    for (const [id, name] of [
      ["turn-on-on0", "muon.ptL1 ≥ 20"],
      ["turn-on-on1", "muon.pt ≥ 20"],
    ])
      await eventually(() => textsOf(page, id)).toEqual(
        expect.arrayContaining(["reference", name, "Efficiency", "Ratio to reference"]),
      );
    expect(complaints).toEqual([]);
  });

  test("shows alarms of the run beside their figures, and remembers them", async () => {
    const alarm: Alarm = {
      ...{ name: "histogram.muonPt", kind: "chi2", chiSquared: 90, degreesOfFreedom: 9 },
      ...{ p: 1e-12, significance: 7.1, windowSeconds: 1 },
    };
    const { run, snap } = begun();
    const { page, complaints } = await open(run);
    snap(2, { alarms: [alarm] });
    await figure(page, "histogram-muonPt").getByText("departs, Z = 7.1").waitFor();
    snap(5);
    await figure(page, "histogram-muonPt").getByText("departs").waitFor({ state: "detached" });
    const row = page.getByRole("row").filter({ hasText: "histogram.muonPt" });
    await eventually(() => row.textContent()).toMatch("once, last 3 s ago, at most Z = 7.1");
    expect(complaints).toEqual([]);
  });

  test("saves what is on screen", async () => {
    const { run, tallies } = begun();
    const { page, complaints } = await open(run);
    await textsOf(page, "histogram-muonPt");
    const content = JSON.parse(await saved(page, "Save JSON")) as {
      snapshot: Snapshot;
      history: unknown[];
    };
    expect(content.snapshot).toEqual(JSON.parse(JSON.stringify(snapshotOf(tallies, 1))));
    expect(content.history.length).toBe(1);
    const csv = (await saved(page, "Save muonPt as CSV")).trim().split("\n").slice(1);
    expect(csv.map((line) => Number(line.split(",")[2]))).toEqual([
      ...tallies.bins["histogram.muonPt"].subarray(1, -1),
    ]);
    const svg = await saved(page, "Save muonPt as SVG");
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).not.toMatch("var(--");
    expect(complaints).toEqual([]);
  });

  test("shows a part of the orbit: by a drag over it, by number, and all of it again", async () => {
    const { page, complaints } = await open(begun().run);
    await textsOf(page, "occupancy-muons");
    await allDrawn(page);
    const frame = figure(page, "occupancy-muons").locator('[aria-label="frame"]');
    const box = await restingBox(frame);
    const at = (share: number) => [box.x + share * box.width, box.y + box.height / 2] as const;
    await page.mouse.move(...at(0.25));
    await page.mouse.down();
    await page.mouse.move(...at(0.5), { steps: 4 });
    await page.mouse.up();
    const first = page.getByLabel("First crossing shown");
    const last = page.getByLabel("Last crossing shown");
    const distance = async (field: Locator, crossing: number) =>
      Math.abs(Number(await field.inputValue()) - crossing);
    await eventually(() => distance(first, 891)).toBeLessThan(6);
    await eventually(() => distance(last, 1782)).toBeLessThan(6);
    await first.fill("1700");
    await first.press("Enter");
    await page.getByText("Mean per crossing: trains").waitFor(); // a crossing to a bin
    await page.getByRole("button", { name: "Whole orbit" }).click();
    await eventually(() => first.inputValue()).toBe("1");
    await eventually(() => last.inputValue()).toBe("3564");
    expect(complaints).toEqual([]);
  });

  test("switches between logarithmic and linear counts", async () => {
    const { page } = await open(begun().run);
    const texts = () => textsOf(page, "histogram-muonPt");
    const zeros = async () => (await texts()).filter((text) => text === "0").length;
    await eventually(zeros).toBe(1); // of pt
    await page.getByRole("button", { name: "Log scale" }).click();
    await eventually(zeros).toBe(2); // zero is on a linear axis only
  });

  test("waits for a run that has not begun", async () => {
    const run = testRun({ isNew: true });
    const { page, complaints } = await open(run);
    await page.getByText("Waiting for the first snapshot in RUN").waitFor();
    run.config({ note: "Simulated muons" });
    run.snapshot(snapshotOf(randomTallies(1), 1));
    await page.getByText("Run 7").waitFor();
    await page.getByText("Simulated muons").waitFor();
    expect(complaints).toEqual([]);
  });

  test("turns to another run that takes the folder", async () => {
    const { run } = begun();
    const { page, complaints } = await open(run);
    await page.getByText("Run 7").waitFor();
    rmSync(run.folder, { recursive: true });
    await page.getByText("stalled").waitFor(); // nothing is forgotten before there is another
    run.config({ note: "Another" });
    await page.getByText("Waiting for the first snapshot in RUN").waitFor();
    run.snapshot(snapshotOf(randomTallies(2), 1, { run: 8 }));
    await page.getByText("Run 8").waitFor();
    expect(complaints).toEqual([]);
  });

  test("keeps still for those who want no motion", async () => {
    const { run, snap } = begun();
    goOn(snap);
    const { page } = await open(run);
    const motion = () =>
      page.evaluate(() => {
        const sign = document.querySelector(".state.live > span");
        return sign && getComputedStyle(sign).animationName;
      });
    await eventually(motion).toBe("beat");
    await page.emulateMedia({ reducedMotion: "reduce" });
    await eventually(motion).toBe("none");
  });

  test("says since when a run stalls", async () => {
    const { run } = begun();
    const longAgo = Date.now() / 1e3 - 100;
    utimesSync(join(run.folder, "snapshot.json"), longAgo, longAgo);
    const { page } = await open(run);
    await page.getByText(/stalled, last snapshot 1\d\d s ago/).waitFor();
  });

  test("tells when the monitor is gone and goes on when it is back", async () => {
    const { run, snap } = begun();
    const { page, monitor } = await open(run);
    await page.getByText("Run 7").waitFor();
    await monitor.close();
    await page.getByText("no connection").waitFor();
    snap(2, { orbits: 55 });
    const again = await serveMonitor({
      ...{ run: run.folder, page: await files },
      port: Number(new URL(monitor.url).port),
    });
    onTestFinished(() => again.close());
    await page.locator("dl.numbers strong").getByText("55").waitFor();
  });

  test("keeps its token out of the address", async () => {
    const { page, complaints } = await open(begun().run, { token: "secret" });
    await page.getByText("Run 7").waitFor();
    expect(page.url()).not.toMatch("secret");
    await page.reload();
    await page.getByText("Run 7").waitFor();
    expect(await page.evaluate(() => document.cookie)).toBe("");
    expect(complaints).toEqual([]);
  });

  test.each([
    { width: 1280, scheme: "light" },
    { width: 1280, scheme: "dark" },
    { width: 360, scheme: "light" },
  ] as const)("fits $width px, $scheme", async ({ width, scheme }) => {
    const reference = begun().run.folder;
    const { page, complaints } = await open(begun(randomTallies(4)).run, {
      width,
      scheme,
      reference,
    });
    await page.getByRole("button", { name: "Compare with RUN" }).click();
    await eventually(() => textsOf(page, "histogram-muonPt")).toContain("Ratio to reference");
    await allDrawn(page);
    const facts = await page.evaluate(() => ({
      scroll: document.documentElement.scrollWidth,
      page: getComputedStyle(document.body).backgroundColor,
      figures: Array.from(document.querySelectorAll("figure svg"), (svg) => svg.clientWidth),
      names: Array.from(document.querySelectorAll("button, input"), (element) => {
        const named = element.getAttribute("aria-label") ?? element.textContent ?? "";
        return named.trim();
      }),
    }));
    expect(facts.scroll).toBeLessThanOrEqual(width);
    const brightness = (facts.page.match(/\d+/g) ?? []).slice(0, 3).map(Number);
    if (scheme === "dark") expect(Math.max(...brightness)).toBeLessThan(60);
    else expect(Math.min(...brightness)).toBeGreaterThan(200);
    for (const drawn of facts.figures) expect(drawn).toBeGreaterThan(250);
    expect(facts.names).not.toContain("");
    await page.screenshot({ path: `${pictures}/monitor-${width}-${scheme}.png`, fullPage: true });
    await page.getByRole("button", { name: "Light / dark" }).click();
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await eventually(background).not.toBe(facts.page);
    await eventually(() => gridPixels(page)).toBeGreaterThan(100);
    expect(complaints).toEqual([]);
  });
});
