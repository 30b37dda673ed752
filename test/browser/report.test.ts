import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { demoPage } from "../../scripts/figures.ts";
import { loadDocument, renderPage } from "../../src/report/index.ts";
import { design } from "../../src/tasks/fpga/index.ts";
import { recalibrateMuons, tinyRecalibration } from "../../src/tasks/index.ts";
import { bundled, runtime, writeSimulated } from "../tasks/samples.ts";
import { tinyMuonStudy } from "../tasks/study/samples.ts";
import { hasBrowser, launchedBrowser } from "./chromium.ts";

const folder = mkdtempSync(join(tmpdir(), "forty-report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const browser = launchedBrowser();

/** Where pictures of the pages go, for people to look at. */
const pictures = ".cache/browser";
mkdirSync(pictures, { recursive: true });

/** Reports to look at: how to make the file, and its path. */
const reports: Readonly<Record<string, () => Promise<string>>> = {
  async "tiny-run"() {
    const out = join(folder, "run");
    await recalibrateMuons({ files: [bundled], out, config: tinyRecalibration, runtime });
    return join(out, "report.html");
  },
  async "tiny-study"() {
    const out = join(folder, "study");
    await tinyMuonStudy(await writeSimulated(join(folder, "muons.parquet")), out);
    return join(out, "report.html");
  },
  async "tiny-design"() {
    const [model, out] = [join(folder, "small"), join(folder, "design")];
    const files = [bundled];
    await recalibrateMuons({ files, out: model, config: tinyRecalibration, runtime });
    const config = { epochs: 1, steps: 200, vectors: 100, rows: 500, ebops: 900 };
    await design({ model, out, files, config, runtime, sweep: true });
    return join(out, "report.html");
  },
  async "all-figures"() {
    const path = join(folder, "figures.html");
    writeFileSync(path, renderPage(demoPage(20_000), { document: await loadDocument() }));
    return path;
  },
};

/** Opens a report in a window of that width; collects what a report must not do. */
async function open(path: string, width: number, colorScheme: "light" | "dark") {
  const viewport = { width, height: 900 };
  const context = await browser().newContext({ viewport, colorScheme });
  const page = await context.newPage();
  const url = pathToFileURL(path).href;
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:"))
      complaints.push(`asks for ${request.url()}`);
  });
  await page.goto(url, { waitUntil: "load" });
  return { page, complaints };
}

interface FigureFacts {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** Elements with something to see. */
  readonly drawn: number;
  /** Lowest contrast of a text against the page, by WCAG 2.1. */
  readonly contrast: number;
}

/** What is drawn in each figure, as the browser lays it out. */
async function figuresOf(page: Page): Promise<FigureFacts[]> {
  return page.evaluate(() => {
    const canvas = document
      .createElement("canvas")
      .getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
    const luminance = (color: string) => {
      canvas.fillStyle = color; // any CSS color; read back as bytes
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b] = Array.from(canvas.getImageData(0, 0, 1, 1).data, (byte) => {
        const c = byte / 255;
        return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const isClear = (color: string) => color === "transparent" || /, 0\)$/.test(color);
    const background = (element: Element | null): string => {
      if (!element) return "white";
      const color = getComputedStyle(element).backgroundColor;
      return isClear(color) ? background(element.parentElement) : color;
    };
    return Array.from(document.querySelectorAll("figure"), (figure) => {
      const svg = figure.querySelector("svg");
      const box = svg?.getBoundingClientRect();
      const shapes = Array.from(svg?.querySelectorAll("path, rect, line, circle, image") ?? []);
      const texts = Array.from(svg?.querySelectorAll("text") ?? []).filter(
        (text) => text.textContent?.trim() && !isClear(getComputedStyle(text).fill),
      );
      const behind = luminance(background(figure));
      const contrasts = texts.map((text) => {
        const ink = luminance(getComputedStyle(text).fill);
        return (Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05);
      });
      return {
        title: figure.querySelector("figcaption b")?.textContent ?? "",
        width: box?.width ?? 0,
        height: box?.height ?? 0,
        drawn: shapes.filter((shape) => {
          const { width, height } = shape.getBoundingClientRect();
          return width + height > 0;
        }).length,
        contrast: Math.min(...contrasts),
      };
    });
  });
}

/** Sum of the background's color bytes: 0 black, 765 white. */
async function brightness(page: Page): Promise<number> {
  const color = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  return (color.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, byte) => sum + Number(byte), 0);
}

describe.skipIf(!hasBrowser).each(Object.entries(reports))("report of %s", (name, make) => {
  let path: string | null = null;
  const report = async () => {
    path ??= await make();
    return path;
  };

  test.each([
    { width: 1280, scheme: "light" },
    { width: 1280, scheme: "dark" },
    { width: 360, scheme: "light" },
  ] as const)("is sound and readable at $width px, $scheme", async ({ width, scheme }) => {
    const { page, complaints } = await open(await report(), width, scheme);
    const figures = await figuresOf(page);
    expect(figures.length).toBeGreaterThan(5);
    for (const figure of figures) {
      expect(figure.width, figure.title).toBeGreaterThan(200);
      expect(figure.width, figure.title).toBeLessThanOrEqual(width);
      expect(figure.height, figure.title).toBeGreaterThan(100);
      expect(figure.drawn, figure.title).toBeGreaterThan(10);
      expect(figure.contrast, figure.title).toBeGreaterThan(3);
    }
    if (scheme === "dark") expect(await brightness(page)).toBeLessThan(200);
    else expect(await brightness(page)).toBeGreaterThan(600);
    const scrollWidth = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(scrollWidth).toBeLessThanOrEqual(width);
    await page.screenshot({ path: `${pictures}/${name}-${width}-${scheme}.png`, fullPage: true });
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("its button switches between light and dark", async () => {
    const { page } = await open(await report(), 1280, "light");
    await page.click("#theme");
    expect(await brightness(page)).toBeLessThan(200);
    await page.context().close();
  });
});
