import { beforeAll, expect, test } from "vitest";
import { demoPage } from "../../scripts/figures.ts";
import { ConfigError } from "../../src/base/errors.ts";
import {
  type FigureData,
  loadDocument,
  renderFigure,
  serializeFigure,
} from "../../src/report/index.ts";
import { plainText } from "../../src/report/rich-text.ts";

let document: Document;
beforeAll(async () => {
  document = await loadDocument();
});

const draw = (data: FigureData) => serializeFigure(renderFigure(data, { document }));
const texts = (svg: string) =>
  [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map((m) =>
    m[1]
      .replace(/<[^>]*>/g, "")
      .replace(/&nbsp;|\u00a0/g, " ")
      .replace(/&amp;/g, "&"),
  );
const demo = demoPage(5000).sections.flatMap((s) => s.figures ?? []);
const edges = [0, 1, 2, 3];
const title = { title: "T", caption: "C." };

test.each(demo.map((f) => [f.kind, f.title, f] as const))(
  '%s "%s" shows its labels with units and its legend, and holds no NaN',
  (_, __, figure) => {
    const svg = draw(figure);
    const shown = texts(svg);
    const axes = [...("x" in figure ? [figure.x] : []), ...("y" in figure ? [figure.y] : [])];
    for (const { label, unit } of axes)
      expect(shown).toContain(plainText(unit ? `${label} [${unit}]` : label));
    const names =
      "series" in figure
        ? figure.series.map((s): string => s.name)
        : figure.kind === "turnOn"
          ? ["GMT", "5 GeV", "10 GeV", "20 GeV", "22 GeV"]
          : figure.kind === "heatmap2d"
            ? [figure.colorLabel]
            : figure.kind === "ranges"
              ? [figure.rangeName, figure.boxName, ...figure.rows.map((r) => r.label)]
              : ["Training", "Validation", "Best: epoch 40", "Floor"];
    if (figure.kind === "bars") names.push(...figure.categories);
    for (const name of names) expect(shown.some((t) => t.startsWith(name))).toBe(true);
    if (figure.tag) expect(shown).toContain(figure.tag);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg).toContain('role="img"');
    expect(draw(figure)).toBe(svg);
  },
);

test("a residual figure names rms and the share outside its range", () => {
  const svg = draw({
    kind: "residualCurves",
    ...title,
    x: { label: "Δφ", unit: "rad" },
    y: { label: "Muons" },
    series: [
      {
        name: "GMT",
        edges: [-1, 0, 1],
        counts: [3, 4],
        rms: { value: 0.4987, uncertainty: 0.0012 },
        outside: 0.0123,
      },
    ],
  });
  expect(texts(svg).join(" ")).toContain("GMT: rms 0.4987 ± 0.0012 rad, 1.2 % outside");
});

test("the outline of a histogram passes through its bin contents", () => {
  const svg = draw({
    kind: "stepHistogram",
    ...title,
    x: { label: "x" },
    y: { label: "y", domain: [0, 4] },
    series: [{ name: "s", edges, counts: [1, 4, 2] }],
  });
  const path = /aria-label="line"[^>]*><path d="([^"]*)"/.exec(svg)?.[1] ?? "";
  const points = [...path.matchAll(/[ML](-?[\d.]+),(-?[\d.]+)/g)].map((m) => [+m[1], +m[2]]);
  expect(points).toHaveLength(8);
  const [bottom, top] = [points[0][1], points[3][1]];
  const heights = points.map(([, y]) => (4 * (bottom - y)) / (bottom - top));
  expect(heights.map((h) => Math.round(h * 100) / 100)).toEqual([0, 1, 1, 4, 4, 2, 2, 0]);
  const width = points[7][0] - points[0][0];
  expect((points[2][0] - points[0][0]) / width).toBeCloseTo(1 / 3, 4);
});

test("a heatmap paints every filled cell once and leaves empty ones blank", () => {
  const counts = [0, 1, 10, 100, 0, 0, 7, 7, 7];
  const svg = draw({
    kind: "heatmap2d",
    ...title,
    x: { label: "x" },
    y: { label: "y" },
    xEdges: edges,
    yEdges: edges,
    counts,
    colorLabel: "n",
  });
  const boxes = [...svg.matchAll(/M[\d.]+,[\d.]+h([\d.]+)v([\d.]+)h-[\d.]+z/g)];
  const frame = /aria-label="frame"[^>]*width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  const painted = boxes.reduce((area, [, w, h]) => area + +w * +h, 0);
  expect(boxes).toHaveLength(4); // 1, 10, 100 and the three sevens in one
  expect(painted / (+(frame[1] ?? 0) * +(frame[2] ?? 0))).toBeCloseTo(6 / 9, 2);
});

test("ratio points are the ratios, with the error of the upper sample alone", () => {
  const svg = draw({
    kind: "stepHistogram",
    ...title,
    x: { label: "x" },
    y: { label: "y" },
    series: [
      { name: "a", edges, counts: [100, 100, 100], errors: [10, 10, 10] },
      { name: "b", edges, counts: [90, 100, 110], errors: [9, 10, 11] },
    ],
    lower: "ratio",
  });
  const lower = svg.slice(svg.indexOf('transform="translate(0,'));
  const symbols = [...lower.matchAll(/<path transform="translate\([\d.]+,([\d.]+)\)" d="M-/g)];
  const y = symbols.map((m) => +m[1]);
  expect(y).toHaveLength(3);
  expect((y[0] - y[1]) / (y[1] - y[2])).toBeCloseTo(1, 2);
});

test("histograms with different edges have no ratio", () => {
  const series = [
    { name: "a", edges, counts: [1, 2, 3] },
    { name: "b", edges: [0, 1, 2, 4], counts: [1, 2, 3] },
  ];
  const figure = { kind: "stepHistogram", ...title, x: { label: "x" }, y: { label: "y" } } as const;
  expect(() => draw({ ...figure, series, lower: "ratio" })).toThrowError(
    new ConfigError('stepHistogram: ratio panel: "b" and "a" have different edges'),
  );
});

const nothing = { name: "a", edges, values: [null, null, null], errors: [null, null, null] };
const poor: FigureData[] = [
  {
    kind: "stepHistogram",
    ...title,
    x: { label: "x" },
    y: { label: "y", log: true },
    lower: "ratio",
    series: [
      { name: "a", edges, counts: [0, 0, 0], errors: [0, 0, 0] },
      { name: "b", edges, counts: [0, 1e6, Number.NaN], errors: [0, Number.NaN, 1] },
    ],
  },
  {
    kind: "heatmap2d",
    ...title,
    x: { label: "x" },
    y: { label: "y" },
    xEdges: edges,
    yEdges: edges,
    counts: new Array(9).fill(0),
    colorLabel: "n",
  },
  { kind: "profilePlot", ...title, x: { label: "x" }, y: { label: "y" }, series: [nothing] },
  {
    kind: "learningCurves",
    ...title,
    y: { label: "loss", log: true },
    train: [1, Number.NaN],
    validation: [Number.NaN, Infinity],
    bestEpoch: 2,
  },
  {
    kind: "curves",
    ...title,
    x: { label: "x", log: true },
    y: { label: "y", log: true },
    series: [{ name: "a", x: [10, 20], y: [1, Number.NaN], errors: [Number.NaN, 1] }],
  },
];

test.each(poor.map((f) => [f.kind, f] as const))(
  "%s draws also where data are empty or not finite",
  (_, figure) => {
    expect(draw(figure)).not.toMatch(/NaN|Infinity|undefined/);
  },
);

test("a file of its own has a namespace and colors instead of the page's variables", () => {
  const svg = serializeFigure(renderFigure(demo[0], { document }), { standalone: true });
  expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(svg.match(/ xmlns=/g)).toHaveLength(1);
  expect(svg).not.toContain("var(");
  expect(svg).toContain('stroke="#0072b2"');
});
