import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { readModelColumns, type StudyEvent, type StudyMetrics } from "../../../src/tasks/index.ts";
import { temporaryFolder } from "../../data/folder.ts";
import { filesIn, writeSimulated } from "../samples.ts";
import { tinyMuonStudy } from "./samples.ts";

const folder = temporaryFolder();
const file = () => folder.at("muons.parquet");
const out = () => folder.at("study");
let metrics: StudyMetrics;

beforeAll(async () => {
  await writeSimulated(file());
  metrics = await tinyMuonStudy(file(), out());
});

const text = (name: string) => readFileSync(`${out()}/${name}`, "utf8");
const model = (id: string) => metrics.models.find((m) => m.id === id);
const without = ({ seconds: _, ...rest }: StudyMetrics) => ({
  ...rest,
  models: rest.models.map(({ fitSeconds: __, ...m }) => m),
});

describe("a study", () => {
  test("ends with L1, floor and models with errors, cost and time", () => {
    expect(JSON.parse(text("metrics.json"))).toEqual(metrics);
    expect(metrics).toMatchObject({ task: "study muons", simulated: true, failed: [] });
    expect(metrics.l1.phi?.value).toBeCloseTo(0.5, 1);
    expect(metrics.floor?.phi?.value).toBeLessThan(0.2);
    for (const m of metrics.models) {
      for (const q of ["phi", "eta", "pt"] as const) {
        expect(m[q]?.value, m.name).toBeGreaterThan(0);
        expect(m[q]?.uncertainty, m.name).toBeGreaterThan(0);
      }
      for (const key of ["flops", "macs", "parameters", "fitSeconds"] as const)
        expect(m[key], m.name).toBeGreaterThan(0);
    }
  });

  test("exports all networks and one kernel machine per kernel and M", () => {
    const ids = metrics.models.map((m) => m.id);
    expect(ids.filter((id) => /^network-\d-batch/.test(id))).toHaveLength(8);
    expect(ids.filter((id) => id.startsWith("gaussian"))).toEqual([
      "gaussian-M5",
      "gaussian-M20",
      "gaussian-M100",
      "gaussian-M150",
    ]);
    expect(ids).toContain("linear-M100");
    expect(ids).toContain("polynomial-M100");
  });

  test("exports models that 'forty predict' can read", () => {
    for (const { id } of metrics.models) {
      const { object, outputs } = readModelColumns(
        id,
        readFileSync(`${out()}/models/${id}/model.onnx`),
      );
      expect(object).toBe("muons");
      expect(outputs.map((o) => o.name)).toEqual(["phiCalib", "etaCalib", "ptCalib"]);
    }
  });

  test("counts Falkon with its exponentials, which the report's formula leaves out", () => {
    expect(model("gaussian-M100")).toMatchObject({ exponentials: 100, reportFlops: 300 });
    expect(model("gaussian-M100")?.macs).toBe(100 * (4 + 2 + 3));
    expect(model("network-4-batch-64")).toMatchObject({ exponentials: 0, reportFlops: 66_432 });
  });

  test("compares the best network with the best kernel machine, chosen on the validation part", () => {
    const level1 = { phi: 0.5, eta: 0.032, pt: 0.49 };
    const scoreOf = ({ validation: v }: StudyMetrics["models"][number]) =>
      (v.phi ?? 0) / level1.phi + (v.eta ?? 0) / level1.eta + (v.pt ?? 0) / level1.pt;
    const isReports = ({ id }: { id: string }) => /^network-\d-/.test(id);
    const lowest = (of: typeof metrics.models) =>
      of.toSorted((a, b) => scoreOf(a) - scoreOf(b))[0].id;
    expect(metrics.best.network).toBe(lowest(metrics.models.filter(isReports)));
    expect(metrics.best.falkon).toBe(lowest(metrics.models.filter((m) => !m.id.startsWith("n"))));
    expect(metrics.comparison.map((c) => c.quantity)).toEqual(["phi", "eta", "pt"]);
    for (const { quantity, ratio, sigma } of metrics.comparison) {
      const [a, b] = [metrics.best.falkon, metrics.best.network].map(
        (id) => model(id ?? "")?.[quantity]?.value ?? 0,
      );
      expect(ratio.value).toBeCloseTo(a / b, 10);
      expect(sigma).toBeCloseTo((ratio.value - 1) / ratio.uncertainty, 10);
    }
    expect(metrics.conclusion).toContain(model(metrics.best.network ?? "")?.name);
    expect(metrics.conclusion).toContain(model(metrics.best.falkon ?? "")?.name);
  });

  test("names in its Pareto fronts no model that a cheaper one beats", () => {
    for (const [q, ids] of Object.entries(metrics.pareto)) {
      const front = ids.map((id) => model(id) as StudyMetrics["models"][number]);
      for (let i = 1; i < front.length; i++) {
        expect(front[i].flops).toBeGreaterThanOrEqual(front[i - 1].flops);
        expect(front[i][q as "pt"]?.value).toBeLessThan(front[i - 1][q as "pt"]?.value ?? 0);
      }
    }
  });
});

describe("the page of a study", () => {
  const captions = (html: string, of: string) =>
    Array.from(html.matchAll(new RegExp(`<b>${of} \\d+: (.*?)\\.</b>`, "g")), ([, title]) => title);

  test("has the report's tables and figures", () => {
    const html = text("report.html");
    expect(captions(html, "Table")).toEqual([
      "Errors on the test part",
      "Cost of one inference",
      "What fits in a latency",
      "Kernel machines",
      "Tuning of the kernel machines",
      "Networks",
    ]);
    const figures = captions(html, "Figure");
    for (const parameter of ["width", "λ", "M"])
      expect(figures).toContain(`Gaussian kernel: ${parameter} varied`);
    for (const start of ["Accuracy against cost", "Linear and polynomial", "Residuals of"])
      expect(
        figures.filter((f) => f.startsWith(start)),
        start,
      ).toHaveLength(3);
  });

  test("has every figure as SVG and every table as CSV beside it", () => {
    const html = text("report.html");
    const count = (of: string) => captions(html, of).length;
    expect(readdirSync(`${out()}/figures`)).toHaveLength(count("Figure"));
    expect(readdirSync(`${out()}/tables`)).toHaveLength(count("Table"));
    for (const name of readdirSync(`${out()}/figures`))
      expect(text(`figures/${name}`)).toMatch(/^<svg xmlns=/);
  });

  test("shows the numbers of metrics.json", () => {
    const html = text("report.html");
    const csv = text("tables/table-1.csv");
    const ids = ["linear-M100", "gaussian-M100", metrics.best.network, metrics.best.falkon];
    for (const id of ids)
      for (const q of ["phi", "eta", "pt"] as const) {
        const { value, uncertainty } = model(id ?? "")?.[q] ?? { value: 0, uncertainty: 0 };
        expect(html).toContain(`data-value="${value}" data-uncertainty="${uncertainty}"`);
        expect(csv).toContain(`,${value},${uncertainty}`);
      }
    const cost = text("tables/table-2.csv");
    for (const m of [model("gaussian-M100"), model(metrics.best.network ?? "")])
      expect(cost).toContain(
        `,${m?.flops},${m?.reportFlops},${m?.macs},${m?.exponentials},${m?.parameters},`,
      );
    expect(html).toContain(metrics.conclusion.split(":")[0]);
  });
});

describe("an unfinished study", () => {
  const only = "network-6-batch-64,network-7-batch-64,network-4x1-batch-64";

  test("goes on where it was stopped, to the same numbers, and does nothing twice", async () => {
    const path = folder.at("stopped");
    const stopping = new AbortController();
    const signal = stopping.signal;
    const onEvent = (event: StudyEvent) => {
      if (event.type === "done") stopping.abort();
    };
    await expect(
      tinyMuonStudy(file(), path, { only, workers: 1, signal, onEvent }),
    ).rejects.toThrow("study: cancelled; 1 job is done and kept");
    const [done, ...more] = filesIn(path).filter((name) => name.endsWith("result.json"));
    expect(more).toEqual([]);
    expect(existsSync(`${path}/report.html`)).toBe(false);
    const { mtimeMs } = statSync(`${path}/${done}`);
    // killed between a model and its result
    mkdirSync(`${path}/models/network-7-batch-64`, { recursive: true });
    writeFileSync(`${path}/models/network-7-batch-64/model.onnx`, "half");
    const resumed = await tinyMuonStudy(file(), path, { only, workers: 1, resume: true });
    expect(statSync(`${path}/${done}`).mtimeMs).toBe(mtimeMs);
    const ids = only.split(",");
    expect(without(resumed).models).toEqual(
      without(metrics).models.filter((m) => ids.includes(m.id)),
    );
    expect(resumed.best.falkon).toBeNull();
    expect(resumed.conclusion).toContain("nothing of the other kind is done");
  });

  test("loses nothing to jobs that fail or are given up by a file named cancel, and names them", async () => {
    const path = folder.at("failing");
    const slow = "network-8x2-batch-64";
    const { failed, models } = await tinyMuonStudy(file(), path, {
      only: `${slow},polynomial-M20`,
      workers: 1,
      config: { degrees: [2, 300], steps: 20_000 }, // 5^300 is no float32
      onEvent: (event) => {
        if (event.type !== "start" || event.id !== slow) return;
        mkdirSync(`${path}/models/${slow}`, { recursive: true });
        writeFileSync(`${path}/models/${slow}/cancel`, "");
      },
    });
    expect(failed.map((f) => f.id).sort()).toEqual([slow, "tune-polynomial-300"]);
    expect(failed.find((f) => f.id === slow)?.reason).toMatch(/cancelled/);
    expect(existsSync(`${path}/models/${slow}/cancel`)).toBe(false);
    expect(models.map((m) => m.id)).toEqual(["polynomial-M20"]);
    const html = readFileSync(`${path}/report.html`, "utf8");
    expect(html).toContain("Not finished");
    for (const { id } of failed) expect(html).toContain(id);
  });
});
